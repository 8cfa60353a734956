-- What still stayed for good goes in its time, and the ledger goes on adding up over what went.
set local role sotto_owner;

-- A version that no link leads to, since all its reminders were skipped, goes when links to it would have.
alter table versions add column expires_at timestamptz;
create index versions_expiry on versions (expires_at) where expires_at is not null;
create policy backfill on versions to sotto_owner using (true) with check (true);
create policy backfill on appointments for select to sotto_owner using (true);
create policy backfill on links for select to sotto_owner using (true);
update versions v set expires_at = a.erase_at - interval '90 days' from appointments a
  where a.id = v.appointment_id and not exists (select from links l where l.appointment_id = a.id);
drop policy backfill on versions;
drop policy backfill on appointments;
drop policy backfill on links;
grant select (expires_at) on versions to sotto_scheduler;

-- A link goes with its appointment, as its reminder does. To look for links of each reminder that is deleted,
-- all of them were read, for nothing else finds them by it.
alter table links drop constraint links_reminder_id_fkey;

-- Months of events that are carried forward to be dropped. What is carried counts from the moment at which
-- its month is dropped, so that whoever dies in between leaves each event counted once.
create table event_months (
  month date primary key check (extract(day from month) = 1),
  -- Every appointment up to this one is carried.
  carried_to uuid not null default '00000000-0000-0000-0000-000000000000',
  carried_at timestamptz,
  dropped_at timestamptz,
  check (dropped_at is null or carried_at is not null)
);

-- Steps of a month by what they were: for proving the whole.
create table carried_steps (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  from_state text,
  to_state text not null,
  reason_code text,
  count bigint not null check (count > 0),
  unique nulls not distinct (month, organisation_id, mode, from_state, to_state, reason_code)
);

-- Steps into a state less steps out of it, of each reminder that outlives its month's events: for proving
-- that reminder. Deleted with it.
create table carried_lives (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  reminder_id uuid not null,
  state text not null,
  step integer not null,
  primary key (appointment_id, reminder_id, month, state)
);

-- The last event of a month, in the order of reading: whoever stands before it has missed something.
create table carried_ends (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  transaction_id xid8 not null,
  id bigint not null,
  primary key (organisation_id, mode, month)
);

do $$
declare
  name text;
