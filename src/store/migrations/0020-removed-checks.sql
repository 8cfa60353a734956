-- A send-time check that was removed stays so when the database is restored.
set local role sotto_owner;
create policy restoring_all on send_checks to sotto_restorer using (true) with check (true);
grant select (id), delete on send_checks to sotto_restorer;

reset role;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- As `replay_journal`, of which this is a part.
create function replay_check_removals(entries jsonb)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from send_checks c
    using jsonb_to_recordset(entries) as e (kind text, "checkId" uuid)
    where e.kind = 'send_check_removal' and c.id = e."checkId";
end
$$;

revoke execute on function replay_check_removals(jsonb) from public;
grant execute on function replay_check_removals(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;
