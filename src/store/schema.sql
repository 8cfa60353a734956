-- What all migrations together come to, for reading. It is made by scripts/schema-dump.ts from a
-- freshly migrated database and is never run; the migrations are.

create role sotto_api login noinherit;
create role sotto_eraser nologin noinherit;
create role sotto_lookup nologin noinherit;
create role sotto_ops login noinherit;
create role sotto_owner nologin noinherit;
create role sotto_patient login noinherit;
create role sotto_restorer nologin noinherit;
create role sotto_scheduler login noinherit;
create role sotto_worker login noinherit;

grant connect on database to sotto_api;
grant connect on database to sotto_ops;
grant connect on database to sotto_patient;
grant connect on database to sotto_scheduler;
grant connect on database to sotto_worker;
grant create on schema public to sotto_owner;
grant usage on schema public to sotto_api;
grant usage on schema public to sotto_eraser;
grant usage on schema public to sotto_lookup;
grant usage on schema public to sotto_ops;
grant usage on schema public to sotto_owner;
grant usage on schema public to sotto_patient;
grant usage on schema public to sotto_restorer;
grant usage on schema public to sotto_scheduler;
grant usage on schema public to sotto_worker;
alter default privileges for role sotto_owner on functions: execute to sotto_owner;

create table appointments (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  reference text not null,
  state text not null,
  version integer not null,
  revision integer,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  moved boolean not null default false,
  paused_at timestamp with time zone,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  deleted_at timestamp with time zone,
  erase_at timestamp with time zone not null,
  erasure_receipt bytea,
  constraint appointments_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint appointments_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint appointments_pkey PRIMARY KEY (id),
  constraint appointments_reference_check CHECK (((reference ~ '^[A-Za-z0-9._:-]+$'::text) AND (octet_length(reference) <= 128))),
  constraint appointments_revision_check CHECK ((revision >= 0)),
  constraint appointments_state_check CHECK ((state = ANY (ARRAY['booked'::text, 'cancelled'::text, 'erased'::text]))),
  constraint appointments_version_check CHECK ((version >= 1))
);
alter table appointments owner to sotto_owner;
alter table appointments enable row level security;
alter table appointments force row level security;

create table attempts (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  reminder_id uuid not null,
  link_id uuid,
  number integer not null,
  channel text not null,
  transport text not null,
  token bytea not null,
  batch_id uuid not null,
  started_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  outcome text,
  reason_code text,
  provider_id text,
  receipt_state text,
  receipt_code text,
  receipt_at timestamp with time zone,
  possible_duplicate boolean not null default false,
  proven_copy_at timestamp with time zone,
  copy_owed_at timestamp with time zone not null default (clock_timestamp() + '24:00:00'::interval),
  copy_retry_at timestamp with time zone,
  copy_tries integer not null default 0,
  copy_gone_at timestamp with time zone,
  constraint attempts_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint attempts_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'refused'::text, 'uncertain'::text]))),
  constraint attempts_pkey PRIMARY KEY (id),
  constraint attempts_receipt_state_check CHECK ((receipt_state = ANY (ARRAY['sent'::text, 'delivered'::text, 'undelivered'::text]))),
  constraint attempts_reminder_id_number_key UNIQUE (reminder_id, number),
  constraint attempts_token_check CHECK ((octet_length(token) = 16)),
  constraint attempts_token_key UNIQUE (token)
);
alter table attempts owner to sotto_owner;
alter table attempts enable row level security;
alter table attempts force row level security;

create table audit (
  id bigint not null,
  at timestamp with time zone not null default clock_timestamp(),
  actor text not null,
  action text not null,
  organisation_id uuid,
  subject text,
  reason text,
  hash bytea not null,
  constraint audit_hash_check CHECK ((length(hash) = 32)),
  constraint audit_pkey PRIMARY KEY (id)
);
alter table audit owner to sotto_owner;
alter table audit enable row level security;
alter table audit force row level security;

create table audit_chain (
  one boolean not null default true,
  base_id bigint not null default 0,
  base_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea,
  last_id bigint not null default 0,
  last_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea,
  constraint audit_chain_base_hash_check CHECK ((length(base_hash) = 32)),
  constraint audit_chain_check CHECK ((last_id >= base_id)),
  constraint audit_chain_last_hash_check CHECK ((length(last_hash) = 32)),
  constraint audit_chain_one_check CHECK (one),
  constraint audit_chain_pkey PRIMARY KEY (one)
);
alter table audit_chain owner to sotto_owner;
alter table audit_chain enable row level security;
alter table audit_chain force row level security;

create table batches (
  id uuid not null,
  channel text not null,
  reminder_count integer not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  lease_until timestamp with time zone not null,
  mode text not null,
  taken_at timestamp with time zone,
  constraint batches_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint batches_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint batches_pkey PRIMARY KEY (id)
);
alter table batches owner to sotto_owner;
alter table batches enable row level security;
alter table batches force row level security;

create table canary_messages (
  id uuid not null,
  sealed bytea not null,
  taken_at timestamp with time zone not null default clock_timestamp(),
  constraint canary_messages_pkey PRIMARY KEY (id)
);
alter table canary_messages owner to sotto_owner;
alter table canary_messages enable row level security;
alter table canary_messages force row level security;

create table canary_runs (
  id uuid not null default gen_random_uuid(),
  slot timestamp with time zone,
  branch text not null,
  started_at timestamp with time zone not null default clock_timestamp(),
  base_at timestamp with time zone not null default clock_timestamp(),
  step integer not null default 0,
  step_at timestamp with time zone not null default clock_timestamp(),
  touched_at timestamp with time zone not null default clock_timestamp(),
  next_at timestamp with time zone not null default clock_timestamp(),
  lease_id uuid,
  lease_until timestamp with time zone,
  ended_at timestamp with time zone,
  outcome text,
  findings text[] not null default '{}'::text[],
  constraint canary_runs_check CHECK (((ended_at IS NULL) = (outcome IS NULL))),
  constraint canary_runs_check1 CHECK (((lease_id IS NULL) = (lease_until IS NULL))),
  constraint canary_runs_outcome_check CHECK ((outcome = ANY (ARRAY['passed'::text, 'missing'::text, 'different'::text, 'unreachable'::text, 'held'::text, 'interrupted'::text]))),
  constraint canary_runs_pkey PRIMARY KEY (id),
  constraint canary_runs_slot_key UNIQUE (slot)
);
alter table canary_runs owner to sotto_owner;
alter table canary_runs enable row level security;
alter table canary_runs force row level security;

create table carried_balances (
  id bigint not null generated always as identity,
  organisation_id uuid not null,
  mode text not null,
  state text not null,
  count bigint not null,
  carried_at timestamp with time zone not null default clock_timestamp(),
  constraint carried_balances_count_check CHECK ((count > 0)),
  constraint carried_balances_pkey PRIMARY KEY (id)
);
alter table carried_balances owner to sotto_owner;
alter table carried_balances enable row level security;
alter table carried_balances force row level security;

create table carried_ends (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  transaction_id xid8 not null,
  id bigint not null,
  constraint carried_ends_pkey PRIMARY KEY (organisation_id, mode, month)
);
alter table carried_ends owner to sotto_owner;
alter table carried_ends enable row level security;
alter table carried_ends force row level security;

create table carried_lives (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  reminder_id uuid not null,
  state text not null,
  step integer not null,
  constraint carried_lives_pkey PRIMARY KEY (appointment_id, reminder_id, month, state)
);
alter table carried_lives owner to sotto_owner;
alter table carried_lives enable row level security;
alter table carried_lives force row level security;

create table carried_steps (
  month date not null,
  organisation_id uuid not null,
  mode text not null,
  from_state text,
  to_state text not null,
  reason_code text,
  count bigint not null,
  constraint carried_steps_count_check CHECK ((count > 0)),
  constraint carried_steps_month_organisation_id_mode_from_state_to_stat_key UNIQUE NULLS NOT DISTINCT (month, organisation_id, mode, from_state, to_state, reason_code)
);
alter table carried_steps owner to sotto_owner;
alter table carried_steps enable row level security;
alter table carried_steps force row level security;

create table code_counts (
  organisation_id uuid not null,
  mode text not null,
  hour timestamp with time zone not null,
  sent_in_hour integer not null,
  sent_in_day integer not null,
  refused_at timestamp with time zone,
  constraint code_counts_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint code_counts_pkey PRIMARY KEY (organisation_id, mode)
);
alter table code_counts owner to sotto_owner;
alter table code_counts enable row level security;
alter table code_counts force row level security;

create table codes (
  id uuid not null,
  organisation_id uuid not null,
  link_id uuid not null,
  session_hash bytea not null,
  code_hash bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  withdrawn_at timestamp with time zone,
  constraint codes_link_id_fkey FOREIGN KEY (link_id) REFERENCES links(id) ON DELETE CASCADE,
  constraint codes_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint codes_pkey PRIMARY KEY (id)
);
alter table codes owner to sotto_owner;
alter table codes enable row level security;
alter table codes force row level security;

create table content_keys (
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  version integer not null,
  link_id uuid not null,
  sealed_key bytea not null,
  constraint content_keys_pkey PRIMARY KEY (link_id, version)
);
alter table content_keys owner to sotto_owner;
alter table content_keys enable row level security;
alter table content_keys force row level security;

create table credential_keys (
  organisation_id uuid not null,
  credential_id uuid not null,
  thumbprint text not null,
  slot smallint not null,
  algorithm text not null,
  public_key jsonb not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint credential_keys_algorithm_check CHECK ((algorithm = ANY (ARRAY['EdDSA'::text, 'ES256'::text]))),
  constraint credential_keys_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials(id) ON DELETE CASCADE,
  constraint credential_keys_credential_id_slot_key UNIQUE (credential_id, slot),
  constraint credential_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint credential_keys_pkey PRIMARY KEY (credential_id, thumbprint),
  constraint credential_keys_public_key_check CHECK ((NOT (public_key ? 'd'::text))),
  constraint credential_keys_slot_check CHECK ((slot = ANY (ARRAY[1, 2]))),
  constraint credential_keys_thumbprint_check CHECK ((thumbprint ~ '^[A-Za-z0-9_-]{43}$'::text))
);
alter table credential_keys owner to sotto_owner;
alter table credential_keys enable row level security;
alter table credential_keys force row level security;

create table credential_organisations (
  organisation_id uuid not null,
  credential_id uuid not null,
  constraint credential_organisations_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials(id) ON DELETE CASCADE,
  constraint credential_organisations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint credential_organisations_pkey PRIMARY KEY (credential_id, organisation_id)
);
alter table credential_organisations owner to sotto_owner;
alter table credential_organisations enable row level security;
alter table credential_organisations force row level security;

create table credential_tokens (
  organisation_id uuid not null,
  credential_id uuid not null,
  token_hash bytea not null,
  expires_at timestamp with time zone not null,
  constraint credential_tokens_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials(id) ON DELETE CASCADE,
  constraint credential_tokens_pkey PRIMARY KEY (credential_id, token_hash),
  constraint credential_tokens_token_hash_check CHECK ((octet_length(token_hash) = 32))
);
alter table credential_tokens owner to sotto_owner;
alter table credential_tokens enable row level security;
alter table credential_tokens force row level security;

create table credential_usage (
  organisation_id uuid not null,
  credential_id uuid not null,
  mode text not null,
  process_id uuid not null,
  hour timestamp with time zone not null,
  appointments integer not null default 0,
  reminders integer not null default 0,
  numbers integer not null default 0,
  refused_at timestamp with time zone,
  refused_by text,
  constraint credential_usage_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials(id) ON DELETE CASCADE,
  constraint credential_usage_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint credential_usage_pkey PRIMARY KEY (credential_id, organisation_id, mode, process_id, hour),
  constraint credential_usage_refused_by_check CHECK ((char_length(refused_by) <= 40))
);
alter table credential_usage owner to sotto_owner;
alter table credential_usage enable row level security;
alter table credential_usage force row level security;

create table credentials (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  kind text not null,
  key_hash bytea,
  platform boolean not null default false,
  scopes text[] not null default '{write,status,list,erase,settings,webhooks,ledger}'::text[],
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  label text,
  replaced_by uuid,
  networks cidr[],
  quotas jsonb not null default '{}'::jsonb,
  constraint credentials_check CHECK (((kind = 'api_key'::text) = (key_hash IS NOT NULL))),
  constraint credentials_key_hash_check CHECK ((octet_length(key_hash) = 32)),
  constraint credentials_key_hash_key UNIQUE (key_hash),
  constraint credentials_kind_check CHECK ((kind = ANY (ARRAY['api_key'::text, 'public_key'::text]))),
  constraint credentials_label_check CHECK (((char_length(label) >= 1) AND (char_length(label) <= 100))),
  constraint credentials_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint credentials_networks_check CHECK ((cardinality(networks) <= 50)),
  constraint credentials_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint credentials_pkey PRIMARY KEY (id),
  constraint credentials_quotas_check CHECK ((jsonb_typeof(quotas) = 'object'::text)),
  constraint credentials_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES credentials(id) ON DELETE SET NULL
);
alter table credentials owner to sotto_owner;
alter table credentials enable row level security;
alter table credentials force row level security;

create table database_lives (
  number integer not null,
  begun_at timestamp with time zone not null default clock_timestamp(),
  restored_to timestamp with time zone,
  ready_at timestamp with time zone,
  identity text,
  timeline text,
  run text,
  beat bigint not null default 0,
  marked_at timestamp with time zone not null default clock_timestamp(),
  transaction_shift bigint not null default 0,
  accepted jsonb not null default '{}'::jsonb,
  counted_until timestamp with time zone not null default clock_timestamp(),
  constraint database_lives_number_check CHECK ((number >= 1)),
  constraint database_lives_pkey PRIMARY KEY (number)
);
alter table database_lives owner to sotto_owner;
alter table database_lives enable row level security;
alter table database_lives force row level security;

create table event_months (
  month date not null,
  carried_to uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  carried_at timestamp with time zone,
  dropped_at timestamp with time zone,
  constraint event_months_check CHECK (((dropped_at IS NULL) OR (carried_at IS NOT NULL))),
  constraint event_months_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  constraint event_months_pkey PRIMARY KEY (month)
);
alter table event_months owner to sotto_owner;
alter table event_months enable row level security;
alter table event_months force row level security;

create table events (
  organisation_id uuid not null,
  mode text not null,
  id bigint not null generated always as identity,
  transaction_id xid8 not null default pg_current_xact_id(),
  created_at timestamp with time zone not null default clock_timestamp(),
  type text not null,
  reference text,
  appointment_id uuid,
  reminder_id uuid,
  from_state text,
  to_state text,
  reason_code text,
  possible_duplicate boolean not null default false,
  possibly_sent boolean not null default false,
  endpoint_id uuid,
  incident_id uuid,
  channel text,
  constraint events_of_one_thing CHECK (((num_nonnulls(appointment_id, endpoint_id, incident_id) = 1) AND ((appointment_id IS NULL) = (reference IS NULL)))),
  constraint events_pkey PRIMARY KEY (created_at, id)
) partition by RANGE (created_at);
alter table events owner to sotto_owner;
alter table events enable row level security;
alter table events force row level security;

create table events_YYYY_MM partition of events for values of one month;
alter table events_YYYY_MM owner to sotto_owner;
alter table events_YYYY_MM enable row level security;
alter table events_YYYY_MM force row level security;

create table factor_failures (
  organisation_id uuid not null,
  appointment_id uuid not null,
  factor text not null,
  failed_count integer not null default 0,
  locked_at timestamp with time zone,
  help_code text,
  constraint factor_failures_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES appointments(id) ON DELETE CASCADE,
  constraint factor_failures_factor_check CHECK ((factor = ANY (ARRAY['pin'::text, 'code'::text, 'birth_date'::text, 'portal'::text, 'passkey'::text]))),
  constraint factor_failures_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint factor_failures_pkey PRIMARY KEY (appointment_id, factor)
);
alter table factor_failures owner to sotto_owner;
alter table factor_failures enable row level security;
alter table factor_failures force row level security;

create table field_fills (
  hour timestamp with time zone not null,
  field text not null,
  count bigint not null,
  constraint field_fills_count_check CHECK ((count > 0)),
  constraint field_fills_pkey PRIMARY KEY (hour, field)
);
alter table field_fills owner to sotto_owner;
alter table field_fills enable row level security;
alter table field_fills force row level security;

create table heartbeats (
  name text not null,
  instance text not null,
  version text not null,
  beat_at timestamp with time zone not null default clock_timestamp(),
  started_at timestamp with time zone not null default clock_timestamp(),
  constraint heartbeats_pkey PRIMARY KEY (name, instance)
);
alter table heartbeats owner to sotto_owner;
alter table heartbeats enable row level security;
alter table heartbeats force row level security;

create table incident_alerts (
  incident_id uuid not null,
  way text not null,
  tries integer not null default 0,
  due_at timestamp with time zone not null default clock_timestamp(),
  lease_id uuid,
  delivered_at timestamp with time zone,
  number integer not null default 1,
  owed_at timestamp with time zone not null default clock_timestamp(),
  constraint incident_alerts_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint incident_alerts_number_check CHECK ((number > 0)),
  constraint incident_alerts_pkey PRIMARY KEY (incident_id, way),
  constraint incident_alerts_way_check CHECK ((way = ANY (ARRAY['webhook'::text, 'email'::text])))
);
alter table incident_alerts owner to sotto_owner;
alter table incident_alerts enable row level security;
alter table incident_alerts force row level security;

