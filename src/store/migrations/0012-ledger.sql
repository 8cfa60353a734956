-- Every reminder that was ever accepted is in exactly one state, and what is left of it can prove that.
set local role sotto_owner;

-- Reminders that retention deleted, by the state that they were in: written by the statement that deletes
-- them, added up by whoever proves. Rows are only ever added, so nobody waits for anybody.
create table carried_balances (
  id bigint generated always as identity primary key,
  organisation_id uuid not null,
  mode text not null,
  state text not null,
  count bigint not null check (count > 0),
  carried_at timestamptz not null default clock_timestamp()
);

-- Which receipts were given out: what a booking system can compare with those that it keeps. Versions go
-- with their links; this says nothing of them.
create table receipts (
  organisation_id uuid not null,
  mode text not null,
  issued_at timestamptz not null,
  receipt_id uuid not null,
  primary key (organisation_id, mode, issued_at, receipt_id)
);
create index receipts_age on receipts using brin (issued_at);

-- Each proof, and how far it got: the next begins with what its snapshot could not see.
create table ledger_proofs (
  id bigint generated always as identity primary key,
  proved_at timestamptz not null default now(),
  proved_until xid8 not null default pg_current_xact_id(),
  walked_to uuid not null default '00000000-0000-0000-0000-000000000000',
  checked_count integer not null default 0
);
insert into ledger_proofs default values;

-- Reminders that do not add up, looked at again by each proof until they do. `difference` is by how many
-- the rows say more than the events.
create table ledger_breaks (
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  reminder_id uuid not null,
  state text not null,
  difference integer not null,
  found_at timestamptz not null default clock_timestamp(),
  primary key (reminder_id, organisation_id, mode, state)
);

do $$
declare
  name text;
begin
  foreach name in array array['carried_balances', 'receipts', 'ledger_proofs', 'ledger_breaks'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy every_organisation on %I to sotto_scheduler
      using (true) with check (true)', name);
  end loop;
end
$$;
create policy own_organisations on receipts to sotto_api
  using (organisation_id = any ((select visible_organisations())::uuid[]))
  with check (organisation_id = any ((select visible_organisations())::uuid[]));
create policy own_organisations on ledger_breaks for select to sotto_ops
  using (organisation_id = any ((select visible_organisations())::uuid[]));
create policy by_role on ledger_proofs for select to sotto_ops using (true);

grant select, insert on receipts to sotto_api;

-- scheduler: carries forward what it deletes, and proves what changed. A balance that is written stays.
-- It may delete reminders because it may delete their appointments, and must tell how they ended.
grant insert on carried_balances to sotto_scheduler;
grant delete on reminders to sotto_scheduler;
grant delete, select (issued_at) on receipts to sotto_scheduler;
grant select, insert, delete on ledger_proofs, ledger_breaks to sotto_scheduler;
grant select (organisation_id, id, transaction_id, appointment_id) on events to sotto_scheduler;

grant select (reminder_id, state) on ledger_breaks to sotto_ops;
grant select (organisation_id) on ledger_breaks to sotto_ops;
grant select (id, proved_at) on ledger_proofs to sotto_ops;

-- The whole is counted past the policies of organisations. Counts leave, and nothing else.
grant select (organisation_id, mode, reminder_id, from_state, to_state, created_at, id, transaction_id)
  on events to sotto_lookup;
grant select (organisation_id, mode, state, count) on carried_balances to sotto_lookup;
create policy lookup on events for select to sotto_lookup using (true);
create policy lookup on carried_balances for select to sotto_lookup using (true);

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- For each organisation, mode and state: reminders by their rows, those that retention deleted, and what
-- the events say. One statement, so one snapshot. It reads everything.
create function count_ledger(only_organisation uuid)
returns table (organisation_id uuid, mode text, state text, by_rows bigint, carried bigint, by_events bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  with step as materialized (
    select e.organisation_id, e.mode, e.from_state, e.to_state, count(*) as count from events e
    where e.reminder_id is not null and e.to_state is not null
      and e.from_state is distinct from e.to_state
      and (only_organisation is null or e.organisation_id = only_organisation)
    group by 1, 2, 3, 4
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

-- What happened in a span of time is found through the transactions that may have written it: after the
-- last event from a quarter of an hour before, and before the first from as long after. None of ours
-- lasts for so long.
create function find_transactions_around(span_from timestamptz, span_until timestamptz)
returns table (after_transaction xid8, before_transaction xid8)
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select e.transaction_id from events e
      where e.created_at < span_from - interval '15 minutes' order by e.created_at desc limit 1), '0'),
    coalesce((select e.transaction_id from events e
      where e.created_at >= span_until + interval '15 minutes' order by e.created_at limit 1),
      '9223372036854775807')
$$;

revoke execute on function count_ledger(uuid), find_transactions_around(timestamptz, timestamptz)
  from public;
grant execute on function count_ledger(uuid) to sotto_owner;
grant execute on function find_transactions_around(timestamptz, timestamptz) to sotto_api;

reset role;
revoke create on schema public from sotto_lookup;

-- What retention deleted before there was a ledger is its opening balance.
set local role sotto_owner;
create policy opening on carried_balances for insert to sotto_owner with check (true);
insert into carried_balances (organisation_id, mode, state, count)
  select organisation_id, mode, state, by_events - by_rows from count_ledger(null)
  where by_events > by_rows;
drop policy opening on carried_balances;
reset role;
