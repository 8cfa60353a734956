-- The canary: an organisation of Sotto's own whose made-up appointments go the whole way, minute by
-- minute. And how many accepted versions carried each optional field.
set local role sotto_owner;

-- One appointment on its way through every door, and how it ended.
create table canary_runs (
  id uuid primary key default gen_random_uuid(),
  -- The minute that it is for, so that several schedulers put one; none where a person asked for it.
  slot timestamptz unique,
  branch text not null,
  started_at timestamptz not null default clock_timestamp(),
  -- What the times of its appointment are counted from.
  base_at timestamptz not null default clock_timestamp(),
  step integer not null default 0,
  step_at timestamptz not null default clock_timestamp(),
  -- When somebody last looked.
  touched_at timestamptz not null default clock_timestamp(),
  next_at timestamptz not null default clock_timestamp(),
  lease_id uuid,
  lease_until timestamptz,
  ended_at timestamptz,
  outcome text check (outcome in ('passed', 'missing', 'different', 'unreachable', 'held', 'interrupted')),
  -- Names of fields and steps, never what was in them.
  findings text[] not null default '{}',
  check ((ended_at is null) = (outcome is null)),
  check ((lease_id is null) = (lease_until is null))
);
create index canary_runs_open on canary_runs (next_at) where ended_at is null;
create unique index canary_runs_asked on canary_runs (branch) where slot is null and ended_at is null;
create index canary_runs_ended on canary_runs (ended_at);

-- What the canary was sent: sealed to the scheduler by whoever sends, and there for five minutes.
create table canary_messages (
  id uuid primary key,
  sealed bytea not null,
  taken_at timestamptz not null default clock_timestamp()
);
create index canary_messages_taken on canary_messages (taken_at);

-- How many of the versions that were accepted in an hour carried each optional field. The whole
-- deployment's, and twenty versions at least behind every number that is added: no organisation, no id.
create table field_fills (
  hour timestamptz not null,
  -- An empty text counts the versions themselves.
  field text not null,
  count bigint not null check (count > 0),
  primary key (hour, field)
);

do $$
declare
  name text;
begin
  foreach name in array array['canary_runs', 'canary_messages', 'field_fills'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy by_role_of_scheduler on %I to sotto_scheduler
      using (true) with check (true)', name);
  end loop;
end
$$;
create policy by_role on canary_runs for select to sotto_ops using (true);
create policy administration on canary_runs to sotto_owner using (true) with check (true);
create policy by_role on canary_messages for insert to sotto_worker, sotto_patient with check (true);
create policy by_role on field_fills to sotto_api using (true) with check (true);

grant select, insert, update, delete on canary_runs to sotto_scheduler;
grant select (slot, branch, started_at, ended_at, outcome, findings) on canary_runs to sotto_ops;
grant insert (id, sealed) on canary_messages to sotto_worker, sotto_patient;
grant select, delete on canary_messages to sotto_scheduler;
grant insert, select, update on field_fills to sotto_api;
grant select, delete on field_fills to sotto_scheduler;

-- The one organisation that the scheduler may make, and a key to it: test mode, and no more than a
-- booking system needs. Whoever has the key can make up appointments that reach nobody.
create function ensure_canary(credential_hash bytea) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  canary constant uuid := '00000000-0000-4000-8000-000000ca9a41';
begin
  insert into organisations (id, name, default_language, reminder_plan, quiet_from, quiet_until,
    jitter_minutes, requests_per_minute)
  values (canary, 'Sotto canary', 'fr', '[{"before":"P2D","channel":"email"},{"before":"PT3H","channel":"email"}]',
    '21:00', '08:00', 0, 600)
  on conflict (id) do nothing;
  insert into credentials (id, organisation_id, mode, kind, key_hash, scopes)
  values (gen_random_uuid(), canary, 'test', 'api_key', credential_hash, '{write,status,erase}')
  on conflict (key_hash) do nothing;
  if found then
    insert into audit (actor, action, organisation_id, subject)
    select 'scheduler', 'credential.create', canary, id::text from credentials
    where key_hash = credential_hash;
  end if;
end
$$;
revoke execute on function ensure_canary(bytea) from public;
grant execute on function ensure_canary(bytea) to sotto_scheduler;

-- What the canary leaves goes after a day, rows and events together: the ledger of its organisation
-- adds up before and after, and nobody else's is touched.
create index appointments_canary on appointments (created_at)
  where organisation_id = '00000000-0000-4000-8000-000000ca9a41';
create function retire_canary() returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone uuid[];
begin
  -- The id stands in each statement, for an index of that condition to be of use.
  select array(select a.id from appointments a
    where a.organisation_id = '00000000-0000-4000-8000-000000ca9a41'
      and a.created_at < now() - interval '1 day'
    order by a.created_at limit 200 for update skip locked) into gone;
  delete from events e where e.appointment_id = any(gone)
    and e.organisation_id = '00000000-0000-4000-8000-000000ca9a41';
  delete from appointments a where a.id = any(gone);
  delete from receipts r where r.organisation_id = '00000000-0000-4000-8000-000000ca9a41'
    and r.mode = 'test' and r.issued_at < now() - interval '1 day';
  return cardinality(gone);
end
$$;
create policy canary on appointments to sotto_owner
  using (organisation_id = '00000000-0000-4000-8000-000000ca9a41');
create policy canary on events to sotto_owner
  using (organisation_id = '00000000-0000-4000-8000-000000ca9a41');
create policy canary on receipts to sotto_owner
  using (organisation_id = '00000000-0000-4000-8000-000000ca9a41');
revoke execute on function retire_canary() from public;
grant execute on function retire_canary() to sotto_scheduler;

reset role;