create table incident_entries (
  id bigint not null generated always as identity,
  incident_id uuid not null,
  at timestamp with time zone not null default clock_timestamp(),
  kind text not null,
  since timestamp with time zone,
  facts jsonb,
  actor text,
  reason text,
  constraint incident_entries_check CHECK (((kind = 'seen'::text) = ((since IS NOT NULL) AND (facts IS NOT NULL)))),
  constraint incident_entries_check1 CHECK (((kind = 'closed'::text) = ((actor IS NOT NULL) AND (reason IS NOT NULL)))),
  constraint incident_entries_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint incident_entries_kind_check CHECK ((kind = ANY (ARRAY['seen'::text, 'closed'::text]))),
  constraint incident_entries_pkey PRIMARY KEY (id)
);
alter table incident_entries owner to sotto_owner;
alter table incident_entries enable row level security;
alter table incident_entries force row level security;

create table incident_organisations (
  incident_id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  found_at timestamp with time zone not null default clock_timestamp(),
  constraint incident_organisations_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint incident_organisations_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint incident_organisations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint incident_organisations_pkey PRIMARY KEY (incident_id, organisation_id, mode)
);
alter table incident_organisations owner to sotto_owner;
alter table incident_organisations enable row level security;
alter table incident_organisations force row level security;

create table incident_progress (
  incident_id uuid not null,
  looked_until timestamp with time zone,
  end_told_at timestamp with time zone,
  constraint incident_progress_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint incident_progress_pkey PRIMARY KEY (incident_id)
);
alter table incident_progress owner to sotto_owner;
alter table incident_progress enable row level security;
alter table incident_progress force row level security;

create table incident_references (
  incident_id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  reference text not null,
  appointment_id uuid not null,
  found_at timestamp with time zone not null default clock_timestamp(),
  constraint incident_references_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES appointments(id) ON DELETE CASCADE,
  constraint incident_references_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint incident_references_pkey PRIMARY KEY (incident_id, appointment_id)
);
alter table incident_references owner to sotto_owner;
alter table incident_references enable row level security;
alter table incident_references force row level security;

create table incidents (
  id uuid not null,
  code text not null,
  number integer not null,
  since timestamp with time zone not null,
  opened_at timestamp with time zone not null default clock_timestamp(),
  constraint incidents_code_check CHECK ((code ~ '^[a-z][a-z_]{1,39}$'::text)),
  constraint incidents_code_number_key UNIQUE (code, number),
  constraint incidents_number_check CHECK ((number > 0)),
  constraint incidents_pkey PRIMARY KEY (id)
);
alter table incidents owner to sotto_owner;
alter table incidents enable row level security;
alter table incidents force row level security;

create table kept_floors (
  one boolean not null default true,
  events_days integer not null default 90,
  audit_days integer not null default 1096,
  constraint kept_floors_audit_days_check CHECK ((audit_days >= 90)),
  constraint kept_floors_events_days_check CHECK ((events_days >= 7)),
  constraint kept_floors_one_check CHECK (one),
  constraint kept_floors_pkey PRIMARY KEY (one)
);
alter table kept_floors owner to sotto_owner;
alter table kept_floors enable row level security;
alter table kept_floors force row level security;

create table ledger_breaks (
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  reminder_id uuid not null,
  state text not null,
  difference integer not null,
  found_at timestamp with time zone not null default clock_timestamp(),
  constraint ledger_breaks_pkey PRIMARY KEY (reminder_id, organisation_id, mode, state)
);
alter table ledger_breaks owner to sotto_owner;
alter table ledger_breaks enable row level security;
alter table ledger_breaks force row level security;

create table ledger_proofs (
  id bigint not null generated always as identity,
  proved_at timestamp with time zone not null default now(),
  proved_until xid8 not null default pg_current_xact_id(),
  walked_to uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  checked_count integer not null default 0,
  constraint ledger_proofs_pkey PRIMARY KEY (id)
);
alter table ledger_proofs owner to sotto_owner;
alter table ledger_proofs enable row level security;
alter table ledger_proofs force row level security;

create table links (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  reminder_id uuid not null,
  channel text not null,
  lookup bytea not null,
  seal_public_key bytea not null,
  note bytea not null,
  parcel bytea,
  parcel_day date,
  selector text,
  current boolean not null default true,
  attempted_at timestamp with time zone,
  revoked_at timestamp with time zone,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint links_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint links_check CHECK (((parcel IS NULL) OR (parcel_day IS NOT NULL))),
  constraint links_lookup_check CHECK ((octet_length(lookup) = 16)),
  constraint links_lookup_key UNIQUE (lookup),
  constraint links_pkey PRIMARY KEY (id),
  constraint links_seal_public_key_check CHECK ((octet_length(seal_public_key) = 32)),
  constraint links_selector_check CHECK ((char_length(selector) = 1))
);
alter table links owner to sotto_owner;
alter table links enable row level security;
alter table links force row level security;

create table measuring (
  one boolean not null default true,
  measured_until timestamp with time zone not null default date_trunc('minute'::text, clock_timestamp()),
  settled_until timestamp with time zone not null default now(),
  mark_at timestamp with time zone not null default now(),
  mark_transaction_id xid8 not null default pg_current_xact_id(),
  constraint measuring_one_check CHECK (one),
  constraint measuring_pkey PRIMARY KEY (one)
);
alter table measuring owner to sotto_owner;
alter table measuring enable row level security;
alter table measuring force row level security;

create table migrations (
  name text not null,
  digest text not null,
  applied_at timestamp with time zone not null default clock_timestamp(),
  constraint migrations_pkey PRIMARY KEY (name)
);
alter table migrations owner to migrator;

create table minute_hand_overs (
  minute timestamp with time zone not null,
  mode text not null,
  channel text not null,
  transport text not null,
  outcome text not null,
  reason_code text not null,
  count bigint not null,
  constraint minute_hand_overs_pkey PRIMARY KEY (minute, mode, channel, transport, outcome, reason_code)
);
alter table minute_hand_overs owner to sotto_owner;
alter table minute_hand_overs enable row level security;
alter table minute_hand_overs force row level security;

create table minute_lateness (
  minute timestamp with time zone not null,
  mode text not null,
  channel text not null,
  count bigint not null,
  sum_s double precision not null,
  p50_s double precision not null,
  p95_s double precision not null,
  max_s double precision not null,
  constraint minute_lateness_pkey PRIMARY KEY (minute, mode, channel)
);
alter table minute_lateness owner to sotto_owner;
alter table minute_lateness enable row level security;
alter table minute_lateness force row level security;

create table minute_opt_outs (
  minute timestamp with time zone not null,
  channel text not null,
  source text not null,
  count bigint not null,
  constraint minute_opt_outs_pkey PRIMARY KEY (minute, channel, source)
);
alter table minute_opt_outs owner to sotto_owner;
alter table minute_opt_outs enable row level security;
alter table minute_opt_outs force row level security;

create table minute_transitions (
  minute timestamp with time zone not null,
  mode text not null,
  channel text not null,
  from_state text not null,
  to_state text not null,
  reason_code text not null,
  count bigint not null,
  flagged_count bigint not null,
  constraint minute_transitions_pkey PRIMARY KEY (minute, mode, channel, from_state, to_state, reason_code)
);
alter table minute_transitions owner to sotto_owner;
alter table minute_transitions enable row level security;
alter table minute_transitions force row level security;

create table ops_requests (
  id uuid not null default gen_random_uuid(),
  action text not null,
  details jsonb not null,
  shown integer not null,
  asked_by text not null,
  asked_person text not null,
  reason text not null,
  asked_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null default (clock_timestamp() + '01:00:00'::interval),
  decision text,
  decided_by text,
  decided_person text,
  decided_at timestamp with time zone,
  constraint ops_requests_action_check CHECK ((action = ANY (ARRAY['reminders.redrive'::text, 'sending.resume'::text]))),
  constraint ops_requests_check CHECK ((((decision IS NULL) = (decided_by IS NULL)) AND ((decision IS NULL) = (decided_person IS NULL)) AND ((decision IS NULL) = (decided_at IS NULL)))),
  constraint ops_requests_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'declined'::text]))),
  constraint ops_requests_pkey PRIMARY KEY (id),
  constraint two_people CHECK (((decision IS DISTINCT FROM 'approved'::text) OR (decided_person <> asked_person)))
);
alter table ops_requests owner to sotto_owner;
alter table ops_requests enable row level security;
alter table ops_requests force row level security;

create table ops_sessions (
  token_hash bytea not null,
  user_id uuid not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  last_seen_at timestamp with time zone not null default clock_timestamp(),
  id uuid not null default gen_random_uuid(),
  way text not null default 'password'::text,
  constraint ops_sessions_id_key UNIQUE (id),
  constraint ops_sessions_pkey PRIMARY KEY (token_hash),
  constraint ops_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES ops_users(id) ON DELETE CASCADE,
  constraint ops_sessions_way_check CHECK ((way = ANY (ARRAY['password'::text, 'openid'::text])))
);
alter table ops_sessions owner to sotto_owner;
alter table ops_sessions enable row level security;
alter table ops_sessions force row level security;

create table ops_users (
  id uuid not null,
  name text not null,
  role text not null,
  password_hash text,
  created_at timestamp with time zone not null default clock_timestamp(),
  disabled_at timestamp with time zone,
  issuer text,
  subject text,
  constraint ops_users_login CHECK (((issuer IS NULL) = (subject IS NULL))),
  constraint ops_users_name_key UNIQUE (name),
  constraint ops_users_pkey PRIMARY KEY (id),
  constraint ops_users_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text]))),
  constraint ops_users_subject UNIQUE (issuer, subject)
);
alter table ops_users owner to sotto_owner;
alter table ops_users enable row level security;
alter table ops_users force row level security;

create table organisations (
  id uuid not null,
  name text not null,
  default_language text not null default 'fr'::text,
  reminder_plan jsonb not null default '[{"before": "P2D", "channel": "sms"}, {"before": "PT3H", "channel": "sms"}]'::jsonb,
  quiet_from text not null default '21:00'::text,
  quiet_until text not null default '08:00'::text,
  jitter_minutes integer not null default 15,
  uncertain_policy text not null default 'resend'::text,
  birth_date_opens_all boolean not null default false,
  requests_per_minute integer default 6000,
  days_ahead_max integer not null default 400,
  created_at timestamp with time zone not null default clock_timestamp(),
  proof_policy text not null default 'standard'::text,
  portal_issuer text,
  portal_client_id text not null default ''::text,
  portal_acr_values text[] not null default '{}'::text[],
  portal_max_age_minutes integer not null default 10,
  portal_since timestamp with time zone,
  appointments_per_hour integer default 5000,
  appointments_per_day integer default 20000,
  reminders_per_hour integer default 15000,
  reminders_per_day integer default 60000,
  numbers_per_hour integer default 4000,
  countries text[],
  constraint organisations_appointments_per_day_check CHECK ((appointments_per_day > 0)),
  constraint organisations_appointments_per_hour_check CHECK ((appointments_per_hour > 0)),
  constraint organisations_check CHECK (((portal_issuer IS NULL) OR (portal_client_id <> ''::text))),
  constraint organisations_countries_check CHECK ((cardinality(countries) <= 250)),
  constraint organisations_days_ahead_max_check CHECK (((days_ahead_max >= 1) AND (days_ahead_max <= 400))),
  constraint organisations_jitter_minutes_check CHECK (((jitter_minutes >= 0) AND (jitter_minutes <= 240))),
  constraint organisations_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
  constraint organisations_numbers_per_hour_check CHECK ((numbers_per_hour > 0)),
  constraint organisations_pkey PRIMARY KEY (id),
  constraint organisations_portal_acr_values_check CHECK ((cardinality(portal_acr_values) <= 8)),
  constraint organisations_portal_client_id_check CHECK ((char_length(portal_client_id) <= 255)),
  constraint organisations_portal_issuer_check CHECK (((char_length(portal_issuer) >= 1) AND (char_length(portal_issuer) <= 2000))),
  constraint organisations_portal_max_age_minutes_check CHECK (((portal_max_age_minutes >= 0) AND (portal_max_age_minutes <= 1440))),
  constraint organisations_proof_policy_check CHECK ((proof_policy = ANY (ARRAY['standard'::text, 'strict'::text]))),
  constraint organisations_quiet_from_check CHECK ((quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text)),
  constraint organisations_quiet_until_check CHECK ((quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text)),
  constraint organisations_reminders_per_day_check CHECK ((reminders_per_day > 0)),
  constraint organisations_reminders_per_hour_check CHECK ((reminders_per_hour > 0)),
  constraint organisations_requests_per_minute_check CHECK ((requests_per_minute > 0)),
  constraint organisations_uncertain_policy_check CHECK ((uncertain_policy = ANY (ARRAY['resend'::text, 'hold'::text])))
);
alter table organisations owner to sotto_owner;
alter table organisations enable row level security;
alter table organisations force row level security;

create table passkeys (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  subject_index bytea not null,
  sealed bytea not null,
  sign_count bigint not null,
  used_challenge bytea,
  created_on date not null default ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date,
  used_on date not null default ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date,
  constraint passkeys_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint passkeys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint passkeys_pkey PRIMARY KEY (id),
  constraint passkeys_sign_count_check CHECK ((sign_count >= 0)),
  constraint passkeys_subject_index_check CHECK ((octet_length(subject_index) = 32)),
  constraint passkeys_used_challenge_check CHECK ((octet_length(used_challenge) = 32))
);
alter table passkeys owner to sotto_owner;
alter table passkeys enable row level security;
alter table passkeys force row level security;

create table pauses (
  id uuid not null,
  organisation_id uuid,
  channel text,
  reason text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  constraint pauses_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint pauses_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint pauses_pkey PRIMARY KEY (id)
);
alter table pauses owner to sotto_owner;
alter table pauses enable row level security;
alter table pauses force row level security;

create table phone_day_counts (
  phone_index bytea not null,
  day date not null,
  sent_count integer not null default 0,
  constraint phone_day_counts_pkey PRIMARY KEY (day, phone_index)
);
alter table phone_day_counts owner to sotto_owner;
alter table phone_day_counts enable row level security;
alter table phone_day_counts force row level security;

create table receipts (
  organisation_id uuid not null,
  mode text not null,
  issued_at timestamp with time zone not null,
  receipt_id uuid not null,
  constraint receipts_pkey PRIMARY KEY (organisation_id, mode, issued_at, receipt_id)
);
alter table receipts owner to sotto_owner;
alter table receipts enable row level security;
alter table receipts force row level security;

create table reminders (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  kind text not null,
  requested_channel text not null,
  channel text not null,
  before text,
  resolved_at timestamp with time zone not null,
  send_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  not_after timestamp with time zone not null,
  state text not null,
  skipped_reason text,
  reason_code text,
  pending_end text,
  possible_duplicate boolean not null default false,
  possibly_sent boolean not null default false,
  attempt_count integer not null default 0,
  batch_id uuid,
  lease_until timestamp with time zone,
  sent_at timestamp with time zone,
  delivered_at timestamp with time zone,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  attempts_before_redrive integer not null default 0,
  phase text default 
CASE
    WHEN (state = ANY (ARRAY['queued'::text, 'sending'::text])) THEN 'in_hand'::text
    WHEN (state = ANY (ARRAY['sent'::text, 'delivered'::text, 'undelivered'::text])) THEN 'told'::text
    ELSE state
END,
  doubted_at timestamp with time zone,
  settle_at timestamp with time zone,
  settle_count integer not null default 0,
  doubt_alarmed_at timestamp with time zone,
  reference text,
  constraint reminders_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint reminders_check CHECK (((kind = 'planned'::text) = (before IS NOT NULL))),
  constraint reminders_check1 CHECK (((state = 'skipped'::text) = (skipped_reason IS NOT NULL))),
  constraint reminders_check2 CHECK (((state <> ALL (ARRAY['queued'::text, 'sending'::text])) OR ((batch_id IS NOT NULL) AND (lease_until IS NOT NULL)))),
  constraint reminders_kind_check CHECK ((kind = ANY (ARRAY['planned'::text, 'notice'::text]))),
  constraint reminders_pending_end_check CHECK ((pending_end = ANY (ARRAY['cancelled'::text, 'superseded'::text, 'erased'::text]))),
  constraint reminders_pkey PRIMARY KEY (id),
  constraint reminders_requested_channel_check CHECK ((requested_channel = ANY (ARRAY['sms'::text, 'email'::text, 'auto'::text]))),
  constraint reminders_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'queued'::text, 'sending'::text, 'sent'::text, 'delivered'::text, 'undelivered'::text, 'uncertain'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text, 'superseded'::text, 'expired'::text, 'suppressed'::text, 'erased'::text])))
);
alter table reminders owner to sotto_owner;
alter table reminders enable row level security;
alter table reminders force row level security;

create table revoked_days (
  day date not null,
  revoked_at timestamp with time zone not null default clock_timestamp(),
  constraint revoked_days_pkey PRIMARY KEY (day)
);
alter table revoked_days owner to sotto_owner;
alter table revoked_days enable row level security;
alter table revoked_days force row level security;

