-- What sending by email, codes and opting out need beyond what stood there.
set local role sotto_owner;

-- A sender has two lanes, for live and for test messages, so that neither waits for the other.
alter table batches add column mode text not null default 'live' check (mode in ('test', 'live'));
alter table batches alter column mode drop default;
drop index reminders_due;
create index reminders_due on reminders (channel, mode, organisation_id, due_at)
  where state = 'scheduled';

-- A patient's opt-out is lifted by their own START, which the worker hears; the page only adds.
grant select (contact_index) on suppressions to sotto_patient;

-- Who accepted that a birth date opens everything, and when, is written to the audit.
reset role;
