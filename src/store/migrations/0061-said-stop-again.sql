-- Whoever says stop once more, on the page or in an email, says it now: no START from before it takes it back. Who
-- adds a stop may read none and change none, and learns of this one no more than that there is one, as by adding it.
set local role sotto_owner;

create function renew_suppression(wanted bytea) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update suppressions s set created_at = greatest(s.created_at, clock_timestamp())
    where s.contact_index = wanted returning true
$$;
revoke execute on function renew_suppression(bytea) from public;
grant execute on function renew_suppression(bytea) to sotto_patient, sotto_worker;

reset role;