create table revoked_selectors (
  selector text not null,
  revoked_at timestamp with time zone not null default clock_timestamp(),
  constraint revoked_selectors_pkey PRIMARY KEY (selector),
  constraint revoked_selectors_selector_check CHECK ((char_length(selector) = 1))
);
alter table revoked_selectors owner to sotto_owner;
alter table revoked_selectors enable row level security;
alter table revoked_selectors force row level security;

create table sealed_callbacks (
  id uuid not null,
  kind text not null,
  attempt_token bytea,
  epoch_day date not null,
  sealed bytea not null,
  received_at timestamp with time zone not null default clock_timestamp(),
  failed_count integer not null default 0,
  failed_at timestamp with time zone,
  constraint sealed_callbacks_kind_check CHECK ((kind = ANY (ARRAY['twilio_status'::text, 'twilio_inbound'::text, 'email_bounce'::text]))),
  constraint sealed_callbacks_pkey PRIMARY KEY (id)
);
alter table sealed_callbacks owner to sotto_owner;
alter table sealed_callbacks enable row level security;
alter table sealed_callbacks force row level security;

create table send_check_secrets (
  id uuid not null,
  organisation_id uuid not null,
  check_id uuid not null,
  key_number text not null,
  sealed bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  constraint send_check_secrets_check_id_fkey FOREIGN KEY (check_id) REFERENCES send_checks(id) ON DELETE CASCADE,
  constraint send_check_secrets_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint send_check_secrets_pkey PRIMARY KEY (id)
);
alter table send_check_secrets owner to sotto_owner;
alter table send_check_secrets enable row level security;
alter table send_check_secrets force row level security;

create table send_checks (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  url text not null,
  on_no_answer text not null default 'send'::text,
  created_at timestamp with time zone not null default clock_timestamp(),
  answered_at timestamp with time zone,
  failed_count integer not null default 0,
  failing_since timestamp with time zone,
  failing_code text,
  failing_status integer,
  due_at timestamp with time zone not null default clock_timestamp(),
  lease_id uuid,
  lease_until timestamp with time zone,
  taken_at timestamp with time zone,
  asked_count bigint not null default 0,
  proceed_count bigint not null default 0,
  drop_count bigint not null default 0,
  inconclusive_count bigint not null default 0,
  test_id uuid,
  test_requested_at timestamp with time zone,
  test_ended_at timestamp with time zone,
  test_code text,
  test_status integer,
  constraint send_checks_check CHECK (((failed_count = 0) = (failing_since IS NULL))),
  constraint send_checks_check1 CHECK (((lease_id IS NULL) = (lease_until IS NULL))),
  constraint send_checks_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint send_checks_on_no_answer_check CHECK ((on_no_answer = ANY (ARRAY['send'::text, 'hold'::text]))),
  constraint send_checks_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint send_checks_organisation_id_mode_key UNIQUE (organisation_id, mode),
  constraint send_checks_pkey PRIMARY KEY (id),
  constraint send_checks_url_check CHECK (((char_length(url) >= 1) AND (char_length(url) <= 2000)))
);
alter table send_checks owner to sotto_owner;
alter table send_checks enable row level security;
alter table send_checks force row level security;

create table send_questions (
  reminder_id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  asked_count integer not null default 0,
  unanswered_since timestamp with time zone,
  failed_count integer not null default 0,
  failed_code text,
  ask_at timestamp with time zone not null default clock_timestamp(),
  decision text,
  decided_at timestamp with time zone,
  proceed_until timestamp with time zone,
  constraint send_questions_decision_check CHECK ((decision = ANY (ARRAY['proceed'::text, 'drop'::text, 'send_unanswered'::text, 'hold_unanswered'::text]))),
  constraint send_questions_pkey PRIMARY KEY (reminder_id),
  constraint send_questions_reminder_id_fkey FOREIGN KEY (reminder_id) REFERENCES reminders(id) ON DELETE CASCADE
);
alter table send_questions owner to sotto_owner;
alter table send_questions enable row level security;
alter table send_questions force row level security;

create unlogged table sender_paces (
  sender text not null,
  free_at timestamp with time zone not null,
  reminder_at timestamp with time zone not null,
  constraint sender_paces_pkey PRIMARY KEY (sender)
);
alter table sender_paces owner to sotto_owner;
alter table sender_paces enable row level security;
alter table sender_paces force row level security;

create table source_failures (
  organisation_id uuid not null,
  link_id uuid not null,
  source bytea not null,
  failed_count integer not null default 0,
  paused_until timestamp with time zone,
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint source_failures_link_id_fkey FOREIGN KEY (link_id) REFERENCES links(id) ON DELETE CASCADE,
  constraint source_failures_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint source_failures_pkey PRIMARY KEY (link_id, source),
  constraint source_failures_source_check CHECK ((octet_length(source) = 32))
);
alter table source_failures owner to sotto_owner;
alter table source_failures enable row level security;
alter table source_failures force row level security;

create table suppressions (
  contact_index bytea not null,
  pepper text not null,
  channel text not null,
  source text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint suppressions_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text]))),
  constraint suppressions_contact_index_check CHECK ((octet_length(contact_index) = 32)),
  constraint suppressions_pkey PRIMARY KEY (contact_index),
  constraint suppressions_source_check CHECK ((source = ANY (ARRAY['reply'::text, 'one_click'::text, 'patient_page'::text, 'provider'::text])))
);
alter table suppressions owner to sotto_owner;
alter table suppressions enable row level security;
alter table suppressions force row level security;

create table total_hand_overs (
  mode text not null,
  channel text not null,
  transport text not null,
  outcome text not null,
  reason_code text not null,
  count bigint not null,
  constraint total_hand_overs_pkey PRIMARY KEY (mode, channel, transport, outcome, reason_code)
);
alter table total_hand_overs owner to sotto_owner;
alter table total_hand_overs enable row level security;
alter table total_hand_overs force row level security;

create table total_lateness (
  mode text not null,
  channel text not null,
  count bigint not null,
  sum_s double precision not null,
  within_counts bigint[] not null,
  constraint total_lateness_pkey PRIMARY KEY (mode, channel)
);
alter table total_lateness owner to sotto_owner;
alter table total_lateness enable row level security;
alter table total_lateness force row level security;

create table total_opt_outs (
  channel text not null,
  source text not null,
  count bigint not null,
  constraint total_opt_outs_pkey PRIMARY KEY (channel, source)
);
alter table total_opt_outs owner to sotto_owner;
alter table total_opt_outs enable row level security;
alter table total_opt_outs force row level security;

create table total_transitions (
  mode text not null,
  channel text not null,
  from_state text not null,
  to_state text not null,
  reason_code text not null,
  count bigint not null,
  flagged_count bigint not null,
  constraint total_transitions_pkey PRIMARY KEY (mode, channel, from_state, to_state, reason_code)
);
alter table total_transitions owner to sotto_owner;
alter table total_transitions enable row level security;
alter table total_transitions force row level security;

create table versions (
  organisation_id uuid not null,
  mode text not null,
  appointment_id uuid not null,
  version integer not null,
  revision integer,
  receipt_id uuid not null,
  content bytea not null,
  view_month text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  constraint versions_pkey PRIMARY KEY (appointment_id, version),
  constraint versions_view_month_check CHECK ((view_month ~ '^[0-9]{4}-[0-9]{2}$'::text))
);
alter table versions owner to sotto_owner;
alter table versions enable row level security;
alter table versions force row level security;

create table webhook_endpoints (
  id uuid not null,
  organisation_id uuid not null,
  mode text not null,
  url text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  after_transaction xid8 not null,
  after_id bigint not null,
  failed_count integer not null default 0,
  failing_since timestamp with time zone,
  due_at timestamp with time zone not null default clock_timestamp(),
  delivered_at timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_reason text,
  lease_id uuid,
  lease_until timestamp with time zone,
  taken_at timestamp with time zone,
  test_id uuid,
  test_requested_at timestamp with time zone,
  test_ended_at timestamp with time zone,
  test_code text,
  test_status integer,
  constraint webhook_endpoints_check CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
  constraint webhook_endpoints_check1 CHECK (((failed_count = 0) = (failing_since IS NULL))),
  constraint webhook_endpoints_check2 CHECK (((lease_id IS NULL) = (lease_until IS NULL))),
  constraint webhook_endpoints_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['by_request'::text, 'gone'::text, 'failing'::text, 'secret_unreadable'::text, 'events_gone'::text]))),
  constraint webhook_endpoints_mode_check CHECK ((mode = ANY (ARRAY['test'::text, 'live'::text]))),
  constraint webhook_endpoints_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint webhook_endpoints_pkey PRIMARY KEY (id),
  constraint webhook_endpoints_url_check CHECK (((char_length(url) >= 1) AND (char_length(url) <= 2000)))
);
alter table webhook_endpoints owner to sotto_owner;
alter table webhook_endpoints enable row level security;
alter table webhook_endpoints force row level security;

create table webhook_failures (
  id bigint not null generated always as identity,
  organisation_id uuid not null,
  endpoint_id uuid not null,
  event_id bigint not null,
  event_type text not null,
  attempt integer not null,
  failed_at timestamp with time zone not null default clock_timestamp(),
  code text not null,
  status integer,
  constraint webhook_failures_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints(id) ON DELETE CASCADE,
  constraint webhook_failures_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint webhook_failures_pkey PRIMARY KEY (id)
);
alter table webhook_failures owner to sotto_owner;
alter table webhook_failures enable row level security;
alter table webhook_failures force row level security;

create table webhook_secrets (
  id uuid not null,
  organisation_id uuid not null,
  endpoint_id uuid not null,
  key_number text not null,
  sealed bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  constraint webhook_secrets_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints(id) ON DELETE CASCADE,
  constraint webhook_secrets_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint webhook_secrets_pkey PRIMARY KEY (id)
);
alter table webhook_secrets owner to sotto_owner;
alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;

CREATE INDEX appointments_canary ON public.appointments USING btree (created_at) WHERE (organisation_id = '00000000-0000-4000-8000-000000ca9a41'::uuid);
CREATE INDEX appointments_erase ON public.appointments USING btree (erase_at);
CREATE INDEX appointments_held ON public.appointments USING btree (id) WHERE ((paused_at IS NOT NULL) OR (state = 'erased'::text));
CREATE INDEX appointments_tombstones ON public.appointments USING btree (organisation_id, mode, reference, revision) WHERE (deleted_at IS NOT NULL);
CREATE TRIGGER delete_what_hangs_on AFTER DELETE ON public.appointments REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE TRIGGER truncate_what_hangs_on AFTER TRUNCATE ON public.appointments FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE UNIQUE INDEX appointments_reference ON public.appointments USING btree (organisation_id, mode, reference) WHERE (deleted_at IS NULL);
CREATE INDEX attempts_copies ON public.attempts USING btree (transport, copy_owed_at) WHERE ((channel = 'sms'::text) AND (copy_gone_at IS NULL));
CREATE INDEX attempts_copies_kept ON public.attempts USING btree (copy_owed_at) WHERE ((copy_tries > 0) AND (copy_gone_at IS NULL));
CREATE INDEX attempts_ended ON public.attempts USING brin (ended_at) WITH (pages_per_range='32', autosummarize='on');
CREATE INDEX attempts_proven_copies ON public.attempts USING btree (reminder_id) WHERE (proven_copy_at IS NOT NULL);
CREATE INDEX attempts_provider_id ON public.attempts USING brin (provider_id text_bloom_ops) WITH (pages_per_range='32', autosummarize='on');
CREATE TRIGGER refuse_before_compared BEFORE INSERT ON public.attempts FOR EACH STATEMENT EXECUTE FUNCTION refuse_before_compared();
CREATE INDEX audit_action ON public.audit USING btree (action, id);
CREATE INDEX audit_actor ON public.audit USING btree (actor, id);
CREATE INDEX audit_actor_action ON public.audit USING btree (actor, action, at);
CREATE INDEX audit_age ON public.audit USING brin (at);
CREATE INDEX audit_organisation ON public.audit USING btree (organisation_id, id);
CREATE TRIGGER chain_audit BEFORE INSERT ON public.audit FOR EACH ROW EXECUTE FUNCTION chain_audit();
CREATE INDEX batches_lease ON public.batches USING btree (lease_until);
CREATE INDEX canary_messages_taken ON public.canary_messages USING btree (taken_at);
CREATE INDEX canary_runs_ended ON public.canary_runs USING btree (ended_at);
CREATE INDEX canary_runs_open ON public.canary_runs USING btree (next_at) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX canary_runs_asked ON public.canary_runs USING btree (branch) WHERE ((slot IS NULL) AND (ended_at IS NULL));
CREATE INDEX carried_balances_folding ON public.carried_balances USING btree (organisation_id);
CREATE INDEX codes_link ON public.codes USING btree (link_id, created_at);
CREATE INDEX credential_tokens_expiry ON public.credential_tokens USING btree (expires_at);
CREATE INDEX credential_usage_organisation ON public.credential_usage USING btree (organisation_id, mode, hour);
CREATE INDEX credential_usage_refused ON public.credential_usage USING btree (refused_at) WHERE (refused_at IS NOT NULL);
CREATE INDEX events_appointment ON ONLY public.events USING btree (appointment_id);
CREATE INDEX events_cursor ON ONLY public.events USING btree (organisation_id, mode, transaction_id, id);
CREATE INDEX events_doubts ON ONLY public.events USING btree (organisation_id) WHERE ((from_state = 'uncertain'::text) OR (to_state = 'uncertain'::text));
CREATE INDEX events_YYYY_MM_appointment_id_idx ON public.events_YYYY_MM USING btree (appointment_id);
CREATE INDEX events_YYYY_MM_organisation_id_idx ON public.events_YYYY_MM USING btree (organisation_id) WHERE ((from_state = 'uncertain'::text) OR (to_state = 'uncertain'::text));
CREATE INDEX events_YYYY_MM_organisation_id_mode_transaction_id_id_idx ON public.events_YYYY_MM USING btree (organisation_id, mode, transaction_id, id);
CREATE INDEX factor_failures_help_code ON public.factor_failures USING btree (help_code) WHERE (help_code IS NOT NULL);
CREATE INDEX incident_alerts_owed ON public.incident_alerts USING btree (due_at) WHERE (delivered_at IS NULL);
CREATE INDEX incident_entries_incident ON public.incident_entries USING btree (incident_id, id);
CREATE UNIQUE INDEX incident_entries_closed ON public.incident_entries USING btree (incident_id) WHERE (kind = 'closed'::text);
CREATE INDEX incident_organisations_organisation ON public.incident_organisations USING btree (organisation_id, mode);
CREATE INDEX incident_references_appointment ON public.incident_references USING btree (appointment_id);
CREATE INDEX incident_references_page ON public.incident_references USING btree (incident_id, organisation_id, mode, reference, appointment_id);
CREATE INDEX links_appointment ON public.links USING btree (appointment_id);
CREATE INDEX links_expiry ON public.links USING btree (expires_at);
CREATE INDEX links_parcel_day ON public.links USING btree (parcel_day) WHERE (parcel IS NOT NULL);
CREATE INDEX links_replaced ON public.links USING btree (parcel_day) WHERE ((parcel IS NOT NULL) AND (NOT current));
CREATE TRIGGER delete_what_hangs_on AFTER DELETE ON public.links REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE TRIGGER keep_selector AFTER UPDATE OF selector ON public.links FOR EACH ROW WHEN (((CURRENT_USER = 'sotto_worker'::name) AND (old.selector IS NOT NULL) AND (new.selector IS DISTINCT FROM old.selector))) EXECUTE FUNCTION keep_selector();
CREATE TRIGGER truncate_what_hangs_on AFTER TRUNCATE ON public.links FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE UNIQUE INDEX links_current ON public.links USING btree (reminder_id, channel) WHERE current;
CREATE INDEX ops_requests_open ON public.ops_requests USING btree (asked_at) WHERE (decision IS NULL);
CREATE UNIQUE INDEX ops_requests_once ON public.ops_requests USING btree (action, details, asked_person) WHERE (decision IS NULL);
CREATE TRIGGER note_portal_change BEFORE UPDATE ON public.organisations FOR EACH ROW EXECUTE FUNCTION note_portal_change();
CREATE INDEX passkeys_subject ON public.passkeys USING btree (subject_index);
CREATE INDEX passkeys_used ON public.passkeys USING btree (used_on);
CREATE UNIQUE INDEX pauses_active ON public.pauses USING btree (organisation_id, channel) NULLS NOT DISTINCT WHERE (ended_at IS NULL);
CREATE INDEX receipts_age ON public.receipts USING brin (issued_at);
CREATE INDEX reminders_appointment ON public.reminders USING btree (appointment_id);
CREATE INDEX reminders_deadline ON public.reminders USING btree (not_after) WHERE (phase = ANY (ARRAY['scheduled'::text, 'failed'::text, 'uncertain'::text]));
CREATE INDEX reminders_due ON public.reminders USING btree (channel, mode, organisation_id, due_at) INCLUDE (not_after, id, appointment_id) WHERE (phase = 'scheduled'::text);
CREATE INDEX reminders_expired ON public.reminders USING btree (not_after) WHERE (phase = 'expired'::text);
CREATE INDEX reminders_failed ON public.reminders USING btree (id) WHERE (phase = 'failed'::text);
CREATE INDEX reminders_hurried ON public.reminders USING btree (channel, mode, organisation_id, due_at) INCLUDE (not_after, id, appointment_id) WHERE ((phase = 'scheduled'::text) AND ((kind = 'notice'::text) OR ((not_after - due_at) < '06:00:00'::interval)));
CREATE INDEX reminders_lease ON public.reminders USING btree (lease_until, batch_id) WHERE (phase = 'in_hand'::text);
CREATE INDEX reminders_put_off ON public.reminders USING btree (channel, mode, send_at) WHERE ((phase = 'scheduled'::text) AND (due_at > send_at));
CREATE INDEX reminders_settle ON public.reminders USING btree (channel, mode, settle_at) WHERE (phase = 'uncertain'::text);
CREATE INDEX reminders_uncertain ON public.reminders USING btree (id) WHERE (phase = 'uncertain'::text);
CREATE TRIGGER begin_doubt BEFORE UPDATE OF state ON public.reminders FOR EACH ROW WHEN (((new.state = 'uncertain'::text) AND (old.state <> 'uncertain'::text))) EXECUTE FUNCTION begin_doubt();
CREATE TRIGGER begin_doubt_at_birth BEFORE INSERT ON public.reminders FOR EACH ROW WHEN ((new.state = 'uncertain'::text)) EXECUTE FUNCTION begin_doubt();
CREATE TRIGGER delete_attempts AFTER DELETE ON public.reminders REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_attempts_with_reminders();
CREATE TRIGGER truncate_attempts AFTER TRUNCATE ON public.reminders FOR EACH STATEMENT EXECUTE FUNCTION delete_attempts_with_reminders();
CREATE INDEX sealed_callbacks_received ON public.sealed_callbacks USING btree (received_at);
CREATE INDEX send_check_secrets_check ON public.send_check_secrets USING btree (check_id);
CREATE INDEX send_questions_answered ON public.send_questions USING btree (organisation_id, mode, proceed_until) WHERE (proceed_until IS NOT NULL);
CREATE INDEX send_questions_unanswered ON public.send_questions USING btree (organisation_id, mode, unanswered_since) WHERE (unanswered_since IS NOT NULL);
CREATE INDEX suppressions_created ON public.suppressions USING btree (created_at);
CREATE INDEX versions_expiry ON public.versions USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE TRIGGER delete_what_hangs_on AFTER DELETE ON public.versions REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE TRIGGER refuse_before_compared BEFORE INSERT ON public.versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_before_compared();
CREATE TRIGGER truncate_what_hangs_on AFTER TRUNCATE ON public.versions FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs_on();
CREATE INDEX webhook_endpoints_organisation ON public.webhook_endpoints USING btree (organisation_id, mode);
CREATE INDEX webhook_failures_age ON public.webhook_failures USING btree (failed_at);
CREATE INDEX webhook_failures_endpoint ON public.webhook_failures USING btree (endpoint_id, id);
CREATE INDEX webhook_secrets_endpoint ON public.webhook_secrets USING btree (endpoint_id);

