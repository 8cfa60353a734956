-- A recipient who proved who they are may erase their appointment. The pages have no right to delete
-- anything: they hand in what the link is found by, and one function does it.
do $$
begin
  -- Owns that function, and nothing else.
  if not exists (select from pg_roles where rolname = 'sotto_eraser') then
    create role sotto_eraser nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
  execute format('grant sotto_eraser to %I', current_user);
end
$$;
grant usage on schema public to sotto_eraser;

set local role sotto_owner;

do $$
declare
  name text;
begin
  foreach name in array array['appointments', 'reminders', 'links', 'versions', 'attempts', 'events',
      'factor_failures'] loop
    execute format('create policy erasing_all on %I to sotto_eraser using (true) with check (true)', name);
  end loop;
end
$$;
grant select (id, organisation_id, mode, reference, state, deleted_at), update (state, deleted_at, updated_at)
  on appointments to sotto_eraser;
grant select, update (state, possibly_sent, pending_end, batch_id, lease_until, updated_at) on reminders to sotto_eraser;
grant select (lookup, appointment_id, revoked_at, expires_at), delete on links to sotto_eraser;
grant select (appointment_id), delete on versions to sotto_eraser;
grant select (reminder_id, copy_owed_at), update (copy_owed_at) on attempts to sotto_eraser;
grant insert on events to sotto_eraser;
grant select (appointment_id), delete on factor_failures to sotto_eraser;

-- What a recipient is told of what is held about them.
grant select (contact_index, created_at) on suppressions to sotto_lookup;
create policy lookup on suppressions for select to sotto_lookup using (true);
grant select (channel, send_at) on reminders to sotto_patient;

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_eraser;
set local role sotto_eraser;

-- Erases the appointment that a live link leads to, as its booking system can; no row where there is none.
-- A reminder that is being handed over at this moment ends when that is over.
create function erase_for_recipient(link_lookup bytea)
returns table (appointment_id uuid, organisation_id uuid, mode text, reference text, erased_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  appointment appointments.id%type;
begin
  select a.id into appointment from links l join appointments a on a.id = l.appointment_id
    where l.lookup = link_lookup and l.revoked_at is null and l.expires_at > clock_timestamp()
    for no key update of a;
  if appointment is null then return; end if;
  -- Whoever held the row may have erased it, or revoked this link.
  perform from links l where l.lookup = link_lookup and l.revoked_at is null
    and l.expires_at > clock_timestamp();
  if not found then return; end if;

  with ended as (
    select r.id, r.state as from_state from reminders r
    where r.appointment_id = appointment
      and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
    order by r.id for no key update
  ), changed as (
    update reminders r set
      state = case when r.state = 'sending' then r.state else 'erased' end,
      pending_end = case when r.state = 'sending' then 'erased' else r.pending_end end,
      batch_id = case when r.state = 'sending' then r.batch_id end,
      lease_until = case when r.state = 'sending' then r.lease_until end,
      possibly_sent = r.possibly_sent or e.from_state = 'uncertain',
      updated_at = clock_timestamp()
    from ended e where r.id = e.id returning r.*, e.from_state
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, reason_code, possibly_sent)
  select c.organisation_id, c.mode, 'reminder.erased', a.reference, c.appointment_id, c.id, c.from_state,
    'erased', 'by_recipient', c.possibly_sent
  from changed c join appointments a on a.id = c.appointment_id where c.state = 'erased';
  delete from links l where l.appointment_id = appointment;
  delete from versions v where v.appointment_id = appointment;
  delete from factor_failures f where f.appointment_id = appointment;
  update attempts t set copy_owed_at = least(t.copy_owed_at, clock_timestamp())
    where t.reminder_id in (select r.id from reminders r where r.appointment_id = appointment);

  return query
    with erased as (
      update appointments a set state = 'erased', updated_at = clock_timestamp(),
        deleted_at = coalesce(a.deleted_at, clock_timestamp())
      where a.id = appointment returning a.id, a.organisation_id, a.mode, a.reference, a.deleted_at
    ), told as (
      insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
      select e.organisation_id, e.mode, 'appointment.erased', e.reference, e.id, 'by_recipient' from erased e
    )
    select e.id, e.organisation_id, e.mode, e.reference, clock_timestamp() from erased e;
end
$$;

revoke execute on function erase_for_recipient(bytea) from public;
grant execute on function erase_for_recipient(bytea) to sotto_patient;

reset role;
revoke create on schema public from sotto_eraser;
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- Since when a contact point gets nothing more, for who knows its index; the pages read no list of them.
create function find_suppression(wanted bytea)
returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select s.created_at from suppressions s where s.contact_index = wanted
$$;
revoke execute on function find_suppression(bytea) from public;
grant execute on function find_suppression(bytea) to sotto_patient;

reset role;
revoke create on schema public from sotto_lookup;
