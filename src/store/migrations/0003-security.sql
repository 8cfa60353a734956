-- Row-level security, forced on every table, owners included. api, patient and ops see the rows of
-- the organisations set for their transaction and of no other; worker and scheduler see all
-- organisations but only the columns of their purpose.
set local role sotto_owner;

-- Evaluated once per statement as an uncorrelated subquery; unset or empty means no rows.
create function visible_organisations() returns uuid[]
language sql stable set search_path = public, pg_temp as $$
  select coalesce(nullif(current_setting('sotto.organisations', true), ''), '{}')::uuid[]
$$;
grant execute on function visible_organisations() to sotto_api, sotto_patient, sotto_ops;

do $$
declare
  name text;
begin
  foreach name in array array['organisations', 'credentials', 'credential_organisations', 'appointments',
    'versions', 'reminders', 'links', 'content_keys', 'attempts', 'batches', 'sealed_callbacks',
    'suppressions', 'factor_failures', 'source_failures', 'codes', 'phone_day_counts', 'events',
    'pauses', 'ops_users', 'ops_sessions', 'audit', 'heartbeats'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
  end loop;
  foreach name in array array['credentials', 'credential_organisations', 'appointments', 'versions',
    'reminders', 'links', 'content_keys', 'attempts', 'factor_failures', 'source_failures', 'codes',
    'events', 'pauses'] loop
    execute format(
      'create policy own_organisations on %I to sotto_api, sotto_patient, sotto_ops
         using (organisation_id = any ((select visible_organisations())::uuid[]))
         with check (organisation_id = any ((select visible_organisations())::uuid[]))', name);
  end loop;
  foreach name in array array['organisations', 'appointments', 'versions', 'reminders', 'links',
    'content_keys', 'attempts', 'factor_failures', 'source_failures', 'codes', 'events', 'pauses',
    'batches', 'sealed_callbacks', 'suppressions', 'phone_day_counts', 'heartbeats'] loop
    execute format('create policy every_organisation on %I to sotto_worker, sotto_scheduler
      using (true) with check (true)', name);
  end loop;
end
$$;
create policy own_organisations on organisations to sotto_api, sotto_patient, sotto_ops
  using (id = any ((select visible_organisations())::uuid[]));
-- Tables that belong to no organisation: who may touch them is said by the grants below.
create policy by_role on sealed_callbacks for insert to sotto_api with check (true);
create policy by_role on suppressions to sotto_patient using (true) with check (true);
create policy by_role on phone_day_counts to sotto_patient using (true) with check (true);
create policy by_role on batches for select to sotto_ops using (true);
create policy whole_deployment on pauses for select to sotto_ops using (organisation_id is null);
create policy by_role on ops_users to sotto_ops using (true) with check (true);
create policy by_role on ops_sessions to sotto_ops using (true) with check (true);
create policy by_role on audit to sotto_ops using (true) with check (true);
create policy by_role on heartbeats to sotto_api, sotto_patient, sotto_ops using (true) with check (true);
-- The command line acts as the owner on what an administrator manages, and on nothing else.
create policy administration on organisations to sotto_owner using (true) with check (true);
create policy administration on credentials to sotto_owner using (true) with check (true);
create policy administration on credential_organisations to sotto_owner using (true) with check (true);
create policy administration on pauses to sotto_owner using (true) with check (true);
create policy administration on ops_users to sotto_owner using (true) with check (true);
create policy administration on audit to sotto_owner using (true) with check (true);

-- What a step of a reminder's life may change. Whose it is, of which appointment, and what was asked
-- for stays as it was accepted, whoever takes the step.
grant update (channel, send_at, due_at, not_after, state, skipped_reason, reason_code, pending_end,
  possible_duplicate, possibly_sent, attempt_count, batch_id, lease_until, sent_at, delivered_at,
  updated_at) on reminders to sotto_api, sotto_ops, sotto_worker, sotto_scheduler;

-- api: accepts, and reads back states and times. It seals, and can open nothing.
grant select on organisations, credential_organisations to sotto_api;
grant select, update (last_used_at) on credentials to sotto_api;
grant select, insert on appointments, reminders to sotto_api;
grant update (state, version, revision, starts_at, ends_at, moved, paused_at, updated_at, deleted_at,
  erase_at) on appointments to sotto_api;
grant select, insert, delete on versions, content_keys to sotto_api;
grant select, insert, delete on links to sotto_api;
grant update (current, parcel, parcel_day, revoked_at, expires_at) on links to sotto_api;
grant select, delete on factor_failures, source_failures to sotto_api;
grant select, insert on events to sotto_api;
grant insert on sealed_callbacks to sotto_api;
grant select, insert, update on heartbeats to sotto_api;

-- patient: finds a link, opens what it leads to, counts wrong answers.
grant select on organisations, appointments, versions, content_keys to sotto_patient;
grant select (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup, note, selector,
  attempted_at, revoked_at, expires_at, created_at) on links to sotto_patient;
grant select (id, organisation_id, mode, appointment_id, kind, state, sent_at) on reminders to sotto_patient;
grant select, insert, update, delete on factor_failures, source_failures, codes to sotto_patient;
grant insert on events to sotto_patient;
grant select, insert, update on phone_day_counts, heartbeats to sotto_patient;
grant insert on suppressions to sotto_patient;

-- ops: states, times and codes. No sealed column.
grant select on organisations, appointments, reminders, events, pauses, factor_failures, batches to sotto_ops;
grant select (id, organisation_id, mode, reminder_id, link_id, number, channel, transport, batch_id,
  started_at, ended_at, outcome, reason_code, provider_id, receipt_state, receipt_code, receipt_at,
  possible_duplicate) on attempts to sotto_ops;
grant select (id, organisation_id, mode, appointment_id, reminder_id, channel, current, attempted_at,
  revoked_at, expires_at, created_at) on links to sotto_ops;
grant insert on events, pauses, audit to sotto_ops;
grant update (ended_at) on pauses to sotto_ops;
grant select on audit to sotto_ops;
grant select, update (disabled_at) on ops_users to sotto_ops;
grant select, insert, update, delete on ops_sessions to sotto_ops;
grant select, insert, update on heartbeats to sotto_ops;

-- worker: opens parcels and callbacks, sends, records. No content, no note.
grant select on organisations, pauses, batches to sotto_worker;
grant select (id, organisation_id, mode, reference, state, version, paused_at) on appointments to sotto_worker;
grant select on reminders to sotto_worker;
grant select (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup, parcel, parcel_day,
  selector, current, attempted_at, revoked_at, expires_at) on links to sotto_worker;
grant update (parcel, parcel_day, selector, attempted_at, current) on links to sotto_worker;
grant select, insert, update on attempts to sotto_worker;
grant select, update, delete on sealed_callbacks to sotto_worker;
grant select, insert, delete on suppressions to sotto_worker;
grant insert on events to sotto_worker;
grant select, insert, update, delete on heartbeats to sotto_worker;

-- scheduler: feeds, sweeps, expires, clears. It sees no sealed column and may only empty them.
grant select on organisations, pauses, batches, heartbeats to sotto_scheduler;
grant select (id, organisation_id, mode, reference, state, version, paused_at, deleted_at, erase_at, ends_at)
  on appointments to sotto_scheduler;
grant delete on appointments to sotto_scheduler;
grant select on reminders to sotto_scheduler;
grant select (id, organisation_id, mode, appointment_id, reminder_id, channel, parcel_day, current,
  attempted_at, revoked_at, expires_at) on links to sotto_scheduler;
grant update (parcel, parcel_day) on links to sotto_scheduler;
create policy only_empties on links as restrictive for update to sotto_scheduler
  using (true) with check (parcel is null and parcel_day is null);
grant delete on links to sotto_scheduler;
grant select (id, reminder_id, ended_at, outcome, started_at) on attempts to sotto_scheduler;
grant update (outcome, reason_code, ended_at) on attempts to sotto_scheduler;
grant select (appointment_id, version, organisation_id, view_month, created_at) on versions to sotto_scheduler;
grant delete on versions to sotto_scheduler;
grant insert, delete, update on batches to sotto_scheduler;
grant insert on events to sotto_scheduler;
grant select (id, received_at, epoch_day, failed_count), delete on sealed_callbacks to sotto_scheduler;
grant select, delete on source_failures, phone_day_counts, codes to sotto_scheduler;
grant insert, update, delete on heartbeats to sotto_scheduler;
grant execute on function ensure_event_partitions(integer) to sotto_scheduler;

-- What must be found before its organisation is known: functions that return ids and nothing else.
grant select (id, organisation_id, key_hash) on credentials to sotto_lookup;
grant select on credential_organisations to sotto_lookup;
grant select (id, organisation_id, lookup) on links to sotto_lookup;
grant select (id, organisation_id, token) on attempts to sotto_lookup;
grant select (id) on organisations to sotto_lookup;
create policy lookup on credentials for select to sotto_lookup using (true);
create policy lookup on credential_organisations for select to sotto_lookup using (true);
create policy lookup on links for select to sotto_lookup using (true);
create policy lookup on attempts for select to sotto_lookup using (true);
create policy lookup on organisations for select to sotto_lookup using (true);

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

create function find_credential(hash bytea)
returns table (credential_id uuid, organisation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, c.organisation_id from credentials c where c.key_hash = hash
$$;

create function find_credential_organisation(credential uuid, organisation uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from credential_organisations o
    where o.credential_id = credential and o.organisation_id = organisation)
$$;

create function find_link(link_lookup bytea)
returns table (link_id uuid, organisation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select l.id, l.organisation_id from links l where l.lookup = link_lookup
$$;

create function find_attempt(attempt_token bytea)
returns table (attempt_id uuid, organisation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.organisation_id from attempts a where a.token = attempt_token
$$;

create function list_organisation_ids() returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select o.id from organisations o
$$;

revoke execute on function find_credential(bytea), find_credential_organisation(uuid, uuid),
  find_link(bytea), find_attempt(bytea), list_organisation_ids() from public;
grant execute on function find_credential(bytea), find_credential_organisation(uuid, uuid), find_attempt(bytea) to sotto_api;
grant execute on function find_link(bytea) to sotto_patient;
grant execute on function list_organisation_ids() to sotto_patient, sotto_ops;

reset role;
revoke create on schema public from sotto_lookup;