create policy canary on appointments for all to sotto_owner
  using ((organisation_id = '00000000-0000-4000-8000-000000ca9a41'::uuid));
create policy erasing_all on appointments for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on appointments for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on appointments for select to sotto_lookup
  using (true);
create policy own_organisations on appointments for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on appointments for all to sotto_restorer
  using (true)
  with check (true);
create policy erasing_all on attempts for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on attempts for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on attempts for select to sotto_lookup
  using (true);
create policy only_at_once on attempts as restrictive for update to sotto_api
  using (true)
  with check ((copy_owed_at <= clock_timestamp()));
create policy own_organisations on attempts for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on attempts for all to sotto_restorer
  using (true)
  with check (true);
create policy administration_adds on audit for insert to sotto_owner
  with check (true);
create policy administration_reads on audit for select to sotto_owner
  using (true);
create policy by_role on audit for all to sotto_ops
  using (true)
  with check (true);
create policy checked on audit for select to sotto_scheduler
  using (true);
create policy own_send_checks on audit for insert to sotto_api
  with check (((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])) AND (action ~~ 'send_check.%'::text) AND (actor ~~ 'credential %'::text)));
create policy own_settings on audit for insert to sotto_api
  with check (((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])) AND (action = 'organisation.set'::text) AND (actor ~~ 'credential %'::text)));
create policy own_webhooks on audit for insert to sotto_api
  with check (((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])) AND (action ~~ 'webhook.%'::text) AND (actor ~~ 'credential %'::text)));
create policy retired on audit for delete to sotto_owner
  using ((id <= ( SELECT c.base_id
   FROM audit_chain c)));
create policy administration on audit_chain for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on audit_chain for select to sotto_scheduler
  using (true);
create policy by_role on batches for select to sotto_ops
  using (true);
create policy every_organisation on batches for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy by_role on canary_messages for insert to sotto_patient, sotto_worker
  with check (true);
create policy by_role_of_scheduler on canary_messages for all to sotto_scheduler
  using (true)
  with check (true);
create policy administration on canary_runs for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on canary_runs for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on canary_runs for all to sotto_scheduler
  using (true)
  with check (true);
create policy every_organisation on carried_balances for all to sotto_scheduler
  using (true)
  with check (true);
create policy folding on carried_balances for all to sotto_owner
  using (true)
  with check (true);
create policy lookup on carried_balances for select to sotto_lookup
  using (true);
create policy carrying on carried_ends for insert to sotto_owner
  with check (true);
create policy every_organisation on carried_ends for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on carried_ends for select to sotto_api
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy carrying on carried_lives for insert to sotto_owner
  with check (true);
create policy every_organisation on carried_lives for all to sotto_scheduler
  using (true)
  with check (true);
create policy carrying on carried_steps for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on carried_steps for all to sotto_scheduler
  using (true)
  with check (true);
create policy lookup on carried_steps for select to sotto_lookup
  using (true);
create policy own_organisations on carried_steps for select to sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy every_organisation on code_counts for select to sotto_scheduler
  using (true);
create policy own_organisations on code_counts for all to sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy retention on code_counts for delete to sotto_scheduler
  using ((hour < (clock_timestamp() - '36:00:00'::interval)));
create policy every_organisation on codes for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy only_old on codes as restrictive for delete to sotto_scheduler
  using ((expires_at < (clock_timestamp() - '1 day'::interval)));
create policy own_organisations on codes for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy erasing_all on content_keys for all to sotto_eraser
  using (true)
  with check (true);
create policy own_organisations on content_keys for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy administration on credential_keys for all to sotto_owner
  using (true)
  with check (true);
create policy own_organisations on credential_keys for all to sotto_api
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on credential_keys for all to sotto_restorer
  using (true);
create policy administration on credential_organisations for all to sotto_owner
  using (true)
  with check (true);
create policy lookup on credential_organisations for select to sotto_lookup
  using (true);
create policy own_organisations on credential_organisations for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on credential_organisations for all to sotto_restorer
  using (true)
  with check (true);
create policy every_organisation on credential_tokens for select to sotto_scheduler
  using (true);
create policy own_organisations on credential_tokens for all to sotto_api
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy retention on credential_tokens for delete to sotto_scheduler
  using ((expires_at < (clock_timestamp() - '01:00:00'::interval)));
create policy administration on credential_usage for select to sotto_owner
  using (true);
create policy every_organisation on credential_usage for select to sotto_scheduler
  using (true);
create policy lookup on credential_usage for select to sotto_lookup
  using (true);
create policy own_organisations on credential_usage for all to sotto_api
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy retention on credential_usage for delete to sotto_scheduler
  using ((hour < (clock_timestamp() - '36:00:00'::interval)));
create policy administration on credentials for all to sotto_owner
  using (true)
  with check (true);
create policy lookup on credentials for select to sotto_lookup
  using (true);
create policy own_organisations on credentials for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on credentials for all to sotto_restorer
  using (true)
  with check (true);
create policy administration on database_lives for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on database_lives for select to sotto_api, sotto_ops, sotto_patient, sotto_restorer, sotto_worker
  using (true);
create policy by_role_of_scheduler on database_lives for all to sotto_scheduler
  using (true)
  with check (true);
create policy administration on event_months for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on event_months for select to sotto_api, sotto_ops
  using (true);
create policy every_organisation on event_months for all to sotto_scheduler
  using (true)
  with check (true);
create policy lookup on event_months for select to sotto_lookup
  using (true);
create policy canary on events for all to sotto_owner
  using ((organisation_id = '00000000-0000-4000-8000-000000ca9a41'::uuid));
create policy erasing_all on events for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on events for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on events for select to sotto_lookup
  using (true);
create policy own_organisations on events for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring on events for select to sotto_owner
  using (true);
create policy restoring_all on events for all to sotto_restorer
  using (true)
  with check (true);
create policy erasing_all on factor_failures for all to sotto_eraser
  using (true)
  with check (true);
create policy own_organisations on factor_failures for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on factor_failures for all to sotto_restorer
  using (true)
  with check (true);
create policy by_role on field_fills for all to sotto_api
  using (true)
  with check (true);
create policy by_role_of_scheduler on field_fills for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on heartbeats for select to sotto_ops
  using (true);
create policy every_organisation on heartbeats for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on heartbeats for select to sotto_lookup
  using (true);
create policy own_signs on heartbeats for all to sotto_api
  using (((name = 'key_missing'::text) OR (name ~~ 'refusing %'::text)));
create policy administration on incident_alerts for select to sotto_owner
  using (true);
create policy by_role on incident_alerts for select to sotto_ops
  using (true);
create policy every_organisation on incident_alerts for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy administration on incident_entries for select to sotto_owner
  using (true);
create policy by_role on incident_entries for select to sotto_ops
  using (true);
create policy closing on incident_entries for insert to sotto_ops, sotto_owner
  with check ((kind = 'closed'::text));
create policy every_organisation on incident_entries for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy only_seen on incident_entries as restrictive for insert to sotto_scheduler, sotto_worker
  with check ((kind = 'seen'::text));
create policy own_incidents on incident_entries for select to sotto_api
  using (((kind = 'closed'::text) AND (EXISTS ( SELECT
   FROM incident_organisations o
  WHERE (o.incident_id = incident_entries.incident_id)))));
create policy administration on incident_organisations for select to sotto_owner
  using (true);
create policy every_organisation on incident_organisations for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy own_organisations on incident_organisations for select to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy administration on incident_progress for select to sotto_owner
  using (true);
create policy by_role on incident_progress for select to sotto_ops
  using (true);
create policy every_organisation on incident_progress for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy administration on incident_references for select to sotto_owner
  using (true);
create policy every_organisation on incident_references for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy own_organisations on incident_references for select to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy administration on incidents for select to sotto_owner
  using (true);
create policy by_role on incidents for select to sotto_ops
  using (true);
create policy every_organisation on incidents for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy own_incidents on incidents for select to sotto_api
  using ((EXISTS ( SELECT
   FROM incident_organisations o
  WHERE (o.incident_id = incidents.id))));
create policy administration on kept_floors for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on kept_floors for select to sotto_scheduler
  using (true);
create policy every_organisation on ledger_breaks for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on ledger_breaks for select to sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy by_role on ledger_proofs for select to sotto_ops
  using (true);
create policy every_organisation on ledger_proofs for all to sotto_scheduler
  using (true)
  with check (true);
create policy erasing_all on links for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on links for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on links for select to sotto_lookup
  using (true);
create policy only_empties on links as restrictive for update to sotto_scheduler
  using (true)
  with check (((parcel IS NULL) AND (parcel_day IS NULL)));
create policy own_organisations on links for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on links for all to sotto_restorer
  using (true)
  with check (true);
create policy by_role on measuring for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on measuring for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on minute_hand_overs for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on minute_hand_overs for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on minute_lateness for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on minute_lateness for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on minute_opt_outs for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on minute_opt_outs for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on minute_transitions for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on minute_transitions for all to sotto_scheduler
  using (true)
  with check (true);
create policy asks on ops_requests for insert to sotto_ops, sotto_owner
  with check ((decision IS NULL));
create policy decides on ops_requests for update to sotto_ops, sotto_owner
  using (((decision IS NULL) AND (expires_at > clock_timestamp())))
  with check ((decision IS NOT NULL));
create policy looks on ops_requests for select to sotto_ops, sotto_owner
  using (true);
create policy makes_way on ops_requests for delete to sotto_ops
  using (((decision IS NULL) AND (expires_at <= clock_timestamp())));
create policy retired on ops_requests for delete to sotto_owner
  using (true);
create policy administration on ops_sessions for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on ops_sessions for all to sotto_ops
  using (true)
  with check (true);
create policy restoring_all on ops_sessions for all to sotto_restorer
  using (true)
  with check (true);
create policy administration on ops_users for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on ops_users for all to sotto_ops
  using (true)
  with check (false);
create policy restoring_all on ops_users for all to sotto_restorer
  using (true)
  with check (true);
create policy administration on organisations for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on organisations for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on organisations for select to sotto_lookup
  using (true);
create policy own_organisations on organisations for all to sotto_api, sotto_ops, sotto_patient
  using ((id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on organisations for all to sotto_restorer
  using (true)
  with check (true);
create policy every_organisation on passkeys for all to sotto_scheduler
  using (true)
  with check (true);
create policy only_old on passkeys as restrictive for delete to sotto_scheduler
  using ((used_on < (((clock_timestamp() AT TIME ZONE 'UTC'::text))::date - 400)));
create policy own_organisations on passkeys for all to sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on passkeys for all to sotto_restorer
  using (true);
create policy administration on pauses for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on pauses for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on pauses for select to sotto_lookup
  using (true);
create policy own_organisations on pauses for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy pause_the_deployment on pauses for insert to sotto_ops
  with check ((organisation_id IS NULL));
create policy resume_the_deployment on pauses for update to sotto_ops
  using ((organisation_id IS NULL))
  with check ((organisation_id IS NULL));
create policy whole_deployment on pauses for select to sotto_ops
  using ((organisation_id IS NULL));
create policy by_role on phone_day_counts for all to sotto_patient
  using (true)
  with check (true);
create policy every_organisation on phone_day_counts for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy only_old on phone_day_counts as restrictive for delete to sotto_scheduler
  using ((day < (((clock_timestamp() AT TIME ZONE 'UTC'::text))::date - 1)));
create policy canary on receipts for all to sotto_owner
  using ((organisation_id = '00000000-0000-4000-8000-000000ca9a41'::uuid));
create policy every_organisation on receipts for all to sotto_scheduler
  using (true)
  with check (true);
create policy only_old on receipts as restrictive for delete to sotto_scheduler
  using ((issued_at < (clock_timestamp() - '7 days'::interval)));
create policy own_organisations on receipts for all to sotto_api
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy erasing_all on reminders for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on reminders for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on reminders for select to sotto_lookup
  using (true);
create policy own_organisations on reminders for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on reminders for all to sotto_restorer
  using (true)
  with check (true);
create policy administration on revoked_days for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on revoked_days for select to sotto_worker
  using (true);
create policy restoring_all on revoked_days for all to sotto_restorer
  using (true)
  with check (true);
create policy administration on revoked_selectors for all to sotto_owner
  using (true)
  with check (true);
create policy by_role on revoked_selectors for select to sotto_ops, sotto_patient
  using (true);
create policy every_organisation on revoked_selectors for select to sotto_worker
  using (true);
create policy restoring_all on revoked_selectors for all to sotto_restorer
  using (true)
  with check (true);
create policy by_role on sealed_callbacks for insert to sotto_api
  with check (true);
create policy every_organisation on sealed_callbacks for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy administration on send_check_secrets for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on send_check_secrets for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on send_check_secrets for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy administration on send_checks for all to sotto_owner
  using (true)
  with check (true);
create policy every_organisation on send_checks for all to sotto_scheduler
  using (true)
  with check (true);
create policy lookup on send_checks for select to sotto_lookup
  using (true);
create policy own_organisations on send_checks for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on send_checks for all to sotto_restorer
  using (true)
  with check (true);
create policy every_organisation on send_questions for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on send_questions for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy by_role on sender_paces for all to sotto_patient, sotto_worker
  using (true)
  with check (true);
create policy every_organisation on source_failures for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy only_old on source_failures as restrictive for delete to sotto_scheduler
  using ((updated_at < (clock_timestamp() - '7 days'::interval)));
create policy own_organisations on source_failures for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy administration on suppressions for all to sotto_owner
  using (true);
create policy by_role on suppressions for all to sotto_patient
  using (true)
  with check (true);
create policy every_organisation on suppressions for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy lookup on suppressions for select to sotto_lookup
  using (true);
create policy restoring_all on suppressions for all to sotto_restorer
  using (true)
  with check (true);
create policy by_role on total_hand_overs for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on total_hand_overs for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on total_lateness for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on total_lateness for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on total_opt_outs for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on total_opt_outs for all to sotto_scheduler
  using (true)
  with check (true);
create policy by_role on total_transitions for select to sotto_ops
  using (true);
create policy by_role_of_scheduler on total_transitions for all to sotto_scheduler
  using (true)
  with check (true);
create policy erasing_all on versions for all to sotto_eraser
  using (true)
  with check (true);
create policy every_organisation on versions for all to sotto_scheduler, sotto_worker
  using (true)
  with check (true);
create policy own_organisations on versions for all to sotto_api, sotto_ops, sotto_patient
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on versions for all to sotto_restorer
  using (true)
  with check (true);
create policy every_organisation on webhook_endpoints for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on webhook_endpoints for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy restoring_all on webhook_endpoints for all to sotto_restorer
  using (true)
  with check (true);
create policy every_organisation on webhook_failures for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on webhook_failures for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));
create policy every_organisation on webhook_secrets for all to sotto_scheduler
  using (true)
  with check (true);
