-- What is of use for a short time, and notices, which somebody waits for: fed before the rest of what is due of an
-- organisation, however many have been due for longer. Few are in it, and none is looked for among the others.
set local role sotto_owner;

create index reminders_hurried on reminders (channel, mode, organisation_id, due_at)
  include (not_after, id, appointment_id)
  where phase = 'scheduled' and (kind = 'notice' or not_after - due_at < interval '6 hours');

reset role;
