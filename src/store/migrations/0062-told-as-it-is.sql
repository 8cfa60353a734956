set local role sotto_owner;

-- Whoever presses "erase" twice, or never got the answer, is shown the same end and the same receipt. It is sealed
-- to the link, for it says how many passkeys went too; it goes with the row.
alter table appointments add column erasure_receipt bytea;
grant select (erasure_receipt), update (erasure_receipt) on appointments to sotto_eraser;

-- What a recipient is told of a reminder: one that may have gone out is not "not sent", and what went out by one
-- channel before another took over is told too.
grant select (possibly_sent) on reminders to sotto_patient;
grant select (organisation_id, reminder_id, channel, started_at, outcome) on attempts to sotto_patient;

-- A link whose key was revoked opens nothing, and operators are not told that it works.
grant select (selector) on links to sotto_ops;
grant select on revoked_selectors to sotto_ops;
alter policy by_role on revoked_selectors to sotto_ops, sotto_patient;

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_eraser;
set local role sotto_eraser;

-- Keeps the receipt of an erasure, within its transaction: the first one stays.
create function keep_erasure_receipt(appointment uuid, receipt bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
  update appointments a set erasure_receipt = receipt
  where a.id = appointment and a.state = 'erased' and a.erasure_receipt is null;
$$;
revoke execute on function keep_erasure_receipt(uuid, bytea) from public;
grant execute on function keep_erasure_receipt(uuid, bytea) to sotto_patient;

reset role;
revoke create on schema public from sotto_eraser;
