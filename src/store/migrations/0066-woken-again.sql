-- An incident that nobody has closed wakes again when it is seen anew after a while: each time is an alert of
-- its own, which receivers must not take for the one that they have.
set local role sotto_owner;

-- The how manieth alert of its incident by this way, and since when it has been owed.
alter table incident_alerts
  add column number integer not null default 1 check (number > 0),
  add column owed_at timestamptz not null default clock_timestamp();
grant update (number, owed_at) on incident_alerts to sotto_scheduler, sotto_worker;

reset role;
