-- Events that are pushed: where to, how far they have got, and what failed lately.
set local role sotto_owner;

create table webhook_endpoints (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  -- May hold a token of the receiver's: for whoever sends and for the organisation's own keys.
  url text not null check (char_length(url) between 1 and 2000),
  created_at timestamptz not null default clock_timestamp(),
  -- Behind the last event that is certain to have arrived. The next one is tried until it arrives or
  -- the endpoint is disabled, so this is also where to go on from.
  after_transaction xid8 not null,
  after_id bigint not null,
  -- Of the event that is tried now; none while all goes well.
  failed_count integer not null default 0,
  failing_since timestamptz,
  due_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('by_request', 'gone', 'failing', 'secret_unreadable')),
  -- Who delivers to it at this moment, so that only one does.
  lease_id uuid,
  lease_until timestamptz,
  taken_at timestamptz,
  -- The last test that was asked for, and what came of it.
  test_id uuid,
  test_requested_at timestamptz,
  test_ended_at timestamptz,
  test_code text,
  test_status integer,
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((failed_count = 0) = (failing_since is null)),
  check ((lease_id is null) = (lease_until is null))
) with (fillfactor = 50); -- written once a delivery, and no index needs to know
create index webhook_endpoints_organisation on webhook_endpoints (organisation_id, mode);

-- What deliveries are signed with, sealed to the key of whoever sends. At most two of an endpoint are
-- live: the newest, and the one before it until it ends.
create table webhook_secrets (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  key_number text not null,
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz
);
create index webhook_secrets_endpoint on webhook_secrets (endpoint_id);

-- Deliveries that did not arrive, for as long as somebody may want to know why. What arrived leaves none.
create table webhook_failures (
  id bigint generated always as identity primary key,
  organisation_id uuid not null references organisations,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  event_id bigint not null,
  event_type text not null,
  attempt integer not null,
  failed_at timestamptz not null default clock_timestamp(),
  code text not null,
  status integer
);
create index webhook_failures_endpoint on webhook_failures (endpoint_id, id);
create index webhook_failures_age on webhook_failures (failed_at);

-- An event may be of an endpoint instead of an appointment.
alter table events alter column reference drop not null;
alter table events alter column appointment_id drop not null;
alter table events add column endpoint_id uuid;
alter table events add check ((endpoint_id is null) = (appointment_id is not null)
  and (appointment_id is null) = (reference is null));

do $$
declare
  name text;
begin
  foreach name in array array['webhook_endpoints', 'webhook_secrets', 'webhook_failures'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy own_organisations on %I to sotto_api, sotto_ops
         using (organisation_id = any ((select visible_organisations())::uuid[]))
         with check (organisation_id = any ((select visible_organisations())::uuid[]))', name);
    execute format('create policy every_organisation on %I to sotto_scheduler
      using (true) with check (true)', name);
  end loop;
end
$$;

-- api: what an organisation decides of its endpoints. It puts secrets in and never reads one.
grant select, insert, delete on webhook_endpoints to sotto_api;
grant update (url, after_transaction, after_id, failed_count, failing_since, due_at, disabled_at,
  disabled_reason, test_id, test_requested_at, test_ended_at, test_code, test_status)
  on webhook_endpoints to sotto_api;
grant insert, select (id, organisation_id, endpoint_id, created_at, expires_at), update (expires_at), delete
  on webhook_secrets to sotto_api;
grant select on webhook_failures to sotto_api;

-- scheduler: sends, and says how far it got. Where to and for whom is not its to change.
grant select on webhook_endpoints, webhook_secrets to sotto_scheduler;
grant update (after_transaction, after_id, failed_count, failing_since, due_at, delivered_at, disabled_at,
  disabled_reason, lease_id, lease_until, taken_at, test_ended_at, test_code, test_status)
  on webhook_endpoints to sotto_scheduler;
grant delete on webhook_secrets to sotto_scheduler;
grant insert, delete, select (endpoint_id, id, failed_at) on webhook_failures to sotto_scheduler;
-- What is pushed is what the feed shows: references, states and times, which it sees elsewhere too.
grant select (organisation_id, mode, id, transaction_id, created_at, type, reference, reminder_id,
  endpoint_id, from_state, to_state, possible_duplicate, possibly_sent) on events to sotto_scheduler;

-- ops: how far behind endpoints are and why. No address, which may hold a token; no secret.
grant select (id, organisation_id, mode, created_at, after_transaction, after_id, failed_count,
  failing_since, due_at, delivered_at, disabled_at, disabled_reason) on webhook_endpoints to sotto_ops;

-- A new address for events, or a new secret, is what somebody may have to look up one day.
create policy own_webhooks on audit for insert to sotto_api with check (
  organisation_id = any ((select visible_organisations())::uuid[])
  and action like 'webhook.%' and actor like 'credential %');

reset role;
