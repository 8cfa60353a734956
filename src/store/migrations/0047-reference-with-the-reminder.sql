-- What is told of a reminder names its appointment's reference, which never changes. It lies with the reminder, so
-- that no step has to read the appointment: that was a page of its own for each reminder that is due. Reminders
-- from before have none, and theirs is read as it was.
set local role sotto_owner;

alter table reminders add column reference text;

-- What holds back what is owed of an appointment. Nearly empty, so that nothing else is read of the others.
create index appointments_held on appointments (id) where paused_at is not null or state = 'erased';
drop index appointments_paused;

-- As before, but for what it reads of appointments.
create or replace function write_intents(its_batch uuid, its_transport text, reminder_ids uuid[], link_ids uuid[],
  lookups bytea[], selectors text[], attempt_ids uuid[], tokens bytea[]) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  written integer;
begin
  perform from reminders where id = any(reminder_ids) order by id for no key update;
  update reminders r set state = 'sending', attempt_count = r.attempt_count + 1,
    updated_at = clock_timestamp()
  from unnest(reminder_ids) as g (reminder_id)
  where r.id = g.reminder_id and r.state = 'queued' and r.batch_id = its_batch
    and r.pending_end is null and r.lease_until > clock_timestamp();
  get diagnostics written = row_count;
  if written < cardinality(reminder_ids) then
    raise exception 'not in hand' using errcode = 'ST001';
  end if;

  with given as (
    select * from unnest(reminder_ids, link_ids, lookups, selectors, attempt_ids, tokens)
      as g (reminder_id, link_id, lookup, selector, attempt_id, token)
  ), unpaused as (
    select g.*, r.organisation_id, r.mode, r.appointment_id, r.channel, r.attempt_count,
      r.possible_duplicate, r.possibly_sent,
      coalesce(r.reference, (select a.reference from appointments a where a.id = r.appointment_id))
        as reference
    from given g
    join reminders r on r.id = g.reminder_id
    where not exists (
      select from appointments a where a.id = r.appointment_id
        and (a.paused_at is not null or a.state = 'erased') offset 0)
    and not exists (
      select from pauses p where p.ended_at is null
        and (p.organisation_id is null or p.organisation_id = r.organisation_id)
        and (p.channel is null or p.channel = r.channel))
  ), linked as (
    update links l set selector = u.selector,
      attempted_at = coalesce(l.attempted_at, clock_timestamp())
    from unpaused u
    where l.id = u.link_id and l.reminder_id = u.reminder_id and l.lookup = u.lookup
      and l.current and l.revoked_at is null and coalesce(l.selector, u.selector) = u.selector
      and not exists (select from revoked_selectors s where s.selector = u.selector)
    returning u.*
  ), tried as (
    insert into attempts (id, organisation_id, mode, reminder_id, link_id, number, channel, transport,
      token, batch_id, possible_duplicate)
    select attempt_id, organisation_id, mode, reminder_id, link_id, attempt_count, channel,
      its_transport, token, its_batch, possible_duplicate
    from linked
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, possible_duplicate, possibly_sent)
  select organisation_id, mode, 'reminder.sending', reference, appointment_id, reminder_id, 'queued',
    'sending', possible_duplicate, possibly_sent
  from linked;
  get diagnostics written = row_count;
  if written < cardinality(reminder_ids) then
    raise exception 'held back' using errcode = 'ST001';
  end if;
end
$$;

reset role;
