-- What sending by email, codes and opting out need beyond what stood there.
set local role sotto_owner;

-- A sender has two lanes, for live and for test messages, so that neither waits for the other.
alter table batches add column mode text not null default 'live' check (mode in ('test', 'live'));
alter table batches alter column mode drop default;
drop index reminders_due;
create index reminders_due on reminders (channel, mode, organisation_id, due_at)
  where state = 'scheduled';

-- A code that a provider certainly refused is none of the few that a link may ask for.
alter table codes add column withdrawn_at timestamptz;

-- What cannot be applied yet waits from its last failure on: a worker that was away has used up none
-- of its tries.
alter table sealed_callbacks add column failed_at timestamptz;

-- Who asks a practice for messages again is helped by whoever runs the service, from the command line.
create policy administration on suppressions to sotto_owner using (true);

-- The token of an email's attempt stands in its return path, where whoever reads the mail finds it.
-- It must open no address for receipts: what comes there is kept before anyone can check who signed it.
grant select (channel) on attempts to sotto_lookup;

reset role;
-- Replacing a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

create or replace function find_attempt(attempt_token bytea)
returns table (attempt_id uuid, organisation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.organisation_id from attempts a where a.token = attempt_token and a.channel = 'sms'
$$;

reset role;
revoke create on schema public from sotto_lookup;
