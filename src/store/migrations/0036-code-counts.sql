-- Codes by SMS have a ceiling too: as many in an hour and in a day as reminders, and counted apart, so that
-- neither is refused because of the other.
set local role sotto_owner;

-- Of the last hour with a code, and of its day (UTC). One row for all processes: there is no overshoot.
create table code_counts (
  organisation_id uuid not null,
  mode text not null check (mode in ('test', 'live')),
  hour timestamptz not null,
  sent_in_hour integer not null,
  sent_in_day integer not null,
  -- The last time that one was refused.
  refused_at timestamptz,
  primary key (organisation_id, mode)
) with (fillfactor = 50);

alter table code_counts enable row level security;
alter table code_counts force row level security;
create policy own_organisations on code_counts to sotto_patient
  using (organisation_id = any ((select visible_organisations())::uuid[]))
  with check (organisation_id = any ((select visible_organisations())::uuid[]));
create policy every_organisation on code_counts for select to sotto_scheduler using (true);
-- Not what still counts: no ceiling is lifted by deleting.
create policy retention on code_counts for delete to sotto_scheduler
  using (hour < clock_timestamp() - interval '36 hours');

grant select, insert, update on code_counts to sotto_patient;
-- scheduler: what was refused a moment ago is an incident; what is over goes.
grant select, delete on code_counts to sotto_scheduler;
