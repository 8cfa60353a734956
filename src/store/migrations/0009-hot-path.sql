-- What every reminder costs on its way, without what it does not need.

-- worker and scheduler look rows up by key, whatever the size of a table. Planning a statement anew for
-- each hundred reminders costs as much as running it, and a plan that was made while a table was small
-- must not read through a large one. (Where there is no other way it still does, at a price so high
-- that it would be compiled first.)
do $$
declare
  name text;
  setting text;
begin
  foreach name in array array['sotto_worker', 'sotto_scheduler'] loop
    foreach setting in array array['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'jit=off'] loop
      if not exists (select from pg_db_role_setting where setdatabase = 0 and setrole = name::regrole
          and setting = any (setconfig)) then
        execute format('alter role %I set %I = %L', name, split_part(setting, '=', 1),
          split_part(setting, '=', 2));
      end if;
    end loop;
  end loop;
end
$$;

set local role sotto_owner;

-- What indexes go by. A step within a phase (taken up, being sent; sent, delivered) moves no entry of
-- any index, and what it writes stays on the page (a heap-only tuple). `state` and `updated_at` must
-- therefore stand in no index, nor in the condition of one.
alter table reminders add column phase text generated always as (
  case when state in ('queued', 'sending') then 'in_hand'
    when state in ('sent', 'delivered', 'undelivered') then 'told'
    else state end) stored;
drop index reminders_due, reminders_batch, reminders_lease, reminders_deadline, reminders_uncertain,
  reminders_failed, reminders_expired;
create index reminders_due on reminders (channel, mode, organisation_id, due_at)
  where phase = 'scheduled';
create index reminders_batch on reminders (batch_id) where phase = 'in_hand';
create index reminders_lease on reminders (lease_until) where phase = 'in_hand';
create index reminders_deadline on reminders (not_after)
  where phase in ('scheduled', 'failed', 'uncertain');
create index reminders_failed on reminders (id) where phase = 'failed';
create index reminders_uncertain on reminders (id) where phase = 'uncertain';
create index reminders_expired on reminders (not_after) where phase = 'expired';
-- Room on the page for what a step writes.
alter table reminders set (fillfactor = 75);
alter table links set (fillfactor = 75);

-- A row belongs to the organisation of its appointment. Saying so of each row to PostgreSQL too locks
-- the organisation's row each time, for all who accept and send at once to wait for; no organisation
-- is ever deleted. And a link that has gone leaves its attempt behind: nobody follows it.
alter table versions drop constraint versions_organisation_id_fkey;
alter table reminders drop constraint reminders_organisation_id_fkey;
alter table links drop constraint links_organisation_id_fkey;
alter table content_keys drop constraint content_keys_organisation_id_fkey;
alter table attempts drop constraint attempts_organisation_id_fkey;
alter table attempts drop constraint attempts_link_id_fkey;
grant select (phase) on reminders to sotto_lookup;

-- Appointments that a read-back pauses are few: whether one is among them is asked of few entries.
create index appointments_paused on appointments (id) where paused_at is not null;

reset role;
-- Replacing a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- The same counts as before, by what the indexes go by.
create or replace function count_due_reminders(due_after timestamptz, due_until timestamptz)
returns table (organisation_id uuid, channel text, mode text, due_count integer, oldest_due_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select o.id, l.channel, l.mode, d.due_count, d.oldest_due_at
  from organisations o
  cross join (values ('sms', 'live'), ('email', 'live'), ('sms', 'test'), ('email', 'test'))
    as l (channel, mode)
  cross join lateral (select count(*)::integer as due_count, min(w.due_at) as oldest_due_at from (
    select r.due_at from reminders r
    where r.phase = 'scheduled' and r.channel = l.channel and r.mode = l.mode
      and r.organisation_id = o.id and r.due_at > due_after and r.due_at <= due_until
    order by r.due_at limit 10000) w) d
  where d.due_count > 0
$$;

create or replace function count_late_appointments(late_mode text, late_by timestamptz)
returns table (soon_count integer, mismatch_count integer)
language sql stable security definer set search_path = public, pg_temp as $$
  select (count(distinct a.id) filter (where a.starts_at <= now() + interval '1 day'))::integer,
    (count(*) filter (where a.paused_at is not null))::integer
  from organisations o
  cross join (values ('sms'), ('email')) as c (channel)
  cross join lateral (select r.appointment_id from reminders r
    where r.phase = 'scheduled' and r.channel = c.channel and r.mode = late_mode
      and r.organisation_id = o.id and r.due_at <= late_by
    order by r.due_at limit 2000) w
  join appointments a on a.id = w.appointment_id
$$;

create or replace function count_held_reminders(paused_organisation uuid, paused_channel text)
returns table (organisation_id uuid, mode text, going_out integer, still_held integer, expired integer)
language sql stable security definer set search_path = public, pg_temp as $$
  with paused as (
    select p.id, p.created_at from pauses p where p.ended_at is null
      and p.organisation_id is not distinct from paused_organisation
      and p.channel is not distinct from paused_channel
  ), counted as (
    select r.organisation_id, r.mode, r.not_after <= now() as is_late,
      a.paused_at is not null or exists (select from pauses o where o.ended_at is null
        and o.id <> paused.id
        and (o.organisation_id is null or o.organisation_id = r.organisation_id)
        and (o.channel is null or o.channel = r.channel)) as is_held
    from paused, reminders r join appointments a on a.id = r.appointment_id
    where r.phase = 'scheduled' and r.due_at <= now()
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
    union all
    select r.organisation_id, r.mode, true, false
    from paused, reminders r
    where r.phase = 'expired' and r.not_after > paused.created_at and r.attempt_count = 0
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
  )
  select c.organisation_id, c.mode,
    count(*) filter (where not c.is_late and not c.is_held)::integer,
    count(*) filter (where not c.is_late and c.is_held)::integer,
    count(*) filter (where c.is_late)::integer
  from counted c group by c.organisation_id, c.mode order by c.organisation_id, c.mode
$$;

reset role;
revoke create on schema public from sotto_lookup;
