-- Settling sends whose outcome nobody knows, and deleting what a provider keeps of messages.
set local role sotto_owner;

-- Since when it has been in doubt; it stays when the doubt is over.
alter table reminders add column doubted_at timestamptz;
-- When it is next looked for at the provider; while it is, when that is given up.
alter table reminders add column settle_at timestamptz;
-- Looks so far at the doubt that it is in: what an earlier look found missing counts no more.
alter table reminders add column settle_count integer not null default 0;
alter table reminders add column doubt_alarmed_at timestamptz;
create index reminders_settle on reminders (channel, mode, settle_at) where phase = 'uncertain';

-- Whoever puts a reminder in doubt, its window begins there and then.
create function begin_doubt() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  new.doubted_at := clock_timestamp();
  new.settle_at := new.doubted_at;
  new.settle_count := 0;
  new.doubt_alarmed_at := null;
  return new;
end
$$;
create trigger begin_doubt before update of state on reminders for each row
  when (new.state = 'uncertain' and old.state <> 'uncertain') execute function begin_doubt();
create trigger begin_doubt_at_birth before insert on reminders for each row
  when (new.state = 'uncertain') execute function begin_doubt();
update reminders set doubted_at = clock_timestamp(), settle_at = clock_timestamp()
  where state = 'uncertain';

grant update (settle_at, settle_count, doubt_alarmed_at) on reminders to sotto_worker;

-- When it was proven that this one went out beside another of its reminder.
alter table attempts add column proven_copy_at timestamptz;
create index attempts_proven_copies on attempts (reminder_id) where proven_copy_at is not null;
grant select (proven_copy_at) on attempts to sotto_ops;

-- From when on the provider's copy of a message is ours to delete: a day after the hand-over, or as
-- soon as it is known what became of it.
alter table attempts add column copy_owed_at timestamptz not null
  default clock_timestamp() + interval '24 hours';
alter table attempts add column copy_retry_at timestamptz;
alter table attempts add column copy_tries integer not null default 0;
alter table attempts add column copy_gone_at timestamptz;
create index attempts_copies on attempts (transport, copy_owed_at)
  where channel = 'sms' and provider_id is not null and copy_gone_at is null;
-- Those that the provider was asked to delete and still keeps are few, and are counted.
create index attempts_copies_kept on attempts (copy_owed_at)
  where copy_tries > 0 and copy_gone_at is null;

-- Who erases an appointment has its copies deleted at once too.
grant select (organisation_id, reminder_id, copy_owed_at), update (copy_owed_at)
  on attempts to sotto_api;
grant select (copy_owed_at, copy_tries, copy_gone_at) on attempts to sotto_ops;

-- What became of doubts is counted from the events that tell of them, each time anybody looks.
create index events_doubts on events (organisation_id)
  where from_state = 'uncertain' or to_state = 'uncertain';

reset role;
