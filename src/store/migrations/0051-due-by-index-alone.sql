-- What is due is told apart by the index alone: a page of `reminders` is read only for what is taken. Before, each
-- of those that were compared was looked up on a page of its own, up to four times until it was taken.
set local role sotto_owner;

create index reminders_due_now on reminders (channel, mode, organisation_id, due_at)
  include (not_after, id, appointment_id) where phase = 'scheduled';
drop index reminders_due;
alter index reminders_due_now rename to reminders_due;

reset role;
