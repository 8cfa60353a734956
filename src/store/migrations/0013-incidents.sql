-- What went wrong, from when on, whose appointments it may have touched, and who has been told. The
-- register is only ever added to: nobody takes anything back.
set local role sotto_owner;

create table incidents (
  id uuid primary key,
  code text not null check (code ~ '^[a-z][a-z_]{1,39}$'),
  -- The how manieth of its code. Of these only the last can be open.
  number integer not null check (number > 0),
  -- From when on it may have been wrong, as known when it was opened. An entry may name an earlier time.
  since timestamptz not null,
  opened_at timestamptz not null default clock_timestamp(),
  unique (code, number)
);

-- That it was seen again, and with which counts; that a person closed it, and why.
create table incident_entries (
  id bigint generated always as identity primary key,
  incident_id uuid not null references incidents,
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('seen', 'closed')),
  since timestamptz,
  facts jsonb,
  actor text,
  reason text,
  check ((kind = 'seen') = (since is not null and facts is not null)),
  check ((kind = 'closed') = (actor is not null and reason is not null))
);
create index incident_entries_incident on incident_entries (incident_id, id);
create unique index incident_entries_closed on incident_entries (incident_id) where kind = 'closed';

-- Organisations that it may have touched, each told by an event of the transaction that names it here.
create table incident_organisations (
  incident_id uuid not null references incidents,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  found_at timestamptz not null default clock_timestamp(),
  primary key (incident_id, organisation_id, mode)
);
create index incident_organisations_organisation on incident_organisations (organisation_id, mode);

-- Which of their appointments. They go with the appointment; how many there were stays.
create table incident_references (
  incident_id uuid not null references incidents,
  organisation_id uuid not null,
  mode text not null,
  reference text not null,
  appointment_id uuid not null references appointments on delete cascade,
  found_at timestamptz not null default clock_timestamp(),
  primary key (incident_id, appointment_id)
);
create index incident_references_appointment on incident_references (appointment_id);
create index incident_references_page on incident_references
  (incident_id, organisation_id, mode, reference, appointment_id);

-- What is still owed of an incident: how far it is known whom it touched, and whether its end was told.
create table incident_progress (
  incident_id uuid primary key references incidents,
  looked_until timestamptz,
  end_told_at timestamptz
);

-- Whom it is to wake, by each way that there is. One that is not configured waits.
create table incident_alerts (
  incident_id uuid not null references incidents,
  way text not null check (way in ('webhook', 'email')),
  tries integer not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  lease_id uuid,
  delivered_at timestamptz,
  primary key (incident_id, way)
);
create index incident_alerts_owed on incident_alerts (due_at) where delivered_at is null;

-- What takes the place of a process that has gone began after it was last heard of.
alter table heartbeats add column started_at timestamptz not null default clock_timestamp();

-- An event may be of an incident instead of an appointment.
alter table events add column incident_id uuid;
do $$
declare
  name text;
begin
  for name in select conname from pg_constraint
    where conrelid = 'events'::regclass and contype = 'c'
      and pg_get_constraintdef(oid) like '%endpoint_id%' loop
    execute format('alter table events drop constraint %I', name);
  end loop;
end
$$;
alter table events add constraint events_of_one_thing check (
  num_nonnulls(appointment_id, endpoint_id, incident_id) = 1
  and (appointment_id is null) = (reference is null));

do $$
declare
  name text;
begin
  foreach name in array array['incidents', 'incident_entries', 'incident_organisations',
    'incident_references', 'incident_progress', 'incident_alerts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy every_organisation on %I to sotto_worker, sotto_scheduler
      using (true) with check (true)', name);
    execute format('create policy administration on %I for select to sotto_owner using (true)', name);
  end loop;
  foreach name in array array['incident_organisations', 'incident_references'] loop
    execute format('create policy own_organisations on %I for select to sotto_api, sotto_ops
      using (organisation_id = any ((select visible_organisations())::uuid[]))', name);
  end loop;
  foreach name in array array['incidents', 'incident_entries', 'incident_progress', 'incident_alerts'] loop
    execute format('create policy by_role on %I for select to sotto_ops using (true)', name);
  end loop;
end
$$;

-- Closing is for people.
create policy only_seen on incident_entries as restrictive for insert to sotto_worker, sotto_scheduler
  with check (kind = 'seen');

-- worker, scheduler: open, add to, alert. What is in the register stays as it was written.
grant select, insert on incidents, incident_entries, incident_organisations, incident_progress
  to sotto_worker, sotto_scheduler;
grant select, insert, update (tries, due_at, lease_id, delivered_at) on incident_alerts
  to sotto_worker, sotto_scheduler;
-- scheduler: finds out whom it touched, and tells them.
grant select, insert on incident_references to sotto_scheduler;
grant update (looked_until, end_told_at) on incident_progress to sotto_scheduler;
grant select (incident_id) on events to sotto_scheduler;
grant select (organisation_id, copy_owed_at, copy_tries, copy_gone_at) on attempts to sotto_scheduler;

-- api: an organisation's own incidents, since when and until when. No counts, which are of everybody.
grant select (id, code, since, opened_at) on incidents to sotto_api;
grant select (incident_id, at, kind) on incident_entries to sotto_api;
grant select on incident_organisations, incident_references to sotto_api;
create policy own_incidents on incidents for select to sotto_api using (
  exists (select from incident_organisations o where o.incident_id = incidents.id));
create policy own_incidents on incident_entries for select to sotto_api using (
  kind = 'closed'
  and exists (select from incident_organisations o where o.incident_id = incident_entries.incident_id));

-- ops and administrators: look, and close.
grant select on incidents, incident_entries, incident_organisations, incident_references,
  incident_progress, incident_alerts to sotto_ops;
grant insert on incident_entries to sotto_ops;
create policy closing on incident_entries for insert to sotto_ops, sotto_owner
  with check (kind = 'closed');

reset role;
