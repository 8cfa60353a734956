-- The send-time check: a question to the booking system just before a reminder is handed over, for
-- organisations that want one. Nothing here is read or written for the others.
set local role sotto_owner;

create table send_checks (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  -- May hold a token of the receiver's: for whoever asks and for the organisation's own keys.
  url text not null check (char_length(url) between 1 and 2000),
  -- What becomes of a reminder that nobody answers for.
  on_no_answer text not null default 'send' check (on_no_answer in ('send', 'hold')),
  created_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  -- Questions without an answer, one after the other. From a few on, only one is asked now and then.
  failed_count integer not null default 0,
  failing_since timestamptz,
  failing_code text,
  failing_status integer,
  due_at timestamptz not null default clock_timestamp(),
  -- Who asks at this moment, so that only one does.
  lease_id uuid,
  lease_until timestamptz,
  taken_at timestamptz,
  -- Since it was made, for monitoring.
  asked_count bigint not null default 0,
  proceed_count bigint not null default 0,
  drop_count bigint not null default 0,
  inconclusive_count bigint not null default 0,
  -- The last test that was asked for, and what came of it.
  test_id uuid,
  test_requested_at timestamptz,
  test_ended_at timestamptz,
  test_code text,
  test_status integer,
  unique (organisation_id, mode),
  check ((failed_count = 0) = (failing_since is null)),
  check ((lease_id is null) = (lease_until is null))
) with (fillfactor = 50);

-- What questions are signed with, sealed to the key of whoever asks; as of webhooks.
create table send_check_secrets (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  check_id uuid not null references send_checks on delete cascade,
  key_number text not null,
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz
);
create index send_check_secrets_check on send_check_secrets (check_id);

-- What is known of the question about one reminder. It goes with the reminder.
create table send_questions (
  reminder_id uuid primary key references reminders on delete cascade,
  organisation_id uuid not null,
  mode text not null,
  asked_count integer not null default 0,
  -- Since when there should have been an answer; none while all goes well.
  unanswered_since timestamptz,
  failed_count integer not null default 0,
  failed_code text,
  ask_at timestamptz not null default clock_timestamp(),
  -- How the last question ended: with an answer, or by the organisation's policy without one.
  decision text check (decision in ('proceed', 'drop', 'send_unanswered', 'hold_unanswered')),
  decided_at timestamptz,
  -- It may be taken up until then; later it is asked about anew.
  proceed_until timestamptz
);
create index send_questions_answered on send_questions (organisation_id, mode, proceed_until)
  where proceed_until is not null;
create index send_questions_unanswered on send_questions (organisation_id, mode, unanswered_since)
  where unanswered_since is not null;

do $$
declare
  name text;
begin
  foreach name in array array['send_checks', 'send_check_secrets', 'send_questions'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy own_organisations on %I to sotto_api, sotto_ops
         using (organisation_id = any ((select visible_organisations())::uuid[]))
         with check (organisation_id = any ((select visible_organisations())::uuid[]))', name);
    execute format('create policy every_organisation on %I to sotto_scheduler
      using (true) with check (true)', name);
  end loop;
  foreach name in array array['send_checks', 'send_check_secrets'] loop
    execute format('create policy administration on %I to sotto_owner using (true) with check (true)',
      name);
  end loop;
end
$$;

-- api: what an organisation decides. It puts secrets in and never reads one.
grant select, insert, delete on send_checks to sotto_api;
grant update (url, on_no_answer, failed_count, failing_since, failing_code, failing_status, due_at,
  test_id, test_requested_at, test_ended_at, test_code, test_status) on send_checks to sotto_api;
grant insert, select (id, organisation_id, check_id, created_at, expires_at), update (expires_at), delete
  on send_check_secrets to sotto_api;

-- scheduler: asks, and keeps what was said. Whom, and what no answer means, is not its to change.
grant select on send_checks, send_check_secrets to sotto_scheduler;
grant update (answered_at, failed_count, failing_since, failing_code, failing_status, due_at, lease_id,
  lease_until, taken_at, asked_count, proceed_count, drop_count, inconclusive_count, test_ended_at,
  test_code, test_status) on send_checks to sotto_scheduler;
grant delete on send_check_secrets to sotto_scheduler;
grant select, insert, update on send_questions to sotto_scheduler;

-- ops: how it goes and why. No address, which may hold a token; no secret.
grant select (id, organisation_id, mode, on_no_answer, created_at, answered_at, failed_count,
  failing_since, failing_code, failing_status, asked_count, proceed_count, drop_count,
  inconclusive_count) on send_checks to sotto_ops;
grant select on send_questions to sotto_ops;

-- Whether reminders are asked about, and whom, is what somebody may have to look up one day.
create policy own_send_checks on audit for insert to sotto_api with check (
  organisation_id = any ((select visible_organisations())::uuid[])
  and action like 'send_check.%' and actor like 'credential %');

reset role;
