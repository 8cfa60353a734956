-- Keys that got into the wrong hands, and what was sealed or signed with which key.

set local role sotto_owner;

-- Link keys that sign nothing any more: no link that went out under one opens, whatever a process still
-- has in its memory.
create table revoked_selectors (
  selector text primary key check (char_length(selector) = 1),
  revoked_at timestamptz not null default clock_timestamp()
);

-- Days whose key somebody else may have: nothing stays sealed to it for longer than it takes to seal anew.
create table revoked_days (
  day date primary key,
  revoked_at timestamptz not null default clock_timestamp()
);

alter table revoked_selectors enable row level security;
alter table revoked_selectors force row level security;
alter table revoked_days enable row level security;
alter table revoked_days force row level security;
create policy administration on revoked_selectors to sotto_owner using (true) with check (true);
create policy administration on revoked_days to sotto_owner using (true) with check (true);
create policy by_role on revoked_selectors for select to sotto_patient using (true);
create policy every_organisation on revoked_days for select to sotto_worker using (true);
create policy restoring_all on revoked_selectors to sotto_restorer using (true) with check (true);
create policy restoring_all on revoked_days to sotto_restorer using (true) with check (true);
grant select on revoked_selectors to sotto_patient;
grant select on revoked_days to sotto_worker;
grant select, insert on revoked_selectors to sotto_restorer;
grant select, insert on revoked_days to sotto_restorer;

grant select (organisation_id, mode, current, selector, created_at, expires_at), update (selector) on links to sotto_restorer;
grant select (version, view_month) on versions to sotto_restorer;
grant select (version) on appointments to sotto_restorer;

reset role;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- Ends those of these links that went out under a link key that was revoked; again is safe.
--
-- A reminder that is still owed keeps its link without a selector: its next send signs it under another
-- one, and until then it opens nothing. Whoever may have a message with a link that ended is told of.
create function end_links(those uuid[])
returns table (ended integer, owed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- As everybody locks: reminders first, then links, each by their ids.
  perform from reminders where id in (select reminder_id from links where id = any(those))
    order by id for no key update;
  perform from links where id = any(those) order by id for no key update;
  with changed as (
    update links l set
      selector = case when l.parcel_day is not null and l.current
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed') then null else l.selector end,
      revoked_at = case when l.parcel_day is not null and l.current
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed') then null
        else clock_timestamp() end
    from reminders r where r.id = l.reminder_id and l.id = any(those) and l.revoked_at is null
      and l.selector in (select s.selector from revoked_selectors s)
    returning l.organisation_id, l.mode, l.appointment_id, l.reminder_id, l.revoked_at, l.expires_at, r.state
  ), told as (
    insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, reason_code)
    select distinct c.organisation_id, c.mode, 'reminder.needs_reissue', a.reference, c.appointment_id,
      c.reminder_id, 'link_key_revoked'
    from changed c join appointments a on a.id = c.appointment_id
    where c.expires_at > clock_timestamp() and a.state <> 'erased'
      and (c.revoked_at is not null or c.state in ('sending', 'uncertain'))
  )
  select count(*) filter (where c.revoked_at is not null), count(*) filter (where c.revoked_at is null)
    into ended, owed from changed c;
  return next;
end
$$;

-- Ends the links that went out under a link key that was revoked, the next ones in the order of their ids.
create function revoke_links_of(revoked text, after uuid, rows_max integer)
returns table (last_id uuid, ended integer, owed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  those uuid[];
begin
  select array(select l.id from links l where l.selector = revoked and l.id > after
      and l.revoked_at is null
    order by l.id limit rows_max) into those;
  last_id := those[cardinality(those)];
  select e.ended, e.owed into ended, owed from end_links(those) e;
  return next;
end
$$;

-- Goes through the next links of a restored database, in the order of their ids, and ends those that went
-- out under any link key that was revoked. Null when there are no more.
--
-- Counted are the links that are looked at, not those that end: no call takes long, however many there are.
create function end_revoked_links(after uuid, rows_max integer) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  walked uuid[];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  select array(select l.id from links l where l.id > after order by l.id limit rows_max) into walked;
  perform end_links(array(select l.id from links l where l.id = any(walked) and l.revoked_at is null
    and l.selector in (select s.selector from revoked_selectors s)));
  return walked[cardinality(walked)];
end
$$;

-- Does in a restored database what was done with keys since; again is safe. Links of keys that were revoked
-- open nothing from then on; `end_revoked_links` ends them.
create function replay_revoked_keys(entries jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  insert into revoked_days (day)
    select e.day from jsonb_to_recordset(entries) as e (kind text, day date)
    where e.kind = 'day_revocation' on conflict do nothing;
  insert into revoked_selectors (selector)
    select e.selector from jsonb_to_recordset(entries) as e (kind text, selector text)
    where e.kind = 'selector_revocation' on conflict do nothing;
end
$$;

-- Which links were signed with each link key, and until when the last of them works.
create function links_by_selector()
returns table (selector text, links bigint, last_expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select l.selector, count(*), max(l.expires_at) from links l
  where l.selector is not null and l.revoked_at is null and l.expires_at > clock_timestamp()
  group by l.selector
$$;

-- The links that were there in a span of time, each with the days and the month of the keys that what is
-- sealed for it was sealed to; the next ones in the order of their ids.
--
-- A parcel that was emptied had been sealed to the day of sending, or to a later one until it was emptied.
create function sealed_links(span_from timestamptz, span_until timestamptz, after uuid, rows_max integer)
returns table (link_id uuid, organisation_id uuid, mode text, reference text, parcel_day text,
  first_day text, last_day text, emptied_by timestamptz, view_month text, created_at timestamptz,
  expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select l.id, l.organisation_id, l.mode, a.reference, l.parcel_day::text,
    (least(r.send_at, r.created_at, l.attempted_at) at time zone 'UTC')::date::text,
    (greatest(r.send_at, e.emptied_by) at time zone 'UTC')::date::text,
    case when l.parcel_day is null then e.emptied_by end, v.view_month, l.created_at, l.expires_at
  from links l
  join reminders r on r.id = l.reminder_id
  join appointments a on a.id = l.appointment_id
  left join versions v on v.appointment_id = a.id and v.version = a.version
  -- Within the hour in which another channel may be tried, and a round of the duty that empties.
  cross join lateral (select greatest(r.updated_at, r.sent_at) + interval '65 minutes' as emptied_by) e
  where l.created_at < span_until and l.expires_at > span_from and l.id > after
  order by l.id limit rows_max
$$;

revoke execute on function end_links(uuid[]), revoke_links_of(text, uuid, integer),
  end_revoked_links(uuid, integer), replay_revoked_keys(jsonb), links_by_selector(),
  sealed_links(timestamptz, timestamptz, uuid, integer) from public;
grant execute on function replay_revoked_keys(jsonb), end_revoked_links(uuid, integer) to sotto_scheduler;
grant execute on function revoke_links_of(text, uuid, integer), links_by_selector(),
  sealed_links(timestamptz, timestamptz, uuid, integer) to sotto_owner;

reset role;
revoke create on schema public from sotto_restorer;