begin
  foreach name in array array['event_months', 'carried_steps', 'carried_lives', 'carried_ends'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy every_organisation on %I to sotto_scheduler
      using (true) with check (true)', name);
  end loop;
end
$$;
create policy by_role on event_months for select to sotto_api, sotto_ops using (true);
create policy lookup on event_months for select to sotto_lookup using (true);
create policy administration on event_months to sotto_owner using (true) with check (true);
create policy lookup on carried_steps for select to sotto_lookup using (true);
create policy own_organisations on carried_steps for select to sotto_ops
  using (organisation_id = any ((select visible_organisations())::uuid[]));
create policy own_organisations on carried_ends for select to sotto_api
  using (organisation_id = any ((select visible_organisations())::uuid[]));
-- What counts is not changed any more.
create policy only_before_it_counts on carried_steps as restrictive for update to sotto_scheduler
  using (not exists (select from event_months m
    where m.month = carried_steps.month and m.dropped_at is not null));

grant select on event_months, carried_ends to sotto_api;
grant select on event_months, carried_steps to sotto_ops;
grant select on event_months, carried_ends, carried_lives, carried_steps to sotto_scheduler;
grant insert (month), update (carried_to, carried_at) on event_months to sotto_scheduler;
grant insert, update (count) on carried_steps to sotto_scheduler;
grant insert, delete on carried_lives to sotto_scheduler;
grant insert on carried_ends to sotto_scheduler;
grant select (month, dropped_at) on event_months to sotto_lookup;
grant select (month, organisation_id, mode, from_state, to_state, count) on carried_steps to sotto_lookup;
-- Every column was readable already, one by one; whoever proves must also keep months from being dropped.
grant select on events to sotto_scheduler;

-- Drops a month that is carried forward and was over so many days ago, and counts what was carried, in one
-- transaction. Nobody can have a younger one dropped than of a week ago.
create function drop_event_month(old_month date, kept_days integer) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update event_months set dropped_at = clock_timestamp()
    where month = old_month and carried_at is not null and dropped_at is null and kept_days >= 7
      and (old_month + interval '1 month') at time zone 'UTC'
        <= clock_timestamp() - make_interval(days => kept_days + 1);
  if not found then
    return false;
  end if;
  -- Last, for from here on nobody reads or writes an event until the transaction ends.
  execute format('drop table if exists %I', 'events_' || to_char(old_month, 'YYYY_MM'));
  return true;
end
$$;
revoke execute on function drop_event_month(date, integer) from public;
grant execute on function drop_event_month(date, integer) to sotto_scheduler;

-- As before, but what is there is left alone: to look at a month in use, it was locked against everybody,
-- and that in the other order than who reads events locks them.
create or replace function ensure_event_partitions(months_ahead integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  month date;
  name text;
begin
  for month in
    select (date_trunc('month', clock_timestamp() at time zone 'UTC') + make_interval(months => step))::date
    from generate_series(0, months_ahead) as step
  loop
    name := 'events_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(name) is not null;
    execute format('create table %I partition of events for values from (%L) to (%L)', name,
      to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
      to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
  end loop;
end
$$;

-- What administrators and operators did, and who of them is gone, goes some rows at a time. Nobody can have
-- it deleted that is younger than three months: whoever has the scheduler's place hides nothing by it.
create index audit_age on audit using brin (at);
create function delete_old_records(kept_days integer, rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  over timestamptz := clock_timestamp() - make_interval(days => greatest(kept_days, 90));
  total integer := 0;
  deleted integer;
begin
  delete from audit where at < over
    and id = any (array(select a.id from audit a where a.at < over limit rows_max));
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from ops_users where disabled_at < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from credentials where least(revoked_at, expires_at) < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from pauses where ended_at < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from ops_sessions where created_at < clock_timestamp() - interval '12 hours';
  get diagnostics deleted = row_count;
  return total + deleted;
end
$$;
revoke execute on function delete_old_records(integer, integer) from public;
grant execute on function delete_old_records(integer, integer) to sotto_scheduler;
alter table credentials drop constraint credentials_replaced_by_fkey,
  add constraint credentials_replaced_by_fkey foreign key (replaced_by) references credentials
    on delete set null;

-- Rows are deleted in small numbers, by where they stand.
grant select (ctid) on receipts, webhook_failures, minute_transitions, minute_hand_overs, minute_lateness,
  minute_opt_outs to sotto_scheduler;

-- Why an endpoint gets nothing: it stood before what is still kept.
alter table webhook_endpoints drop constraint webhook_endpoints_disabled_reason_check,
  add constraint webhook_endpoints_disabled_reason_check check (disabled_reason in
    ('by_request', 'gone', 'failing', 'secret_unreadable', 'events_gone'));

reset role;
-- Replacing a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- As before, with the steps of months that were dropped.
create or replace function count_ledger(only_organisation uuid)
returns table (organisation_id uuid, mode text, state text, by_rows bigint, carried bigint, by_events bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  with step as materialized (
    select e.organisation_id, e.mode, e.from_state, e.to_state, count(*) as count from events e
    where e.reminder_id is not null and e.to_state is not null
      and e.from_state is distinct from e.to_state
      and (only_organisation is null or e.organisation_id = only_organisation)
    group by 1, 2, 3, 4
    union all
    select c.organisation_id, c.mode, c.from_state, c.to_state, c.count
    from carried_steps c join event_months m on m.month = c.month
    where m.dropped_at is not null
      and (only_organisation is null or c.organisation_id = only_organisation)
  ), entry as (
    select r.organisation_id, r.mode, r.state, count(*) as by_rows, 0 as carried, 0 as by_events
    from reminders r where only_organisation is null or r.organisation_id = only_organisation
    group by 1, 2, 3
    union all
    select b.organisation_id, b.mode, b.state, 0, b.count, 0 from carried_balances b
    where only_organisation is null or b.organisation_id = only_organisation
    union all
    select s.organisation_id, s.mode, s.to_state, 0, 0, s.count from step s
    union all
    select s.organisation_id, s.mode, s.from_state, 0, 0, -s.count from step s
    where s.from_state is not null
  )
  select t.organisation_id, t.mode, t.state, sum(t.by_rows)::bigint, sum(t.carried)::bigint,
    sum(t.by_events)::bigint
  from entry t group by 1, 2, 3 order by 1, 2, 3
$$;

reset role;
revoke create on schema public from sotto_lookup;
