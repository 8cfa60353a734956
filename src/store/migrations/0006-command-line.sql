-- Pausing and resuming, from the command line and from the ops pages, and who may sign in to those.
set local role sotto_owner;

-- The same thing is paused once, so that one resume ends it.
create unique index pauses_active on pauses (organisation_id, channel) nulls not distinct
  where ended_at is null;

-- Operators pause the whole deployment, or a channel of it, as they do an organisation.
create policy pause_the_deployment on pauses for insert to sotto_ops
  with check (organisation_id is null);
create policy resume_the_deployment on pauses for update to sotto_ops
  using (organisation_id is null) with check (organisation_id is null);

-- Whoever is disabled, or given another password, is signed out.
create policy administration on ops_sessions to sotto_owner using (true) with check (true);

-- What expired while it was held is counted before a resume.
create index reminders_expired on reminders (not_after) where state = 'expired';

-- An administrator sees no reminder, but how many a pause holds. Counts leave, and nothing else.
grant select (id, organisation_id, mode, appointment_id, channel, state, due_at, not_after, attempt_count)
  on reminders to sotto_lookup;
grant select (id, paused_at) on appointments to sotto_lookup;
grant select (id, organisation_id, channel, created_at, ended_at) on pauses to sotto_lookup;
create policy lookup on reminders for select to sotto_lookup using (true);
create policy lookup on appointments for select to sotto_lookup using (true);
create policy lookup on pauses for select to sotto_lookup using (true);

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

create function count_held_reminders(paused_organisation uuid, paused_channel text)
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
    where r.state = 'scheduled' and r.due_at <= now()
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
    union all
    select r.organisation_id, r.mode, true, false
    from paused, reminders r
    where r.state = 'expired' and r.not_after > paused.created_at and r.attempt_count = 0
      and (paused_organisation is null or r.organisation_id = paused_organisation)
      and (paused_channel is null or r.channel = paused_channel)
  )
  select c.organisation_id, c.mode,
    count(*) filter (where not c.is_late and not c.is_held)::integer,
    count(*) filter (where not c.is_late and c.is_held)::integer,
    count(*) filter (where c.is_late)::integer
  from counted c group by c.organisation_id, c.mode order by c.organisation_id, c.mode
$$;

revoke execute on function count_held_reminders(uuid, text) from public;
grant execute on function count_held_reminders(uuid, text) to sotto_owner, sotto_ops;

reset role;
revoke create on schema public from sotto_lookup;
