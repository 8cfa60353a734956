-- What a role may do and has no use for is taken from it, and what it deletes by age it can delete by age alone.
set local role sotto_owner;

-- The pages delete nothing of an appointment themselves.
revoke delete on codes, factor_failures from sotto_patient;

-- Callbacks are deleted by whoever opens them.
revoke delete on sealed_callbacks from sotto_scheduler;

-- What still counts stays: a code that may be tried, how many were sent, a request that was taken, a pause, what the
-- ledger counts on, whoever asks for it to be deleted.
create policy only_old on codes as restrictive for delete to sotto_scheduler
  using (expires_at < clock_timestamp() - interval '1 day');
create policy only_old on phone_day_counts as restrictive for delete to sotto_scheduler
  using (day < (clock_timestamp() at time zone 'UTC')::date - 1);
create policy only_old on passkeys as restrictive for delete to sotto_scheduler
  using (used_on < (clock_timestamp() at time zone 'UTC')::date - 400);
create policy only_old on source_failures as restrictive for delete to sotto_scheduler
  using (updated_at < clock_timestamp() - interval '7 days');
create policy only_old on receipts as restrictive for delete to sotto_scheduler
  using (issued_at < clock_timestamp() - interval '7 days');
alter policy retention on credential_tokens using (expires_at < clock_timestamp() - interval '1 hour');

-- Passkeys that their person removed since a backup are removed again, young ones too.
grant select (id), delete on passkeys to sotto_restorer;
create policy restoring_all on passkeys to sotto_restorer using (true);

reset role;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

create function replay_passkey_removals(entries jsonb)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from passkeys p
    using jsonb_to_recordset(entries) as e (kind text, "passkeyId" uuid)
    where e.kind = 'passkey_removal' and p.id = e."passkeyId";
end
$$;
revoke execute on function replay_passkey_removals(jsonb) from public;
grant execute on function replay_passkey_removals(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;
