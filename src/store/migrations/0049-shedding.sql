-- What cannot be kept is refused at the door: what a replay of the journal might take away again, and what a
-- channel that is behind would not send in time.
set local role sotto_owner;

-- Whatever is accepted has a version. In the transaction that accepts: what a process remembers of the
-- database may be of the one before.
create trigger refuse_before_compared before insert on versions
  for each statement execute function refuse_before_compared();

create policy lookup on send_checks for select to sotto_lookup using (true);
create policy lookup on heartbeats for select to sotto_lookup using (true);
grant select (organisation_id, mode) on send_checks to sotto_lookup;
grant select (name, beat_at) on heartbeats to sotto_lookup;

grant execute on function visible_organisations() to sotto_lookup;

reset role;
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- Lanes of these organisations, as far as the transaction sees them, in which something has been due for longer than `at_least`, and for how long.
-- What a person has paused, or had paused until a moment ago, is not late by that; and of an organisation
-- that has its booking system asked nobody knows here who is waited for. `is_held_up`: every worker finds
-- the provider down, so that what has another link goes on by that.
create function find_lanes_behind(those uuid[], at_least interval)
returns table (organisation_id uuid, channel text, mode text, behind_ms float8, is_held_up boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select o.id, c.channel, m.mode, extract(epoch from now() - b.since)::float8 * 1000,
    (select count(*) filter (where h.name = 'held-up ' || c.channel || ' ' || m.mode)
        >= greatest(1, count(*) filter (where h.name = 'dispatch'))
      from heartbeats h where h.name in ('dispatch', 'held-up ' || c.channel || ' ' || m.mode)
        and h.beat_at > now() - interval '20 seconds')
  from unnest(those) as o (id)
  cross join (values ('sms'), ('email')) as c (channel)
  cross join (values ('live'), ('test')) as m (mode)
  cross join lateral (select r.due_at from reminders r
    where r.phase = 'scheduled' and r.channel = c.channel and r.mode = m.mode
      and r.organisation_id = o.id and r.due_at <= now() - at_least and r.not_after > now()
      and not exists (select from appointments a
        where a.id = r.appointment_id and a.paused_at is not null)
    order by r.due_at limit 1) d
  cross join lateral (select greatest(d.due_at, max(coalesce(p.ended_at, now()))) as since from pauses p
    where (p.organisation_id is null or p.organisation_id = o.id)
      and (p.channel is null or p.channel = c.channel)) b
  where b.since <= now() - at_least and o.id = any ((select visible_organisations())::uuid[])
    and not exists (select from send_checks k where k.organisation_id = o.id and k.mode = m.mode)
$$;
revoke execute on function find_lanes_behind(uuid[], interval) from public;
grant execute on function find_lanes_behind(uuid[], interval) to sotto_api;

reset role;
revoke create on schema public from sotto_lookup;
