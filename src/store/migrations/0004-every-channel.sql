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

-- Who asks a practice for messages again is helped by whoever runs the service, from the command line.
create policy administration on suppressions to sotto_owner using (true);

reset role;
