-- What is in hand stands in one index instead of two: those of a batch have its lease, and are found by it.
set local role sotto_owner;

drop index reminders_batch, reminders_lease;
create index reminders_lease on reminders (lease_until, batch_id) where phase = 'in_hand';

reset role;
