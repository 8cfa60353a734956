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

grant create on schema public to sotto_lookup;
set local role sotto_lookup;

create function find_appointments(those uuid[]) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select id from appointments where id = any (those)
$$;
revoke execute on function find_appointments(uuid[]) from public;
grant execute on function find_appointments(uuid[]) to sotto_owner;

reset role;
revoke create on schema public from sotto_lookup;
set local role sotto_owner;

-- A month of events is dropped on what was carried of it, so nobody writes that but this function.
drop policy only_before_it_counts on carried_steps;
revoke insert, update (count) on carried_steps from sotto_scheduler;
revoke insert on carried_lives, carried_ends from sotto_scheduler;
revoke insert (month), update (carried_to, carried_at) on event_months from sotto_scheduler;
create policy carrying on carried_steps to sotto_owner using (true) with check (true);
create policy carrying on carried_lives for insert to sotto_owner with check (true);
create policy carrying on carried_ends for insert to sotto_owner with check (true);

-- Carries forward what the events of the next thousand appointments of a month say: its steps, counted by what they
-- were, and what they add up to for each reminder that is still there. At the end it notes where the readers of each
-- organisation stand who have missed nothing of it. Says whether there is more of the month to carry.
create function carry_event_month(old_month date) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  month_begin constant text := to_char(old_month, 'YYYY-MM-DD') || ' 00:00:00+00';
  month_end constant text := to_char(old_month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
  stand event_months;
  last_carried uuid;
begin
  -- No event may follow. The transaction's own time, for it may see nothing that is newer.
  if month_end::timestamptz > now() - interval '8 days' then
    return false;
  end if;
  insert into event_months (month) values (old_month) on conflict (month) do nothing;
  select * into strict stand from event_months where month = old_month for no key update;
  if stand.carried_at is not null then
    return false;
  end if;
  -- As a text, so that it is planned for this month alone.
  execute format($carry$
    with page as materialized (
      select distinct e.appointment_id from events e
      where e.created_at >= %1$L and e.created_at < %2$L and e.appointment_id > %3$L
      order by e.appointment_id limit 1000
    ), step as materialized (
      select e.organisation_id, e.mode, e.appointment_id, e.reminder_id, e.from_state, e.to_state, e.reason_code
      from events e where e.created_at >= %1$L and e.created_at < %2$L
        and e.appointment_id = any (array(select appointment_id from page))
        and e.reminder_id is not null and e.to_state is not null and e.from_state is distinct from e.to_state
    ), steps as (
      insert into carried_steps as c (month, organisation_id, mode, from_state, to_state, reason_code, count)
      select %4$L, organisation_id, mode, from_state, to_state, reason_code, count(*) from step
      group by 2, 3, 4, 5, 6
      on conflict (month, organisation_id, mode, from_state, to_state, reason_code)
        do update set count = c.count + excluded.count
    ), lives as (
      insert into carried_lives (month, organisation_id, mode, appointment_id, reminder_id, state, step)
      select %4$L, s.organisation_id, s.mode, s.appointment_id, s.reminder_id, t.state, sum(t.step)
      from step s cross join lateral (values (s.to_state, 1), (s.from_state, -1)) as t (state, step)
      where t.state is not null
        and s.appointment_id = any (array(select find_appointments(array(select appointment_id from page))))
      group by 2, 3, 4, 5, 6 having sum(t.step) <> 0
    )
    select appointment_id from page order by 1 desc limit 1
  $carry$, month_begin, month_end, stand.carried_to, to_char(old_month, 'YYYY-MM-DD')) into last_carried;
  if last_carried is not null then
    update event_months set carried_to = last_carried where month = old_month;
    return true;
  end if;
  execute format($ends$
    insert into carried_ends (month, organisation_id, mode, transaction_id, id)
    select %3$L, o.id, m.mode, l.transaction_id, l.id from organisations o
    cross join (values ('live'), ('test')) as m (mode)
    cross join lateral (select e.transaction_id, e.id from events e
      where e.created_at >= %1$L and e.created_at < %2$L and e.organisation_id = o.id and e.mode = m.mode
        -- As the readers of events see it.
        and e.transaction_id < (select events_horizon())
        and e.to_state is distinct from 'queued' and e.to_state is distinct from 'sending'
        and not (e.to_state is not distinct from 'scheduled'
          and coalesce(e.from_state in ('queued', 'sending'), false))
      order by e.transaction_id desc, e.id desc limit 1) l
  $ends$, month_begin, month_end, to_char(old_month, 'YYYY-MM-DD'));
  update event_months set carried_at = clock_timestamp() where month = old_month;
  return false;
end
$$;
revoke execute on function carry_event_month(date) from public;
grant execute on function carry_event_month(date) to sotto_scheduler;