create policy own_organisations on webhook_secrets for all to sotto_api, sotto_ops
  using ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])))
  with check ((organisation_id = ANY (( SELECT visible_organisations() AS visible_organisations)::uuid[])));

CREATE OR REPLACE FUNCTION public.audit_field(field text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select case when field is null then '~' else octet_length(convert_to(field, 'UTF8')) || ':' || field || ',' end
$function$;
alter function audit_field(text) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.audit_hash(before bytea, id bigint, at timestamp with time zone, actor text, action text, organisation_id uuid, subject text, reason text)
 RETURNS bytea
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_catalog', 'pg_temp'
AS $function$
  select sha256(before || convert_to(
    audit_field(id::text)
    || audit_field(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    || audit_field(actor) || audit_field(action) || audit_field(organisation_id::text)
    || audit_field(subject) || audit_field(reason), 'UTF8'))
$function$;
alter function audit_hash(bytea,bigint,timestamp with time zone,text,text,uuid,text,text) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.begin_doubt()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  new.doubted_at := clock_timestamp();
  new.settle_at := new.doubted_at;
  new.settle_count := 0;
  new.doubt_alarmed_at := null;
  return new;
end
$function$;
alter function begin_doubt() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.begin_life(new_number integer, point timestamp with time zone, new_identity text, new_timeline text, least_transaction bigint, least_event bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  last database_lives;
  shift bigint;
begin
  select * into last from database_lives order by number desc limit 1;
  if last.number >= new_number then return; end if;
  -- What was numbered after the last mark is not known; so much in a minute is out of reach.
  shift := greatest(least_transaction, last.transaction_shift + pg_current_xact_id()::text::bigint,
      (select max(e.transaction_id::text::bigint)
        from (select transaction_id from events order by created_at desc limit 10000) e))
    + 1099511627776 - pg_current_xact_id()::text::bigint;
  execute format('alter table only events alter column transaction_id
    set default ((pg_current_xact_id()::text::bigint + %s)::text::xid8)', shift);
  perform setval(pg_get_serial_sequence('events', 'id'),
    greatest(least_event, nextval(pg_get_serial_sequence('events', 'id'))) + 1048576);
  insert into database_lives (number, restored_to, identity, timeline, run, marked_at, transaction_shift,
      accepted, counted_until)
    values (new_number, point, new_identity, new_timeline, '', last.marked_at, shift,
      last.accepted, last.counted_until);
end
$function$;
alter function begin_life(integer,timestamp with time zone,text,text,bigint,bigint) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.book_moments(its_sender text, is_code boolean, wanted integer, every_ms double precision, lead_ms double precision, ahead_ms double precision, OUT now_ms double precision, OUT first_ms double precision, OUT booked integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  free_ms float8;
  last_ms float8;
begin
  loop
    select extract(epoch from s.free_at) * 1000, extract(epoch from s.reminder_at) * 1000
      into free_ms, last_ms from sender_paces s where s.sender = its_sender for no key update;
    exit when found;
    insert into sender_paces values (its_sender, clock_timestamp() + interval '1 second', 'epoch')
      on conflict do nothing;
  end loop;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  if free_ms > now_ms + 20000 + 4 * every_ms then
    free_ms := 0;
    last_ms := 0;
  end if;
  first_ms := greatest(free_ms, now_ms + lead_ms);
  booked := greatest(0, least(wanted, floor((now_ms + lead_ms + ahead_ms - first_ms) / every_ms) + 1));
  if booked = 0 and wanted > 0 and not is_code and first_ms >= last_ms + 3.5 * every_ms then
    booked := 1;
  end if;
  if booked > 0 then
    free_ms := first_ms + booked * every_ms;
    last_ms := case when is_code then last_ms else free_ms - every_ms end;
    update sender_paces s
    set free_at = to_timestamp(free_ms / 1000), reminder_at = to_timestamp(last_ms / 1000)
    where s.sender = its_sender;
  end if;
end
$function$;
alter function book_moments(text,boolean,integer,double precision,double precision,double precision) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.carry_event_month(old_month date)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  month_begin constant text := to_char(old_month, 'YYYY-MM-DD') || ' 00:00:00+00';
  month_end constant text := to_char(old_month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
  stand event_months;
  last_carried uuid;
begin
  -- No event may follow. The transaction's own time, for it may see nothing that is newer.
  if month_end::timestamptz > now() - interval '8 days' then
    return false;
  end if;
  insert into event_months (month) values (old_month) on conflict (month) do nothing;
  select * into strict stand from event_months where month = old_month for no key update;
  if stand.carried_at is not null then
    return false;
  end if;
  -- As a text, so that it is planned for this month alone.
  execute format($carry$
    with page as materialized (
      select distinct e.appointment_id from events e
      where e.created_at >= %1$L and e.created_at < %2$L and e.appointment_id > %3$L
      order by e.appointment_id limit 1000
    ), step as materialized (
      select e.organisation_id, e.mode, e.appointment_id, e.reminder_id, e.from_state, e.to_state, e.reason_code
      from events e where e.created_at >= %1$L and e.created_at < %2$L
        and e.appointment_id = any (array(select appointment_id from page))
        and e.reminder_id is not null and e.to_state is not null and e.from_state is distinct from e.to_state
    ), steps as (
      insert into carried_steps as c (month, organisation_id, mode, from_state, to_state, reason_code, count)
      select %4$L, organisation_id, mode, from_state, to_state, reason_code, count(*) from step
      group by 2, 3, 4, 5, 6
      on conflict (month, organisation_id, mode, from_state, to_state, reason_code)
        do update set count = c.count + excluded.count
    ), lives as (
      insert into carried_lives (month, organisation_id, mode, appointment_id, reminder_id, state, step)
      select %4$L, s.organisation_id, s.mode, s.appointment_id, s.reminder_id, t.state, sum(t.step)
      from step s cross join lateral (values (s.to_state, 1), (s.from_state, -1)) as t (state, step)
      where t.state is not null
        and s.appointment_id = any (array(select find_appointments(array(select appointment_id from page))))
      group by 2, 3, 4, 5, 6 having sum(t.step) <> 0
    )
    select appointment_id from page order by 1 desc limit 1
  $carry$, month_begin, month_end, stand.carried_to, to_char(old_month, 'YYYY-MM-DD')) into last_carried;
  if last_carried is not null then
    update event_months set carried_to = last_carried where month = old_month;
    return true;
  end if;
  execute format($ends$
    insert into carried_ends (month, organisation_id, mode, transaction_id, id)
    select %3$L, o.id, m.mode, l.transaction_id, l.id from organisations o
    cross join (values ('live'), ('test')) as m (mode)
    cross join lateral (select e.transaction_id, e.id from events e
      where e.created_at >= %1$L and e.created_at < %2$L and e.organisation_id = o.id and e.mode = m.mode
        -- As the readers of events see it.
        and e.transaction_id < (select events_horizon())
        and e.to_state is distinct from 'queued' and e.to_state is distinct from 'sending'
        and not (e.to_state is not distinct from 'scheduled'
          and coalesce(e.from_state in ('queued', 'sending'), false))
      order by e.transaction_id desc, e.id desc limit 1) l
  $ends$, month_begin, month_end, to_char(old_month, 'YYYY-MM-DD'));
  update event_months set carried_at = clock_timestamp() where month = old_month;
  return false;
end
$function$;
alter function carry_event_month(date) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.chain_audit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  chain audit_chain;
begin
  select * into strict chain from audit_chain for update;
  new.id := chain.last_id + 1;
  new.hash := audit_hash(chain.last_hash, new.id, new.at, new.actor, new.action, new.organisation_id,
    new.subject, new.reason);
  update audit_chain set last_id = new.id, last_hash = new.hash;
  return new;
end
$function$;
alter function chain_audit() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.count_due_reminders(due_after timestamp with time zone, due_until timestamp with time zone)
 RETURNS TABLE(organisation_id uuid, channel text, mode text, due_count integer, oldest_due_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select o.id, l.channel, l.mode, d.due_count, d.oldest_due_at
  from organisations o
  cross join (values ('sms', 'live'), ('email', 'live'), ('sms', 'test'), ('email', 'test'))
    as l (channel, mode)
  cross join lateral (select count(*)::integer as due_count, min(w.due_at) as oldest_due_at from (
    select r.due_at from reminders r
    where r.phase = 'scheduled' and r.channel = l.channel and r.mode = l.mode
      and r.organisation_id = o.id and r.due_at > due_after and r.due_at <= due_until
    order by r.due_at limit 10000) w) d
  where d.due_count > 0
$function$;
alter function count_due_reminders(timestamp with time zone,timestamp with time zone) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.count_held_reminders(paused_organisation uuid, paused_channel text)
 RETURNS TABLE(organisation_id uuid, mode text, going_out integer, still_held integer, expired integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with paused as (
    select p.id, p.created_at from pauses p where p.ended_at is null
      and p.organisation_id is not distinct from paused_organisation
      and p.channel is not distinct from paused_channel
  ), counted as (
    select r.organisation_id, r.mode, r.not_after <= now() as is_late,
      a.paused_at is not null or exists (select from pauses o where o.ended_at is null
        and o.id <> paused.id
        and (o.organisation_id is null or o.organisation_id = r.organisation_id)
        and (o.channel is null or o.channel = r.channel)) as is_held
    from paused, reminders r join appointments a on a.id = r.appointment_id
    where r.phase = 'scheduled' and r.due_at <= now()
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
    union all
    select r.organisation_id, r.mode, true, false
    from paused, reminders r
    where r.phase = 'expired' and r.not_after > paused.created_at and r.attempt_count = 0
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
  )
  select c.organisation_id, c.mode,
    count(*) filter (where not c.is_late and not c.is_held)::integer,
    count(*) filter (where not c.is_late and c.is_held)::integer,
    count(*) filter (where c.is_late)::integer
  from counted c group by c.organisation_id, c.mode order by c.organisation_id, c.mode
$function$;
alter function count_held_reminders(uuid,text) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.count_late_appointments(late_mode text, late_by timestamp with time zone)
 RETURNS TABLE(soon_count integer, mismatch_count integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (count(distinct a.id) filter (where a.starts_at <= now() + interval '1 day'))::integer,
    (count(*) filter (where a.paused_at is not null))::integer
  from organisations o
  cross join (values ('sms'), ('email')) as c (channel)
  cross join lateral (select r.appointment_id from reminders r
    where r.phase = 'scheduled' and r.channel = c.channel and r.mode = late_mode
      and r.organisation_id = o.id and r.due_at <= late_by
    order by r.due_at limit 2000) w
  join appointments a on a.id = w.appointment_id
$function$;
alter function count_late_appointments(text,timestamp with time zone) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.count_ledger(only_organisation uuid)
 RETURNS TABLE(organisation_id uuid, mode text, state text, by_rows bigint, carried bigint, by_events bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
alter function count_ledger(uuid) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.current_run()
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select oid::text || ' ' || 'public.database_lives'::regclass::oid::text || ' ' || extract(epoch from pg_postmaster_start_time())::text
  from pg_database where datname = current_database()
$function$;
alter function current_run() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.delete_attempts_with_reminders()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'TRUNCATE' then
    delete from attempts;
  else
    delete from attempts where reminder_id = any(array(select id from gone));
  end if;
  return null;
end
$function$;
alter function delete_attempts_with_reminders() owner to sotto_eraser;

CREATE OR REPLACE FUNCTION public.delete_old_records(kept_days integer, rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  over timestamptz := clock_timestamp()
    - make_interval(days => greatest(kept_days, (select audit_days from kept_floors)));
  total integer := 0;
  deleted integer;
  last_over bigint;
begin
  delete from ops_requests where asked_at < over;
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
  total := total + deleted;
  -- Last, for who writes to the audit waits until this ends.
  select max(w.id) into last_over
    from (select o.id, bool_and(o.at < over) over (order by o.id) as is_over
      from (select a.id, a.at from audit a order by a.id limit rows_max) o) w
    where w.is_over;
  if last_over is null then
    return total;
  end if;
  update audit_chain set base_id = last_over, base_hash = (select a.hash from audit a where a.id = last_over)
    where base_id < last_over;
  delete from audit where id <= last_over;
  get diagnostics deleted = row_count;
  return total + deleted;
end
$function$;
alter function delete_old_records(integer,integer) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.delete_what_hangs_on()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  case tg_table_name || ' ' || tg_op
    when 'appointments DELETE' then
      delete from versions where appointment_id = any(array(select id from gone));
      delete from links where appointment_id = any(array(select id from gone));
      delete from reminders where appointment_id = any(array(select id from gone));
    when 'links DELETE' then
      delete from content_keys where link_id = any(array(select id from gone));
    when 'versions DELETE' then
      -- One without its link is gone by now.
      delete from content_keys k using gone g, links l
        where l.appointment_id = g.appointment_id and k.link_id = l.id and k.version = g.version;
    when 'appointments TRUNCATE' then
      delete from versions;
      delete from links;
      delete from reminders;
    else
      delete from content_keys;
  end case;
  return null;
end
$function$;
alter function delete_what_hangs_on() owner to sotto_eraser;

CREATE OR REPLACE FUNCTION public.doubt_restored(point timestamp with time zone, doubt_from timestamp with time zone, doubt_until timestamp with time zone, after_id uuid, count_max integer)
 RETURNS TABLE(last_id uuid, doubted integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  return query with walked as materialized (
      select r.id, r.state, r.reason_code, r.send_at, r.not_after, r.possibly_sent from reminders r
      where r.id > after_id order by r.id limit count_max
    ), due as materialized (
      select r.id, r.state as from_state,
        case when r.phase = 'failed' then 'failed' else 'uncertain' end as to_state
      from reminders r
      where r.id = any (array(select w.id from walked w
          where (w.send_at between doubt_from and doubt_until
              and (w.state in ('scheduled', 'queued', 'sending')
                or (w.state = 'uncertain' and w.reason_code is distinct from 'restored')))
            or (w.state = 'failed' and not w.possibly_sent and w.not_after > point)))
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
      order by r.id for no key update
    ), tried as (
      update attempts t set outcome = 'uncertain', reason_code = 'restored', ended_at = clock_timestamp()
      where t.reminder_id = any (array(select d.id from due d)) and t.outcome is null
    ), changed as (
      -- A window of its own for each, also for what had been looked for before.
      update reminders r set state = d.to_state, possibly_sent = r.possibly_sent or d.to_state = 'failed',
        reason_code = case when d.to_state = 'failed' then r.reason_code else 'restored' end,
        batch_id = null, lease_until = null,
        doubted_at = case when d.to_state = 'failed' then r.doubted_at else clock_timestamp() end,
        settle_at = case when d.to_state = 'failed' then r.settle_at else clock_timestamp() end,
        settle_count = r.settle_count + 1, doubt_alarmed_at = null, updated_at = clock_timestamp()
      from due d where r.id = d.id
      returning r.*, d.from_state
    ), linked as (
      -- The patient may have it: a later version must not take it back as one that nobody has seen.
      update links l set attempted_at = c.send_at from changed c
      where l.reminder_id = c.id and l.channel = c.channel and c.state = 'uncertain'
        and l.attempted_at is null and l.revoked_at is null
    ), told as (
      insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
        to_state, reason_code, possible_duplicate, possibly_sent)
      select c.organisation_id, c.mode, 'reminder.' || c.state, a.reference, c.appointment_id, c.id,
        c.from_state, c.state, 'restored', c.possible_duplicate, c.possibly_sent
      from changed c join appointments a on a.id = c.appointment_id
      where c.state <> c.from_state or c.state = 'failed'
    )
    select (select w.id from walked w order by w.id desc limit 1), (select count(*)::integer from changed);
end
$function$;
alter function doubt_restored(timestamp with time zone,timestamp with time zone,timestamp with time zone,uuid,integer) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.drop_event_month(old_month date, kept_days integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  days integer := greatest(kept_days, (select events_days from kept_floors));
begin
  update event_months set dropped_at = clock_timestamp()
    where month = old_month and carried_at is not null and dropped_at is null
      and (old_month + interval '1 month') at time zone 'UTC'
        <= clock_timestamp() - make_interval(days => days + 1);
  if not found then
    return false;
  end if;
  -- Last, for from here on nobody reads or writes an event until the transaction ends.
  execute format('drop table if exists %I', 'events_' || to_char(old_month, 'YYYY_MM'));
  return true;
end
$function$;
alter function drop_event_month(date,integer) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.end_links(those uuid[])
 RETURNS TABLE(ended integer, owed integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- As everybody locks: reminders first, then links, each by their ids.
  perform from reminders where id in (select reminder_id from links where id = any(those))
    order by id for no key update;
  perform from links where id = any(those) order by id for no key update;
  with changed as (
    update links l set
      selector = case when l.parcel_day is not null and l.current
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed') then null else l.selector end,
      revoked_at = case when l.parcel_day is not null and l.current
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed') then null
        else clock_timestamp() end
    from reminders r where r.id = l.reminder_id and l.id = any(those) and l.revoked_at is null
      and l.selector in (select s.selector from revoked_selectors s)
    returning l.organisation_id, l.mode, l.appointment_id, l.reminder_id, l.revoked_at, l.expires_at, r.state
  ), told as (
    insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, reason_code)
    select distinct c.organisation_id, c.mode, 'reminder.needs_reissue', a.reference, c.appointment_id,
      c.reminder_id, 'link_key_revoked'
    from changed c join appointments a on a.id = c.appointment_id
    where c.expires_at > clock_timestamp() and a.state <> 'erased'
      and (c.revoked_at is not null or c.state in ('sending', 'uncertain'))
  )
  select count(*) filter (where c.revoked_at is not null), count(*) filter (where c.revoked_at is null)
    into ended, owed from changed c;
  return next;
end
$function$;
alter function end_links(uuid[]) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.end_ops_sessions()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from ops_sessions;
end
$function$;
alter function end_ops_sessions() owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.end_revoked_links(after uuid, rows_max integer)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  walked uuid[];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  select array(select l.id from links l where l.id > after order by l.id limit rows_max) into walked;
  perform end_links(array(select l.id from links l where l.id = any(walked) and l.revoked_at is null
    and l.selector in (select s.selector from revoked_selectors s)));
  return walked[cardinality(walked)];
end
$function$;
alter function end_revoked_links(uuid,integer) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.ensure_canary(credential_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
alter function ensure_canary(bytea) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.ensure_event_partitions(months_ahead integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
alter function ensure_event_partitions(integer) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.erase_for_recipient(link_lookup bytea)
 RETURNS TABLE(appointment_id uuid, organisation_id uuid, mode text, reference text, erased_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  appointment appointments.id%type;
begin
  select a.id into appointment from links l join appointments a on a.id = l.appointment_id
    where l.lookup = link_lookup and l.revoked_at is null and l.expires_at > clock_timestamp()
    for no key update of a;
  if appointment is null then return; end if;
  -- Whoever held the row may have erased it, or revoked this link.
  perform from links l where l.lookup = link_lookup and l.revoked_at is null
    and l.expires_at > clock_timestamp();
  if not found then return; end if;

  with ended as (
    select r.id, r.state as from_state from reminders r
    where r.appointment_id = appointment
      and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
    order by r.id for no key update
  ), changed as (
    update reminders r set
      state = case when r.state = 'sending' then r.state else 'erased' end,
      pending_end = case when r.state = 'sending' then 'erased' else r.pending_end end,
      batch_id = case when r.state = 'sending' then r.batch_id end,
      lease_until = case when r.state = 'sending' then r.lease_until end,
      possibly_sent = r.possibly_sent or e.from_state = 'uncertain',
      updated_at = clock_timestamp()
    from ended e where r.id = e.id returning r.*, e.from_state
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, reason_code, possibly_sent)
  select c.organisation_id, c.mode, 'reminder.erased', a.reference, c.appointment_id, c.id, c.from_state,
    'erased', 'by_recipient', c.possibly_sent
  from changed c join appointments a on a.id = c.appointment_id where c.state = 'erased';
  delete from links l where l.appointment_id = appointment;
  delete from versions v where v.appointment_id = appointment;
  delete from factor_failures f where f.appointment_id = appointment;
  update attempts t set copy_owed_at = least(t.copy_owed_at, clock_timestamp())
    where t.reminder_id in (select r.id from reminders r where r.appointment_id = appointment);

  return query
    with erased as (
      update appointments a set state = 'erased', updated_at = clock_timestamp(),
        deleted_at = coalesce(a.deleted_at, clock_timestamp())
      where a.id = appointment returning a.id, a.organisation_id, a.mode, a.reference, a.deleted_at
    ), told as (
      insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
      select e.organisation_id, e.mode, 'appointment.erased', e.reference, e.id, 'by_recipient' from erased e
    )
    select e.id, e.organisation_id, e.mode, e.reference, clock_timestamp() from erased e;
end
$function$;
alter function erase_for_recipient(bytea) owner to sotto_eraser;

CREATE OR REPLACE FUNCTION public.events_horizon()
 RETURNS xid8
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + l.transaction_shift)::text::xid8
  from database_lives l order by l.number desc limit 1
$function$;
alter function events_horizon() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.find_appointments(those uuid[])
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select id from appointments where id = any (those)
$function$;
alter function find_appointments(uuid[]) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_attempt(attempt_token bytea)
 RETURNS TABLE(attempt_id uuid, organisation_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select a.id, a.organisation_id from attempts a where a.token = attempt_token and a.channel = 'sms'
$function$;
alter function find_attempt(bytea) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_credential(hash bytea)
 RETURNS TABLE(credential_id uuid, organisation_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 1
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select c.id, c.organisation_id from credentials c where c.key_hash = hash
$function$;
alter function find_credential(bytea) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_credential_organisation(credential uuid, organisation uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from credential_organisations o
    where o.credential_id = credential and o.organisation_id = organisation)
$function$;
alter function find_credential_organisation(uuid,uuid) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_credential_owners(credentials uuid[])
 RETURNS TABLE(credential_id uuid, organisation_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select c.id, c.organisation_id from credentials c where c.id = any ($1)
$function$;
alter function find_credential_owners(uuid[]) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_lanes_behind(those uuid[], at_least interval)
 RETURNS TABLE(organisation_id uuid, channel text, mode text, behind_ms double precision, is_held_up boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select o.id, c.channel, m.mode, extract(epoch from now() - b.since)::float8 * 1000,
    (select count(*) filter (where h.name = 'held-up ' || c.channel || ' ' || m.mode)
        >= greatest(1, count(*) filter (where h.name = 'dispatch'))
      from heartbeats h where h.name in ('dispatch', 'held-up ' || c.channel || ' ' || m.mode)
        and h.beat_at > now() - interval '20 seconds')
  from unnest(those) as o (id)
  cross join (values ('sms'), ('email')) as c (channel)
  cross join (values ('live'), ('test')) as m (mode)
  cross join lateral (select r.due_at from reminders r
    where r.phase = 'scheduled' and r.channel = c.channel and r.mode = m.mode
      and r.organisation_id = o.id and r.due_at <= now() - at_least and r.not_after > now()
      and not exists (select from appointments a
        where a.id = r.appointment_id and a.paused_at is not null)
    order by r.due_at limit 1) d
  cross join lateral (select greatest(d.due_at, max(coalesce(p.ended_at, now()))) as since from pauses p
    where (p.organisation_id is null or p.organisation_id = o.id)
      and (p.channel is null or p.channel = c.channel)) b
  where b.since <= now() - at_least and o.id = any ((select visible_organisations())::uuid[])
    and not exists (select from send_checks k where k.organisation_id = o.id and k.mode = m.mode)
$function$;
alter function find_lanes_behind(uuid[],interval) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_link(link_lookup bytea)
 RETURNS TABLE(link_id uuid, organisation_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select l.id, l.organisation_id from links l where l.lookup = link_lookup
$function$;
alter function find_link(bytea) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_suppression(wanted bytea)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.created_at from suppressions s where s.contact_index = wanted
$function$;
alter function find_suppression(bytea) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.find_transactions_around(span_from timestamp with time zone, span_until timestamp with time zone)
 RETURNS TABLE(after_transaction xid8, before_transaction xid8)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce((select e.transaction_id from events e
      where e.created_at < span_from - interval '15 minutes' order by e.created_at desc limit 1), '0'),
    coalesce((select e.transaction_id from events e
      where e.created_at >= span_until + interval '15 minutes' order by e.created_at limit 1),
      '9223372036854775807')
$function$;
alter function find_transactions_around(timestamp with time zone,timestamp with time zone) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.fold_carried_balances(from_organisation uuid, rows_max integer)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  next_organisation uuid;
begin
  with looked_at as materialized (
    select id, organisation_id, mode, state from carried_balances
    where organisation_id >= from_organisation order by organisation_id limit rows_max
  ), several as (
    select array_agg(id) as ids from looked_at group by organisation_id, mode, state having count(*) > 1
  ), gone as (
    delete from carried_balances where id in (select unnest(ids) from several)
    returning organisation_id, mode, state, count
  ), added as (
    insert into carried_balances (organisation_id, mode, state, count)
    select organisation_id, mode, state, sum(count) from gone group by 1, 2, 3
  )
  -- The last one may have more.
  select organisation_id into next_organisation from looked_at
  where (select count(*) from looked_at) = rows_max order by organisation_id desc limit 1;
  return next_organisation;
end
$function$;
alter function fold_carried_balances(uuid,integer) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.keep_erasure_receipt(appointment uuid, receipt bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update appointments a set erasure_receipt = receipt
  where a.id = appointment and a.state = 'erased' and a.erasure_receipt is null;
$function$;
alter function keep_erasure_receipt(uuid,bytea) owner to sotto_eraser;

CREATE OR REPLACE FUNCTION public.keep_selector()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  raise exception 'a link keeps its selector' using errcode = 'insufficient_privilege';
end
$function$;
alter function keep_selector() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.links_by_selector()
 RETURNS TABLE(selector text, links bigint, last_expires_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select l.selector, count(*), max(l.expires_at) from links l
  where l.selector is not null and l.revoked_at is null and l.expires_at > clock_timestamp()
  group by l.selector
$function$;
alter function links_by_selector() owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.list_organisation_ids()
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select o.id from organisations o
$function$;
alter function list_organisation_ids() owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.may_send()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select l.run is null or l.run = current_run() from database_lives l order by l.number desc limit 1
$function$;
alter function may_send() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.note_portal_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if new.portal_issuer is distinct from old.portal_issuer then
    new.portal_since := clock_timestamp();
  end if;
  return new;
end
$function$;
alter function note_portal_change() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.read_accepted(appointment_ids uuid[], versions integer[], link_ids uuid[])
 RETURNS TABLE(appointment_id uuid, is_replaced boolean, version_line text, link_line text, key_line text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
#variable_conflict use_column
begin
  return query
    select a.id, a.version > w.version or a.deleted_at is not null,
      concat_ws(' ', v.organisation_id, v.mode, v.version, coalesce(v.revision, -1), v.receipt_id,
        v.view_month, encode(sha256(v.content), 'hex')), null::text, null::text
    from unnest(appointment_ids, versions) as w (id, version)
    cross join lateral (select * from appointments a where a.id = w.id offset 0) a
    left join lateral (select * from versions v
      where v.appointment_id = w.id and v.version = w.version offset 0) v on true;
  return query
    select l.appointment_id, null::boolean, null::text, concat_ws(' ', l.id, l.reminder_id, l.channel,
        encode(sha256(l.lookup || l.seal_public_key || l.note), 'hex'), encode(sha256(l.parcel), 'hex')),
      null::text
    from unnest(link_ids) as w (id)
    cross join lateral (select * from links l where l.id = w.id offset 0) l;
  return query
    select w.id, null::boolean, null::text, null::text,
      concat_ws(' ', l.id, encode(sha256(k.sealed_key), 'hex'))
    from unnest(appointment_ids, versions) as w (id, version)
    cross join lateral (select l.id from links l where l.appointment_id = w.id offset 0) l
    cross join lateral (select k.sealed_key from content_keys k
      where k.link_id = l.id and k.version = w.version offset 0) k;
end
$function$;
alter function read_accepted(uuid[],integer[],uuid[]) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.refuse_before_compared()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not may_send() then raise exception 'held back' using errcode = 'ST001'; end if;
  return null;
end
$function$;
alter function refuse_before_compared() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.renew_suppression(wanted bytea)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update suppressions s set created_at = greatest(s.created_at, clock_timestamp())
    where s.contact_index = wanted returning true
$function$;
alter function renew_suppression(bytea) owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.replay_check_removals(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from send_checks c
    using jsonb_to_recordset(entries) as e (kind text, "checkId" uuid)
    where e.kind = 'send_check_removal' and c.id = e."checkId";
end
$function$;
alter function replay_check_removals(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_journal(entries jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  unknown integer := 0;
  erased uuid[];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  select coalesce(array_agg(a.id order by a.id) filter (where a.id is not null), '{}'),
      count(*) filter (where a.id is null)
    into erased, unknown
    from jsonb_to_recordset(entries) as e (kind text, "appointmentId" uuid)
    left join appointments a on a.id = e."appointmentId"
    where e.kind = 'erasure';
  perform from appointments where id = any (erased) and state <> 'erased' order by id for no key update;
  with ended as (
    select r.id, r.state as from_state from reminders r
    where r.appointment_id = any (erased)
      and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
    order by r.id for no key update
  ), changed as (
    update reminders r set state = 'erased', batch_id = null, lease_until = null,
      possibly_sent = r.possibly_sent or e.from_state in ('sending', 'uncertain'),
      updated_at = clock_timestamp()
    from ended e where r.id = e.id returning r.*, e.from_state
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, reason_code, possibly_sent)
  select c.organisation_id, c.mode, 'reminder.erased', a.reference, c.appointment_id, c.id, c.from_state,
    'erased', 'restored', c.possibly_sent
  from changed c join appointments a on a.id = c.appointment_id;
  delete from links where appointment_id = any (erased);
  delete from versions where appointment_id = any (erased);
  delete from factor_failures where appointment_id = any (erased);
  update attempts set copy_owed_at = least(copy_owed_at, clock_timestamp())
    where reminder_id in (select id from reminders where appointment_id = any (erased));
  with changed as (
    update appointments set state = 'erased', deleted_at = coalesce(deleted_at, clock_timestamp()),
      updated_at = clock_timestamp()
    where id = any (erased) and state <> 'erased' returning organisation_id, mode, reference, id
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
  select organisation_id, mode, 'appointment.erased', reference, id, 'restored' from changed;

  update links l set revoked_at = coalesce(l.revoked_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "linkId" uuid)
    where e.kind = 'link_revocation' and l.id = e."linkId";

  insert into factor_failures as f (organisation_id, appointment_id, factor, locked_at, help_code)
    select distinct on (a.id, e.factor) a.organisation_id, a.id, e.factor, clock_timestamp(), e."helpCode"
    from jsonb_to_recordset(entries) as e (kind text, "appointmentId" uuid, factor text, "helpCode" text)
    join appointments a on a.id = e."appointmentId" and a.state <> 'erased'
    where e.kind = 'lock_out'
    on conflict (appointment_id, factor) do update set
      help_code = coalesce(f.help_code, excluded.help_code),
      locked_at = coalesce(f.locked_at, excluded.locked_at);

  insert into suppressions (contact_index, pepper, channel, source, created_at)
    select decode(e.index, 'hex'), e.pepper, e.channel, e.source, e.at
    from jsonb_to_recordset(entries)
      as e (kind text, index text, pepper text, channel text, source text, at timestamptz)
    where e.kind = 'suppression' on conflict do nothing;
  -- Somebody may have said stop once more since.
  delete from suppressions s
    using jsonb_to_recordset(entries) as e (kind text, index text, at timestamptz)
    where e.kind = 'suppression_lifted' and s.contact_index = decode(e.index, 'hex')
      and s.created_at <= e.at;

  update credentials c set revoked_at = coalesce(c.revoked_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid)
    where e.kind = 'credential_revocation' and c.id = e."credentialId";
  update credentials c set expires_at = least(c.expires_at, e."endsAt")
    from jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, "endsAt" timestamptz)
    where e.kind = 'credential_end' and c.id = e."credentialId";
  delete from credential_organisations o
    using jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, "organisationId" uuid)
    where e.kind = 'credential_disallowed' and o.credential_id = e."credentialId"
      and o.organisation_id = e."organisationId";

  update ops_users u set disabled_at = coalesce(u.disabled_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind = 'ops_user_disabled' and u.id = e."userId";
  delete from ops_sessions s
    using jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind = 'ops_user_disabled' and s.user_id = e."userId";

  delete from webhook_endpoints w
    using jsonb_to_recordset(entries) as e (kind text, "endpointId" uuid)
    where e.kind = 'endpoint_deletion' and w.id = e."endpointId";
  return unknown;
end
$function$;
alter function replay_journal(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_key_removals(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from credential_keys k
    using jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, thumbprint text)
    where e.kind = 'credential_key_removal' and k.credential_id = e."credentialId"
      and k.thumbprint = e.thumbprint;
end
$function$;
alter function replay_key_removals(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_limits(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  roles constant text[] := array['viewer', 'operator', 'admin'];
  e record;
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "userId" uuid, role text)
    where j.kind = 'ops_user_role'
  loop
    update ops_users u set role = e.role
      where u.id = e."userId" and array_position(roles, e.role) < array_position(roles, u.role);
  end loop;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "organisationId" uuid,
      "proofPolicy" text, "birthDateOpens" text, "requestsPerMinute" int, "appointmentsPerHour" int,
      "appointmentsPerDay" int, "remindersPerHour" int, "remindersPerDay" int, "numbersPerHour" int,
      countries text[])
    where j.kind = 'organisation_limits'
  loop
    -- The least of a number and of no ceiling is the number.
    update organisations o set
      proof_policy = case e."proofPolicy" when 'strict' then 'strict' else o.proof_policy end,
      birth_date_opens_all = o.birth_date_opens_all and e."birthDateOpens" is not distinct from 'everything',
      requests_per_minute = least(o.requests_per_minute, e."requestsPerMinute"),
      appointments_per_hour = least(o.appointments_per_hour, e."appointmentsPerHour"),
      appointments_per_day = least(o.appointments_per_day, e."appointmentsPerDay"),
      reminders_per_hour = least(o.reminders_per_hour, e."remindersPerHour"),
      reminders_per_day = least(o.reminders_per_day, e."remindersPerDay"),
      numbers_per_hour = least(o.numbers_per_hour, e."numbersPerHour"),
      countries = case when e.countries is null then o.countries when o.countries is null then e.countries
        else array(select unnest(o.countries) intersect select unnest(e.countries) order by 1) end
    where o.id = e."organisationId";
  end loop;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "credentialId" uuid, quotas jsonb,
      networks cidr[])
    where j.kind = 'credential_limits'
  loop
    update credentials c set
      quotas = (select coalesce(jsonb_object_agg(q.key, q.count), '{}') from (
        select b.key, min(b.value::bigint) as count from (
          select * from jsonb_each_text(c.quotas) union all select * from jsonb_each_text(e.quotas)) b
        where b.value is not null group by b.key) q),
      -- Of two networks one lies in the other, or they have nothing in common.
      networks = case when e.networks is null then c.networks when c.networks is null then e.networks
        else array(select n from unnest(e.networks) n where n <<= any (c.networks)
          union select n from unnest(c.networks) n where n <<= any (e.networks) order by 1) end
    where c.id = e."credentialId";
  end loop;
end
$function$;
alter function replay_limits(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_passkey_removals(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from passkeys p
    using jsonb_to_recordset(entries) as e (kind text, "passkeyId" uuid)
    where e.kind = 'passkey_removal' and p.id = e."passkeyId";
end
$function$;
alter function replay_passkey_removals(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_revoked_keys(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  insert into revoked_days (day)
    select e.day from jsonb_to_recordset(entries) as e (kind text, day date)
    where e.kind = 'day_revocation' on conflict do nothing;
  insert into revoked_selectors (selector)
    select e.selector from jsonb_to_recordset(entries) as e (kind text, selector text)
    where e.kind = 'selector_revocation' on conflict do nothing;
end
$function$;
alter function replay_revoked_keys(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.replay_tightenings(entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  roles constant text[] := array['viewer', 'operator', 'admin'];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  update ops_users u set role = e.role
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, role text)
    where e.kind = 'ops_user_role' and u.id = e."userId"
      and array_position(roles, e.role) < array_position(roles, u.role);
  -- Which password or login it was changed to stands nowhere else; the one before may have been stolen.
  update ops_users u set password_hash = null
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, "signIn" text)
    where e.kind = 'ops_user_sign_in' and e."signIn" = 'password' and u.id = e."userId";
  update ops_users u set issuer = null, subject = null
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, "signIn" text)
    where e.kind = 'ops_user_sign_in' and e."signIn" = 'login' and u.id = e."userId";
  delete from ops_sessions s
    using jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind in ('ops_user_role', 'ops_user_sign_in') and s.user_id = e."userId";

  update organisations o set proof_policy = 'strict'
    from jsonb_to_recordset(entries) as e (kind text, "organisationId" uuid, "proofPolicy" text)
    where e.kind = 'proof_policy' and e."proofPolicy" = 'strict' and o.id = e."organisationId";
end
$function$;
alter function replay_tightenings(jsonb) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.retire_canary()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
alter function retire_canary() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.revoke_links_of(revoked text, after uuid, rows_max integer)
 RETURNS TABLE(last_id uuid, ended integer, owed integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  walked uuid[];
  those uuid[];
begin
  select array_agg(p.id order by p.id), coalesce(array_agg(p.id order by p.id) filter (where p.is_meant), '{}')
    into walked, those
    from (select l.id, l.selector = revoked and l.revoked_at is null as is_meant from links l
      where l.id > after order by l.id limit 4 * rows_max) p;
  last_id := walked[cardinality(walked)];
  -- Nobody waits for the locks of more than so many.
  if cardinality(those) > rows_max then
    those := those[:rows_max];
    last_id := those[rows_max];
  end if;
  select e.ended, e.owed into ended, owed from end_links(those) e;
  return next;
end
$function$;
alter function revoke_links_of(text,uuid,integer) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.sealed_links(span_from timestamp with time zone, span_until timestamp with time zone, after uuid, rows_max integer)
 RETURNS TABLE(link_id uuid, organisation_id uuid, mode text, reference text, parcel_day text, first_day text, last_day text, emptied_by timestamp with time zone, view_month text, created_at timestamp with time zone, expires_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select l.id, l.organisation_id, l.mode, a.reference, l.parcel_day::text,
    (least(r.send_at, r.created_at, l.attempted_at) at time zone 'UTC')::date::text,
    (greatest(r.send_at, e.emptied_by) at time zone 'UTC')::date::text,
    case when l.parcel_day is null then e.emptied_by end, v.view_month, l.created_at, l.expires_at
  from links l
  join reminders r on r.id = l.reminder_id
  join appointments a on a.id = l.appointment_id
  left join versions v on v.appointment_id = a.id and v.version = a.version
  -- Within the hour in which another channel may be tried, and a round of the duty that empties.
  cross join lateral (select greatest(r.updated_at, r.sent_at) + interval '65 minutes' as emptied_by) e
  where l.created_at < span_until and l.expires_at > span_from and l.id > after
  order by l.id limit rows_max
$function$;
alter function sealed_links(timestamp with time zone,timestamp with time zone,uuid,integer) owner to sotto_restorer;

CREATE OR REPLACE FUNCTION public.sum_credential_usage(credentials uuid[], hour_start timestamp with time zone, day_start timestamp with time zone, process uuid)
 RETURNS TABLE(credential_id uuid, appointments_hour bigint, appointments_day bigint, reminders_hour bigint, reminders_day bigint, numbers_hour bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.credential_id, sum(u.appointments) filter (where u.hour >= hour_start), sum(u.appointments),
    sum(u.reminders) filter (where u.hour >= hour_start), sum(u.reminders),
    sum(u.numbers) filter (where u.hour >= hour_start and u.process_id <> process)
  from credential_usage u where u.credential_id = any ($1) and u.hour >= day_start
  group by u.credential_id
$function$;
alter function sum_credential_usage(uuid[],timestamp with time zone,timestamp with time zone,uuid) owner to sotto_lookup;

CREATE OR REPLACE FUNCTION public.visible_organisations()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
RETURN (COALESCE(NULLIF(current_setting('sotto.organisations'::text, true), ''::text), '{}'::text))::uuid[];
alter function visible_organisations() owner to sotto_owner;

CREATE OR REPLACE FUNCTION public.write_intents(its_batch uuid, its_transport text, reminder_ids uuid[], link_ids uuid[], lookups bytea[], selectors text[], attempt_ids uuid[], tokens bytea[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  written integer;
begin
  perform from reminders where id = any(reminder_ids) order by id for no key update;
  with given as (
    select * from unnest(reminder_ids, link_ids, lookups, selectors, attempt_ids, tokens)
      as g (reminder_id, link_id, lookup, selector, attempt_id, token)
  ), changed as (
    update reminders r set state = 'sending', attempt_count = r.attempt_count + 1,
      updated_at = clock_timestamp()
    from given g
    where r.id = g.reminder_id and r.state = 'queued' and r.batch_id = its_batch
      and r.pending_end is null and r.lease_until > clock_timestamp()
      and not exists (
        select from appointments a where a.id = r.appointment_id
          and (a.paused_at is not null or a.state = 'erased') offset 0)
      and not exists (
        select from pauses p where p.ended_at is null
          and (p.organisation_id is null or p.organisation_id = r.organisation_id)
          and (p.channel is null or p.channel = r.channel) offset 0)
    returning g.*, r.organisation_id, r.mode, r.appointment_id, r.channel, r.attempt_count,
      r.possible_duplicate, r.possibly_sent, r.reference
  ), linked as (
    update links l set selector = u.selector,
      attempted_at = coalesce(l.attempted_at, clock_timestamp())
    from changed u
    where l.id = u.link_id and l.reminder_id = u.reminder_id and l.lookup = u.lookup
      and l.current and l.revoked_at is null and coalesce(l.selector, u.selector) = u.selector
      and not exists (select from revoked_selectors s where s.selector = u.selector)
    returning u.*
  ), tried as (
    insert into attempts (id, organisation_id, mode, reminder_id, link_id, number, channel, transport,
      token, batch_id, possible_duplicate)
    select attempt_id, organisation_id, mode, reminder_id, link_id, attempt_count, channel,
      its_transport, token, its_batch, possible_duplicate
    from linked
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, possible_duplicate, possibly_sent, channel)
  select organisation_id, mode, 'reminder.sending',
    coalesce(reference, (select a.reference from appointments a where a.id = l.appointment_id)),
    appointment_id, reminder_id, 'queued', 'sending', possible_duplicate, possibly_sent,
    channel
  from linked l;
  -- All that is given or nothing: what was written of the others goes with it.
  get diagnostics written = row_count;
  if written < cardinality(reminder_ids) then
    raise exception 'held back' using errcode = 'ST001';
  end if;
end
$function$;
alter function write_intents(uuid,text,uuid[],uuid[],bytea[],text[],uuid[],bytea[]) owner to sotto_owner;

grant delete on appointments to sotto_scheduler;
grant insert, select on appointments to sotto_api;
grant select (deleted_at, ends_at, erase_at, id, mode, organisation_id, paused_at, reference, state, version) on appointments to sotto_scheduler;
grant select (deleted_at, erasure_receipt, id, mode, organisation_id, reference, state) on appointments to sotto_eraser;
grant select (deleted_at, id, mode, organisation_id, reference, state, version) on appointments to sotto_restorer;
grant select (id, mode, organisation_id, paused_at, reference, state, version) on appointments to sotto_worker;
grant select (id, paused_at, starts_at) on appointments to sotto_lookup;
grant select on appointments to sotto_ops;
grant select on appointments to sotto_patient;
grant update (deleted_at, ends_at, erase_at, moved, paused_at, revision, starts_at, state, updated_at, version) on appointments to sotto_api;
grant update (deleted_at, erasure_receipt, state, updated_at) on appointments to sotto_eraser;
grant update (deleted_at, state, updated_at) on appointments to sotto_restorer;
grant delete on attempts to sotto_eraser;
grant insert, select on attempts to sotto_worker;
grant select (batch_id, channel, copy_gone_at, copy_owed_at, copy_tries, ended_at, id, link_id, mode, number, organisation_id, outcome, possible_duplicate, proven_copy_at, provider_id, reason_code, receipt_at, receipt_code, receipt_state, reminder_id, started_at, transport) on attempts to sotto_ops;
grant select (channel, copy_gone_at, copy_owed_at, copy_tries, ended_at, id, mode, number, organisation_id, outcome, reason_code, reminder_id, started_at, transport) on attempts to sotto_scheduler;
grant select (channel, id, organisation_id, token) on attempts to sotto_lookup;
grant select (channel, organisation_id, outcome, reminder_id, started_at) on attempts to sotto_patient;
grant select (copy_owed_at, organisation_id, reminder_id) on attempts to sotto_api;
grant select (copy_owed_at, outcome, reminder_id) on attempts to sotto_restorer;
grant select (copy_owed_at, reminder_id) on attempts to sotto_eraser;
grant update (copy_gone_at, copy_owed_at, copy_retry_at, copy_tries, ended_at, outcome, proven_copy_at, provider_id, reason_code, receipt_at, receipt_code, receipt_state) on attempts to sotto_worker;
grant update (copy_owed_at) on attempts to sotto_api;
grant update (copy_owed_at) on attempts to sotto_eraser;
grant update (copy_owed_at, ended_at, outcome, reason_code) on attempts to sotto_restorer;
grant update (ended_at, outcome, reason_code) on attempts to sotto_scheduler;
grant insert (action, actor, organisation_id, reason, subject) on audit to sotto_api;
grant insert (action, actor, organisation_id, reason, subject) on audit to sotto_ops;
grant select on audit to sotto_ops;
grant select on audit to sotto_scheduler;
grant select on audit_chain to sotto_scheduler;
grant delete, insert, select on batches to sotto_scheduler;
grant select on batches to sotto_ops;
grant select on batches to sotto_worker;
grant update (taken_at) on batches to sotto_worker;
grant delete, select on canary_messages to sotto_scheduler;
grant insert (id, sealed) on canary_messages to sotto_patient;
grant insert (id, sealed) on canary_messages to sotto_worker;
grant delete, insert, select, update on canary_runs to sotto_scheduler;
grant select (branch, ended_at, findings, outcome, slot, started_at) on canary_runs to sotto_ops;
grant insert on carried_balances to sotto_scheduler;
grant select (count, mode, organisation_id, state) on carried_balances to sotto_lookup;
grant select on carried_ends to sotto_api;
grant select on carried_ends to sotto_scheduler;
grant delete, select on carried_lives to sotto_scheduler;
grant select (count, from_state, mode, month, organisation_id, to_state) on carried_steps to sotto_lookup;
grant select on carried_steps to sotto_ops;
grant select on carried_steps to sotto_scheduler;
grant delete, select on code_counts to sotto_scheduler;
grant insert, select, update on code_counts to sotto_patient;
grant delete, select on codes to sotto_scheduler;
grant insert, select, update on codes to sotto_patient;
grant delete on content_keys to sotto_eraser;
grant insert, select on content_keys to sotto_api;
grant select (link_id, version) on content_keys to sotto_eraser;
grant select on content_keys to sotto_patient;
grant delete on credential_keys to sotto_restorer;
grant select (credential_id, thumbprint) on credential_keys to sotto_restorer;
grant select on credential_keys to sotto_api;
grant delete on credential_organisations to sotto_restorer;
grant select (credential_id, organisation_id) on credential_organisations to sotto_restorer;
grant select on credential_organisations to sotto_api;
grant select on credential_organisations to sotto_lookup;
grant delete, select on credential_tokens to sotto_scheduler;
grant insert, select on credential_tokens to sotto_api;
grant delete, select on credential_usage to sotto_scheduler;
grant insert, select on credential_usage to sotto_api;
grant select (appointments, credential_id, hour, numbers, process_id, reminders) on credential_usage to sotto_lookup;
grant update (appointments, numbers, refused_at, refused_by, reminders) on credential_usage to sotto_api;
grant select (expires_at, id, networks, quotas, revoked_at) on credentials to sotto_restorer;
grant select (id, key_hash, organisation_id) on credentials to sotto_lookup;
grant select on credentials to sotto_api;
grant update (expires_at, networks, quotas, revoked_at) on credentials to sotto_restorer;
grant update (last_used_at) on credentials to sotto_api;
grant select (number, run, transaction_shift) on database_lives to sotto_api;
grant select (number, run, transaction_shift) on database_lives to sotto_ops;
grant select (number, run, transaction_shift) on database_lives to sotto_patient;
grant select (number, run, transaction_shift) on database_lives to sotto_restorer;
grant select (number, run, transaction_shift) on database_lives to sotto_worker;
grant select on database_lives to sotto_scheduler;
grant update (accepted, beat, counted_until, identity, marked_at, ready_at, run, timeline) on database_lives to sotto_scheduler;
grant select (dropped_at, month) on event_months to sotto_lookup;
grant select on event_months to sotto_api;
grant select on event_months to sotto_ops;
grant select on event_months to sotto_scheduler;
grant insert on events to sotto_eraser;
grant insert on events to sotto_patient;
grant insert on events to sotto_restorer;
grant insert on events to sotto_worker;
grant insert, select on events to sotto_api;
grant insert, select on events to sotto_ops;
grant insert, select on events to sotto_scheduler;
grant select (appointment_id, created_at, endpoint_id, from_state, id, incident_id, mode, organisation_id, possible_duplicate, possibly_sent, reason_code, reference, reminder_id, to_state, transaction_id, type) on events to sotto_scheduler;
grant select (created_at, from_state, id, mode, organisation_id, reminder_id, to_state, transaction_id) on events to sotto_lookup;
grant delete on factor_failures to sotto_eraser;
grant delete, insert, select, update on factor_failures to sotto_restorer;
grant delete, select on factor_failures to sotto_api;
grant insert, select, update on factor_failures to sotto_patient;
grant select (appointment_id) on factor_failures to sotto_eraser;
grant select on factor_failures to sotto_ops;
grant delete, select on field_fills to sotto_scheduler;
grant insert, select, update on field_fills to sotto_api;
grant execute on function begin_life(integer,timestamp with time zone,text,text,bigint,bigint) to sotto_scheduler;
grant execute on function book_moments(text,boolean,integer,double precision,double precision,double precision) to sotto_patient;
grant execute on function book_moments(text,boolean,integer,double precision,double precision,double precision) to sotto_worker;
grant execute on function carry_event_month(date) to sotto_scheduler;
grant execute on function count_due_reminders(timestamp with time zone,timestamp with time zone) to sotto_ops;
grant execute on function count_held_reminders(uuid,text) to sotto_ops;
grant execute on function count_held_reminders(uuid,text) to sotto_owner;
grant execute on function count_late_appointments(text,timestamp with time zone) to sotto_ops;
grant execute on function count_ledger(uuid) to sotto_owner;
grant execute on function current_run() to sotto_api;
grant execute on function current_run() to sotto_ops;
grant execute on function current_run() to sotto_patient;
grant execute on function current_run() to sotto_restorer;
grant execute on function current_run() to sotto_scheduler;
grant execute on function current_run() to sotto_worker;
grant execute on function delete_attempts_with_reminders() to sotto_owner;
grant execute on function delete_old_records(integer,integer) to sotto_scheduler;
grant execute on function delete_what_hangs_on() to sotto_owner;
grant execute on function doubt_restored(timestamp with time zone,timestamp with time zone,timestamp with time zone,uuid,integer) to sotto_scheduler;
grant execute on function drop_event_month(date,integer) to sotto_scheduler;
grant execute on function end_ops_sessions() to sotto_scheduler;
grant execute on function end_revoked_links(uuid,integer) to sotto_scheduler;
grant execute on function ensure_canary(bytea) to sotto_scheduler;
grant execute on function ensure_event_partitions(integer) to sotto_scheduler;
grant execute on function erase_for_recipient(bytea) to sotto_patient;
grant execute on function events_horizon() to sotto_api;
grant execute on function events_horizon() to sotto_ops;
grant execute on function events_horizon() to sotto_scheduler;
grant execute on function find_appointments(uuid[]) to sotto_owner;
grant execute on function find_attempt(bytea) to sotto_api;
grant execute on function find_credential(bytea) to sotto_api;
grant execute on function find_credential_organisation(uuid,uuid) to sotto_api;
grant execute on function find_credential_owners(uuid[]) to sotto_api;
grant execute on function find_lanes_behind(uuid[],interval) to sotto_api;
grant execute on function find_link(bytea) to sotto_patient;
grant execute on function find_suppression(bytea) to sotto_patient;
grant execute on function find_transactions_around(timestamp with time zone,timestamp with time zone) to sotto_api;
grant execute on function fold_carried_balances(uuid,integer) to sotto_scheduler;
grant execute on function keep_erasure_receipt(uuid,bytea) to sotto_patient;
grant execute on function links_by_selector() to sotto_owner;
grant execute on function list_organisation_ids() to sotto_ops;
grant execute on function list_organisation_ids() to sotto_patient;
grant execute on function may_send() to sotto_api;
grant execute on function may_send() to sotto_ops;
grant execute on function may_send() to sotto_patient;
grant execute on function may_send() to sotto_restorer;
grant execute on function may_send() to sotto_scheduler;
grant execute on function may_send() to sotto_worker;
grant execute on function read_accepted(uuid[],integer[],uuid[]) to sotto_api;
grant execute on function renew_suppression(bytea) to sotto_patient;
grant execute on function renew_suppression(bytea) to sotto_worker;
grant execute on function replay_check_removals(jsonb) to sotto_scheduler;
grant execute on function replay_journal(jsonb) to sotto_scheduler;
grant execute on function replay_key_removals(jsonb) to sotto_scheduler;
grant execute on function replay_limits(jsonb) to sotto_scheduler;
grant execute on function replay_passkey_removals(jsonb) to sotto_scheduler;
grant execute on function replay_revoked_keys(jsonb) to sotto_scheduler;
grant execute on function replay_tightenings(jsonb) to sotto_scheduler;
grant execute on function retire_canary() to sotto_scheduler;
grant execute on function revoke_links_of(text,uuid,integer) to sotto_owner;
grant execute on function sealed_links(timestamp with time zone,timestamp with time zone,uuid,integer) to sotto_owner;
grant execute on function sum_credential_usage(uuid[],timestamp with time zone,timestamp with time zone,uuid) to sotto_api;
grant execute on function visible_organisations() to sotto_api;
grant execute on function visible_organisations() to sotto_lookup;
grant execute on function visible_organisations() to sotto_ops;
grant execute on function visible_organisations() to sotto_patient;
grant execute on function write_intents(uuid,text,uuid[],uuid[],bytea[],text[],uuid[],bytea[]) to sotto_worker;
grant delete, insert, select, update on heartbeats to sotto_scheduler;
grant delete, insert, select, update on heartbeats to sotto_worker;
grant insert, select, update on heartbeats to sotto_api;
grant select (beat_at, name) on heartbeats to sotto_lookup;
grant select on heartbeats to sotto_ops;
grant insert, select on incident_alerts to sotto_scheduler;
grant insert, select on incident_alerts to sotto_worker;
grant select on incident_alerts to sotto_ops;
grant update (delivered_at, due_at, lease_id, number, owed_at, tries) on incident_alerts to sotto_scheduler;
grant update (delivered_at, due_at, lease_id, number, owed_at, tries) on incident_alerts to sotto_worker;
grant insert, select on incident_entries to sotto_ops;
grant insert, select on incident_entries to sotto_scheduler;
grant insert, select on incident_entries to sotto_worker;
grant select (at, incident_id, kind) on incident_entries to sotto_api;
grant insert, select on incident_organisations to sotto_scheduler;
grant insert, select on incident_organisations to sotto_worker;
grant select on incident_organisations to sotto_api;
grant select on incident_organisations to sotto_ops;
grant insert, select on incident_progress to sotto_scheduler;
grant insert, select on incident_progress to sotto_worker;
grant select on incident_progress to sotto_ops;
grant update (end_told_at, looked_until) on incident_progress to sotto_scheduler;
grant insert, select on incident_references to sotto_scheduler;
grant select on incident_references to sotto_api;
grant select on incident_references to sotto_ops;
grant insert, select on incidents to sotto_scheduler;
grant insert, select on incidents to sotto_worker;
grant select (code, id, opened_at, since) on incidents to sotto_api;
grant select on incidents to sotto_ops;
grant select on kept_floors to sotto_scheduler;
grant delete, insert, select on ledger_breaks to sotto_scheduler;
grant select (organisation_id, reminder_id, state) on ledger_breaks to sotto_ops;
grant delete, insert, select on ledger_proofs to sotto_scheduler;
grant select (id, proved_at) on ledger_proofs to sotto_ops;
grant delete on links to sotto_eraser;
grant delete on links to sotto_restorer;
grant delete on links to sotto_scheduler;
grant delete, insert, select on links to sotto_api;
grant select (appointment_id, attempted_at, channel, created_at, current, expires_at, id, mode, organisation_id, parcel_day, reminder_id, revoked_at, selector) on links to sotto_ops;
grant select (appointment_id, attempted_at, channel, created_at, current, expires_at, id, mode, organisation_id, parcel_day, reminder_id, revoked_at, selector) on links to sotto_restorer;
grant select (appointment_id, attempted_at, channel, created_at, expires_at, id, lookup, mode, note, organisation_id, reminder_id, revoked_at, selector) on links to sotto_patient;
grant select (appointment_id, attempted_at, channel, current, expires_at, id, lookup, mode, organisation_id, parcel, parcel_day, reminder_id, revoked_at, selector) on links to sotto_worker;
grant select (appointment_id, attempted_at, channel, current, expires_at, id, mode, organisation_id, parcel_day, reminder_id, revoked_at) on links to sotto_scheduler;
grant select (appointment_id, expires_at, id, lookup, revoked_at) on links to sotto_eraser;
grant select (id, lookup, organisation_id) on links to sotto_lookup;
grant update (attempted_at, parcel, parcel_day, selector) on links to sotto_worker;
grant update (attempted_at, revoked_at, selector) on links to sotto_restorer;
grant update (current, expires_at, revoked_at) on links to sotto_api;
grant update (parcel, parcel_day) on links to sotto_scheduler;
grant select (measured_until) on measuring to sotto_ops;
grant select, update on measuring to sotto_scheduler;
grant select (digest, name) on migrations to sotto_api;
grant select (digest, name) on migrations to sotto_ops;
grant select (digest, name) on migrations to sotto_patient;
grant select (digest, name) on migrations to sotto_scheduler;
grant select (digest, name) on migrations to sotto_worker;
grant delete, insert on minute_hand_overs to sotto_scheduler;
grant select (ctid, minute) on minute_hand_overs to sotto_scheduler;
grant select on minute_hand_overs to sotto_ops;
grant delete, insert on minute_lateness to sotto_scheduler;
grant select (ctid, minute) on minute_lateness to sotto_scheduler;
grant select on minute_lateness to sotto_ops;
grant delete, insert on minute_opt_outs to sotto_scheduler;
grant select (ctid, minute) on minute_opt_outs to sotto_scheduler;
grant select on minute_opt_outs to sotto_ops;
grant delete, insert on minute_transitions to sotto_scheduler;
grant select (ctid, minute) on minute_transitions to sotto_scheduler;
grant select on minute_transitions to sotto_ops;
grant delete, select on ops_requests to sotto_ops;
grant insert (action, asked_by, asked_person, details, reason, shown) on ops_requests to sotto_ops;
grant update (decided_at, decided_by, decided_person, decision) on ops_requests to sotto_ops;
grant delete on ops_sessions to sotto_restorer;
grant delete, insert, select, update on ops_sessions to sotto_ops;
grant select (user_id) on ops_sessions to sotto_restorer;
grant select (disabled_at, id, role) on ops_users to sotto_restorer;
grant select on ops_users to sotto_ops;
grant update (disabled_at) on ops_users to sotto_ops;
grant update (disabled_at, issuer, password_hash, role, subject) on ops_users to sotto_restorer;
grant select (appointments_per_day, appointments_per_hour, birth_date_opens_all, countries, id, numbers_per_hour, proof_policy, reminders_per_day, reminders_per_hour, requests_per_minute) on organisations to sotto_restorer;
grant select (id) on organisations to sotto_lookup;
grant select on organisations to sotto_api;
grant select on organisations to sotto_ops;
grant select on organisations to sotto_patient;
grant select on organisations to sotto_scheduler;
grant select on organisations to sotto_worker;
grant update (appointments_per_day, appointments_per_hour, birth_date_opens_all, countries, days_ahead_max, default_language, jitter_minutes, numbers_per_hour, portal_acr_values, portal_client_id, portal_issuer, portal_max_age_minutes, proof_policy, quiet_from, quiet_until, reminder_plan, reminders_per_day, reminders_per_hour, uncertain_policy) on organisations to sotto_api;
grant update (appointments_per_day, appointments_per_hour, birth_date_opens_all, countries, numbers_per_hour, proof_policy, reminders_per_day, reminders_per_hour, requests_per_minute) on organisations to sotto_restorer;
grant delete on passkeys to sotto_restorer;
grant delete on passkeys to sotto_scheduler;
grant delete, insert, select on passkeys to sotto_patient;
grant select (ctid, id, used_on) on passkeys to sotto_scheduler;
grant select (id) on passkeys to sotto_restorer;
grant update (sign_count, used_challenge, used_on) on passkeys to sotto_patient;
grant insert (id, reason) on pauses to sotto_scheduler;
grant insert, select on pauses to sotto_ops;
grant select (channel, created_at, ended_at, id, organisation_id) on pauses to sotto_lookup;
grant select on pauses to sotto_scheduler;
grant select on pauses to sotto_worker;
grant update (ended_at) on pauses to sotto_ops;
grant delete, select on phone_day_counts to sotto_scheduler;
grant insert, select, update on phone_day_counts to sotto_patient;
grant delete on receipts to sotto_scheduler;
grant insert, select on receipts to sotto_api;
grant select (ctid, issued_at, organisation_id) on receipts to sotto_scheduler;
grant delete, select on reminders to sotto_eraser;
grant delete, select on reminders to sotto_scheduler;
grant insert, select on reminders to sotto_api;
grant select (appointment_id, attempt_count, channel, due_at, id, mode, not_after, organisation_id, phase, state) on reminders to sotto_lookup;
grant select (appointment_id, channel, id, kind, mode, organisation_id, possibly_sent, send_at, sent_at, state) on reminders to sotto_patient;
grant select on reminders to sotto_ops;
grant select on reminders to sotto_restorer;
grant select on reminders to sotto_worker;
grant update (attempt_count, batch_id, channel, delivered_at, doubt_alarmed_at, due_at, lease_until, possible_duplicate, possibly_sent, reason_code, sent_at, settle_at, settle_count, state, updated_at) on reminders to sotto_worker;
grant update (attempts_before_redrive, batch_id, channel, delivered_at, due_at, lease_until, possible_duplicate, possibly_sent, reason_code, sent_at, state, updated_at) on reminders to sotto_ops;
grant update (batch_id, channel, delivered_at, due_at, lease_until, possible_duplicate, possibly_sent, reason_code, sent_at, state, updated_at) on reminders to sotto_scheduler;
grant update (batch_id, doubt_alarmed_at, doubted_at, lease_until, possibly_sent, reason_code, settle_at, settle_count, state, updated_at) on reminders to sotto_restorer;
grant update (batch_id, due_at, lease_until, not_after, pending_end, possibly_sent, send_at, state, updated_at) on reminders to sotto_api;
grant update (batch_id, lease_until, pending_end, possibly_sent, state, updated_at) on reminders to sotto_eraser;
grant insert, select on revoked_days to sotto_restorer;
grant select on revoked_days to sotto_worker;
grant insert, select on revoked_selectors to sotto_restorer;
grant select on revoked_selectors to sotto_ops;
grant select on revoked_selectors to sotto_patient;
grant select on revoked_selectors to sotto_worker;
grant delete, select, update on sealed_callbacks to sotto_worker;
grant insert on sealed_callbacks to sotto_api;
grant select (epoch_day, failed_count, id, received_at) on sealed_callbacks to sotto_scheduler;
grant delete, select on send_check_secrets to sotto_scheduler;
grant insert on send_check_secrets to sotto_api;
grant select (check_id, created_at, expires_at, id, organisation_id) on send_check_secrets to sotto_api;
grant update (expires_at) on send_check_secrets to sotto_api;
grant delete on send_checks to sotto_restorer;
grant delete, insert, select on send_checks to sotto_api;
grant select (answered_at, asked_count, created_at, drop_count, failed_count, failing_code, failing_since, failing_status, id, inconclusive_count, mode, on_no_answer, organisation_id, proceed_count) on send_checks to sotto_ops;
grant select (id) on send_checks to sotto_restorer;
grant select (mode, organisation_id) on send_checks to sotto_lookup;
grant select on send_checks to sotto_scheduler;
grant update (answered_at, asked_count, drop_count, due_at, failed_count, failing_code, failing_since, failing_status, inconclusive_count, lease_id, lease_until, proceed_count, taken_at, test_code, test_ended_at, test_status) on send_checks to sotto_scheduler;
grant update (due_at, failed_count, failing_code, failing_since, failing_status, on_no_answer, test_code, test_ended_at, test_id, test_requested_at, test_status, url) on send_checks to sotto_api;
grant insert, select, update on send_questions to sotto_scheduler;
grant select on send_questions to sotto_ops;
grant insert, select, update on sender_paces to sotto_patient;
grant insert, select, update on sender_paces to sotto_worker;
grant delete, insert, select, update on source_failures to sotto_patient;
grant delete, select on source_failures to sotto_api;
grant delete, select on source_failures to sotto_scheduler;
grant delete, insert on suppressions to sotto_restorer;
grant delete, insert, select on suppressions to sotto_worker;
grant insert on suppressions to sotto_patient;
grant select (channel, created_at, source) on suppressions to sotto_scheduler;
grant select (contact_index, created_at) on suppressions to sotto_lookup;
grant select (contact_index, created_at) on suppressions to sotto_restorer;
grant insert, select, update on total_hand_overs to sotto_scheduler;
grant select on total_hand_overs to sotto_ops;
grant insert, select, update on total_lateness to sotto_scheduler;
grant select on total_lateness to sotto_ops;
grant insert, select, update on total_opt_outs to sotto_scheduler;
grant select on total_opt_outs to sotto_ops;
grant insert, select, update on total_transitions to sotto_scheduler;
grant select on total_transitions to sotto_ops;
grant delete on versions to sotto_eraser;
grant delete on versions to sotto_restorer;
grant delete on versions to sotto_scheduler;
grant delete, insert, select on versions to sotto_api;
grant select (appointment_id) on versions to sotto_eraser;
grant select (appointment_id, created_at, expires_at, organisation_id, version, view_month) on versions to sotto_scheduler;
grant select (appointment_id, version, view_month) on versions to sotto_restorer;
grant select on versions to sotto_patient;
grant delete on webhook_endpoints to sotto_restorer;
grant delete, insert, select on webhook_endpoints to sotto_api;
grant select (after_id, after_transaction, created_at, delivered_at, disabled_at, disabled_reason, due_at, failed_count, failing_since, id, mode, organisation_id) on webhook_endpoints to sotto_ops;
grant select (id) on webhook_endpoints to sotto_restorer;
grant select on webhook_endpoints to sotto_scheduler;
grant update (after_id, after_transaction, delivered_at, disabled_at, disabled_reason, due_at, failed_count, failing_since, lease_id, lease_until, taken_at, test_code, test_ended_at, test_status) on webhook_endpoints to sotto_scheduler;
grant update (after_id, after_transaction, disabled_at, disabled_reason, due_at, failed_count, failing_since, test_code, test_ended_at, test_id, test_requested_at, test_status, url) on webhook_endpoints to sotto_api;
grant delete, insert on webhook_failures to sotto_scheduler;
grant select (ctid, endpoint_id, failed_at, id) on webhook_failures to sotto_scheduler;
grant select on webhook_failures to sotto_api;
grant delete, select on webhook_secrets to sotto_scheduler;
grant insert on webhook_secrets to sotto_api;
grant select (created_at, endpoint_id, expires_at, id, organisation_id) on webhook_secrets to sotto_api;
grant update (expires_at) on webhook_secrets to sotto_api;
