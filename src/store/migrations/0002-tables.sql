-- The whole shape of Sotto. Words are those of the glossary in ARCHITECTURE.md. Personal data stands
-- here sealed or not at all; what is in the clear says when something is due, never whose it is.
set local role sotto_owner;

create table organisations (
  id uuid primary key,
  name text not null check (char_length(name) between 1 and 200),
  default_language text not null default 'fr',
  -- What is planned when a booking system names no reminders: [{"before":"P2D","channel":"auto"}, …]
  reminder_plan jsonb not null default '[{"before":"P2D","channel":"sms"},{"before":"PT3H","channel":"sms"}]',
  -- Local times between which nothing is sent; equal times mean none.
  quiet_from text not null default '21:00' check (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_until text not null default '08:00' check (quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  jitter_minutes integer not null default 15 check (jitter_minutes between 0 and 240),
  -- Whether an uncertain send that the provider never heard of is tried once more, flagged, or held.
  uncertain_policy text not null default 'resend' check (uncertain_policy in ('resend', 'hold')),
  -- The organisation has recorded that a birth date alone may open everything.
  birth_date_opens_all boolean not null default false,
  -- Ceiling for requests with one credential; null: none.
  requests_per_minute integer default 6000 check (requests_per_minute > 0),
  days_ahead_max integer not null default 400 check (days_ahead_max between 1 and 400),
  created_at timestamptz not null default clock_timestamp()
);

create table credentials (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  kind text not null check (kind in ('api_key', 'public_key')),
  key_hash bytea unique check (octet_length(key_hash) = 32),
  public_key jsonb,
  platform boolean not null default false,
  scopes text[] not null default '{write,status,list,erase,settings}',
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  check ((kind = 'api_key') = (key_hash is not null)),
  check ((kind = 'public_key') = (public_key is not null))
);

-- The organisations that a platform credential may name, beside its own.
create table credential_organisations (
  organisation_id uuid not null references organisations,
  credential_id uuid not null references credentials on delete cascade,
  primary key (credential_id, organisation_id)
);

create table appointments (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  reference text not null check (reference ~ '^[A-Za-z0-9._:-]{1,128}$'),
  state text not null check (state in ('booked', 'cancelled', 'erased')),
  version integer not null check (version >= 1),
  revision integer check (revision >= 0),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- Whether the newest change moved or cancelled something a patient had been told.
  moved boolean not null default false,
  -- A read-back that did not match: nothing is sent until a person has looked.
  paused_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  -- Set by DELETE: the row is a tombstone, and the reference may be used anew.
  deleted_at timestamptz,
  -- When the last trace goes: 90 days after the links have expired.
  erase_at timestamptz not null
);
create unique index appointments_reference on appointments (organisation_id, mode, reference)
  where deleted_at is null;
create index appointments_tombstones on appointments (organisation_id, mode, reference, revision)
  where deleted_at is not null;
create index appointments_erase on appointments (erase_at);

-- What a PUT said, sealed under a content key that only the patient's link can lead to. Immutable.
create table versions (
  organisation_id uuid not null references organisations,
  mode text not null,
  appointment_id uuid not null references appointments on delete cascade,
  version integer not null,
  revision integer,
  receipt_id uuid not null,
  content bytea not null,
  -- The viewing key V around every content key of this version: the month its links expire in.
  view_month text not null check (view_month ~ '^[0-9]{4}-[0-9]{2}$'),
  created_at timestamptz not null default clock_timestamp(),
  primary key (appointment_id, version)
);

create table reminders (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null,
  appointment_id uuid not null references appointments on delete cascade,
  kind text not null check (kind in ('planned', 'notice')),
  requested_channel text not null check (requested_channel in ('sms', 'email', 'auto')),
  -- What the next attempt goes out on.
  channel text not null check (channel in ('sms', 'email')),
  before text,
  -- start minus before; what tells whether a later version still means the same reminder.
  resolved_at timestamptz not null,
  send_at timestamptz not null,
  -- When it is next to be taken: send_at, or later after a refusal.
  due_at timestamptz not null,
  not_after timestamptz not null,
  state text not null check (state in ('scheduled', 'queued', 'sending', 'sent', 'delivered',
    'undelivered', 'uncertain', 'failed', 'skipped', 'cancelled', 'superseded', 'expired',
    'suppressed', 'erased')),
  skipped_reason text,
  reason_code text,
  -- Asked for while a send was in the air; carried out on every way back.
  pending_end text check (pending_end in ('cancelled', 'superseded', 'erased')),
  possible_duplicate boolean not null default false,
  possibly_sent boolean not null default false,
  attempt_count integer not null default 0,
  batch_id uuid,
  lease_until timestamptz,
  sent_at timestamptz,
  delivered_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  check ((kind = 'planned') = (before is not null)),
  check ((state = 'skipped') = (skipped_reason is not null)),
  check (state not in ('queued', 'sending') or (batch_id is not null and lease_until is not null))
);
create index reminders_appointment on reminders (appointment_id);
create index reminders_due on reminders (channel, organisation_id, due_at) where state = 'scheduled';
create index reminders_batch on reminders (batch_id) where state in ('queued', 'sending');
create index reminders_lease on reminders (lease_until) where state in ('queued', 'sending');
create index reminders_deadline on reminders (not_after)
  where state in ('scheduled', 'failed', 'uncertain');

create table links (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null,
  appointment_id uuid not null references appointments on delete cascade,
  reminder_id uuid not null references reminders on delete cascade,
  channel text not null check (channel in ('sms', 'email')),
  -- L: what the secret in a link is found by. It leads back to nothing.
  lookup bytea not null unique check (octet_length(lookup) = 16),
  -- A: public half of the key that only the link can derive.
  seal_public_key bytea not null check (octet_length(seal_public_key) = 32),
  -- N: which contact point this link went to, sealed to A.
  note bytea not null,
  -- P: secret, contact point, channel and language, sealed to E of parcel_day; gone once settled.
  parcel bytea,
  parcel_day date,
  selector text check (char_length(selector) = 1),
  -- The one that the reminder's next attempt on this channel uses.
  current boolean not null default true,
  attempted_at timestamptz,
  revoked_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  check ((parcel is null) or (parcel_day is not null))
);
create unique index links_current on links (reminder_id, channel) where current;
create index links_appointment on links (appointment_id);
create index links_parcel_day on links (parcel_day) where parcel is not null;
create index links_expiry on links (expires_at);

-- The content key of a version, sealed to V around A, once per link that may show it.
create table content_keys (
  organisation_id uuid not null references organisations,
  mode text not null,
  appointment_id uuid not null,
  version integer not null,
  link_id uuid not null references links on delete cascade,
  sealed_key bytea not null,
  primary key (link_id, version),
  foreign key (appointment_id, version) references versions on delete cascade
);
create index content_keys_version on content_keys (appointment_id, version);

create table attempts (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null,
  reminder_id uuid not null references reminders on delete cascade,
  link_id uuid references links on delete set null,
  number integer not null,
  channel text not null check (channel in ('sms', 'email')),
  transport text not null,
  -- Comes back in the provider's callbacks; unguessable.
  token bytea not null unique check (octet_length(token) = 16),
  batch_id uuid not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text check (outcome in ('accepted', 'refused', 'uncertain')),
  reason_code text,
  provider_id text unique,
  receipt_state text check (receipt_state in ('sent', 'delivered', 'undelivered')),
  receipt_code text,
  receipt_at timestamptz,
  possible_duplicate boolean not null default false,
  unique (reminder_id, number)
);

-- Due reminders of one channel taken together. A bell in the queue names one and nothing else.
create table batches (
  id uuid primary key,
  channel text not null check (channel in ('sms', 'email')),
  reminder_count integer not null,
  created_at timestamptz not null default clock_timestamp(),
  lease_until timestamptz not null
);
create index batches_lease on batches (lease_until);

-- Provider callbacks as they came, sealed to E of the day; opened, verified and deleted by the worker.
create table sealed_callbacks (
  id uuid primary key,
  kind text not null check (kind in ('twilio_status', 'twilio_inbound', 'email_bounce')),
  attempt_token bytea,
  epoch_day date not null,
  sealed bytea not null,
  received_at timestamptz not null default clock_timestamp(),
  failed_count integer not null default 0
);
create index sealed_callbacks_received on sealed_callbacks (received_at);

-- Contacts that said stop, deployment-wide: a keyed hash and nothing else.
create table suppressions (
  contact_index bytea primary key check (octet_length(contact_index) = 32),
  pepper text not null,
  channel text not null check (channel in ('sms', 'email')),
  source text not null check (source in ('reply', 'one_click', 'patient_page', 'provider')),
  created_at timestamptz not null default clock_timestamp()
);

-- Wrong answers: per appointment and factor over all its links (source null), and per link and source.
create table factor_failures (
  organisation_id uuid not null references organisations,
  appointment_id uuid not null references appointments on delete cascade,
  factor text not null check (factor in ('pin', 'code', 'birth_date', 'portal', 'passkey')),
  failed_count integer not null default 0,
  locked_at timestamptz,
  help_code text,
  primary key (appointment_id, factor)
);
create index factor_failures_help_code on factor_failures (help_code) where help_code is not null;
create table source_failures (
  organisation_id uuid not null references organisations,
  link_id uuid not null references links on delete cascade,
  source bytea not null check (octet_length(source) = 32),
  failed_count integer not null default 0,
  paused_until timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (link_id, source)
);

-- Codes sent by SMS to open a link by email: the HMAC of the code, bound to link and browser session.
create table codes (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  link_id uuid not null references links on delete cascade,
  session_hash bytea not null,
  code_hash bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index codes_link on codes (link_id, created_at);
-- Codes per phone and day, under a key that dies with the day.
create table phone_day_counts (
  phone_index bytea not null,
  day date not null,
  sent_count integer not null default 0,
  primary key (day, phone_index)
);

-- One append-only row per transition. Read in order of (transaction, id), and only below the oldest
-- running transaction, so that a page never skips what commits late.
create table events (
  organisation_id uuid not null,
  mode text not null,
  id bigint generated always as identity,
  transaction_id xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default clock_timestamp(),
  type text not null,
  reference text not null,
  appointment_id uuid not null,
  reminder_id uuid,
  from_state text,
  to_state text,
  reason_code text,
  possible_duplicate boolean not null default false,
  possibly_sent boolean not null default false,
  primary key (created_at, id)
) partition by range (created_at);
create index events_cursor on events (organisation_id, mode, transaction_id, id);
create index events_appointment on events (appointment_id);

create function ensure_event_partitions(months_ahead integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  month date;
begin
  for month in
    select (date_trunc('month', clock_timestamp() at time zone 'UTC') + make_interval(months => step))::date
    from generate_series(0, months_ahead) as step
  loop
    execute format(
      'create table if not exists %I partition of events for values from (%L) to (%L)',
      'events_' || to_char(month, 'YYYY_MM'),
      to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
      to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    execute format('alter table %I enable row level security', 'events_' || to_char(month, 'YYYY_MM'));
    execute format('alter table %I force row level security', 'events_' || to_char(month, 'YYYY_MM'));
  end loop;
end
$$;

-- Sending stopped by a person: everywhere, for one organisation, or for one channel.
create table pauses (
  id uuid primary key,
  organisation_id uuid references organisations,
  channel text check (channel in ('sms', 'email')),
  reason text not null,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

create table ops_users (
  id uuid primary key,
  name text not null unique,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  password_hash text not null,
  created_at timestamptz not null default clock_timestamp(),
  disabled_at timestamptz
);
create table ops_sessions (
  token_hash bytea primary key,
  user_id uuid not null references ops_users on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp()
);
-- What a person or a credential did; append-only.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  action text not null,
  organisation_id uuid,
  subject text,
  reason text
);

create table heartbeats (
  name text not null,
  instance text not null,
  version text not null,
  beat_at timestamptz not null default clock_timestamp(),
  primary key (name, instance)
);

select ensure_event_partitions(3);
reset role;
