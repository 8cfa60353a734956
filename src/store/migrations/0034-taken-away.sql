-- What was taken from operators since a backup stays taken after a restore, and so does a stricter policy of
-- proof; and what one person asks a second one for is open once.
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

grant select (role), update (role, password_hash, issuer, subject) on ops_users to sotto_restorer;
grant select (id, proof_policy), update (proof_policy) on organisations to sotto_restorer;
create policy restoring_all on organisations to sotto_restorer using (true) with check (true);

reset role;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- Signs everybody out: sessions of the backup may have been ended since.
create function end_ops_sessions()
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from ops_sessions;
end
$$;

-- Does again what the journal holds of operators and of the policy of proof. It only takes away: nobody gets a
-- higher role, nor a way to sign in, by what stands in a file.
create function replay_tightenings(entries jsonb)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  roles constant text[] := array['viewer', 'operator', 'admin'];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  update ops_users u set role = e.role
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, role text)
    where e.kind = 'ops_user_role' and u.id = e."userId"
      and array_position(roles, e.role) < array_position(roles, u.role);
  -- Which password or login it was changed to stands nowhere else; the one before may have been stolen.
  update ops_users u set password_hash = null
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, "signIn" text)
    where e.kind = 'ops_user_sign_in' and e."signIn" = 'password' and u.id = e."userId";
  update ops_users u set issuer = null, subject = null
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid, "signIn" text)
    where e.kind = 'ops_user_sign_in' and e."signIn" = 'login' and u.id = e."userId";
  delete from ops_sessions s
    using jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind in ('ops_user_role', 'ops_user_sign_in') and s.user_id = e."userId";

  update organisations o set proof_policy = 'strict'
    from jsonb_to_recordset(entries) as e (kind text, "organisationId" uuid, "proofPolicy" text)
    where e.kind = 'proof_policy' and e."proofPolicy" = 'strict' and o.id = e."organisationId";
end
$$;

revoke execute on function end_ops_sessions(), replay_tightenings(jsonb) from public;
grant execute on function end_ops_sessions(), replay_tightenings(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;
