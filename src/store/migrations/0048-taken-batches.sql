-- When a worker last said that it is at a batch, so that no other takes it up for one whose bell was lost: what
-- both prepare is sent by one, and a moment that the other has booked for it is lost to the sender's rate.
set local role sotto_owner;

alter table batches add column taken_at timestamptz;
grant update (taken_at) on batches to sotto_worker;

reset role;
