-- The channel that a reminder is on after a step stands with the event: each minute's steps are counted by channel, and
-- the reminder of each, which lies on a page of its own, was read for it. Events from before have none, nor those
-- of an appointment that moves or ends, and their reminder is read.
set local role sotto_owner;

alter table events add column channel text;

create or replace function write_intents(its_batch uuid, its_transport text, reminder_ids uuid[], link_ids uuid[],
  lookups bytea[], selectors text[], attempt_ids uuid[], tokens bytea[]) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  written integer;
begin
  perform from reminders where id = any(reminder_ids) order by id for no key update;
  with given as (
    select * from unnest(reminder_ids, link_ids, lookups, selectors, attempt_ids, tokens)
      as g (reminder_id, link_id, lookup, selector, attempt_id, token)
  ), changed as (
    update reminders r set state = 'sending', attempt_count = r.attempt_count + 1,
      updated_at = clock_timestamp()
    from given g
    where r.id = g.reminder_id and r.state = 'queued' and r.batch_id = its_batch
      and r.pending_end is null and r.lease_until > clock_timestamp()
      and not exists (
        select from appointments a where a.id = r.appointment_id
          and (a.paused_at is not null or a.state = 'erased') offset 0)
      and not exists (
        select from pauses p where p.ended_at is null
          and (p.organisation_id is null or p.organisation_id = r.organisation_id)
          and (p.channel is null or p.channel = r.channel) offset 0)
    returning g.*, r.organisation_id, r.mode, r.appointment_id, r.channel, r.attempt_count,
      r.possible_duplicate, r.possibly_sent, r.reference
  ), linked as (
    update links l set selector = u.selector,
      attempted_at = coalesce(l.attempted_at, clock_timestamp())
    from changed u
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
    to_state, possible_duplicate, possibly_sent, channel)
  select organisation_id, mode, 'reminder.sending',
    coalesce(reference, (select a.reference from appointments a where a.id = l.appointment_id)),
    appointment_id, reminder_id, 'queued', 'sending', possible_duplicate, possibly_sent,
    channel
  from linked l;
  -- All that is given or nothing: what was written of the others goes with it.
  get diagnostics written = row_count;
  if written < cardinality(reminder_ids) then
    raise exception 'held back' using errcode = 'ST001';
  end if;
end
$$;

reset role;
