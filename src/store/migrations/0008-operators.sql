-- What operators need to send again, to stop and to go on.
set local role sotto_owner;

-- How many attempts had been made when a person sent it again: those after them are counted anew.
alter table reminders add column attempts_before_redrive integer not null default 0;
grant update (attempts_before_redrive) on reminders to sotto_ops;
-- Dead letters are few: nobody should search the backlog for them.
create index reminders_failed on reminders (id) where state = 'failed';

-- Whether a parcel still stands, which is what it takes to send again. Not the parcel.
grant select (parcel_day) on links to sotto_ops;

create index audit_organisation on audit (organisation_id, id);
create index audit_action on audit (action, id);
create index audit_actor on audit (actor, id);
reset role;
