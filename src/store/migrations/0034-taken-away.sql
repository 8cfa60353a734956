-- What one person asks a second one for is open once.
set local role sotto_owner;

-- Of each the newest stays open.
delete from ops_requests a using ops_requests b where a.decision is null and b.decision is null
  and a.action = b.action and a.details = b.details and a.asked_person = b.asked_person
  and (a.asked_at, a.id) < (b.asked_at, b.id);
create unique index ops_requests_once on ops_requests (action, details, asked_person) where decision is null;
-- One that nobody decided in its hour makes way for the next of its kind.
create policy makes_way on ops_requests for delete to sotto_ops
  using (decision is null and expires_at <= clock_timestamp());
grant delete on ops_requests to sotto_ops;

reset role;
