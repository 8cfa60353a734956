-- A database that was restored is recognised before anything is sent from it, and what must not be undone
-- is done again.
do $$
begin
  -- Owns the two functions that mend a restored database, and nothing else.
  if not exists (select from pg_roles where rolname = 'sotto_restorer') then
    create role sotto_restorer nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
  execute format('grant sotto_restorer to %I', current_user);
end
$$;
grant usage on schema public to sotto_restorer;

set local role sotto_owner;

-- A database lives from when it is made, or restored, until it is restored the next time.
create table database_lives (
  number integer primary key check (number >= 1),
  begun_at timestamptz not null default clock_timestamp(),
  -- As of when the database had been when this life began; null: it was new.
  restored_to timestamptz,
  -- Everything that a restore asks for is done.
  ready_at timestamptz,
  -- Which server, database and tables these are, and on which timeline.
  identity text,
  timeline text,
  -- The run of the server that was compared with the mark outside, and may be sent from. Null: none has
  -- been yet, so nothing has. Empty: none may be, a restore is under way.
  run text,
  -- Raised before each mark is written, so that no mark is ever ahead of its own database.
  beat bigint not null default 0,
  marked_at timestamptz not null default clock_timestamp(),
  -- Added to the ids of transactions, so that the order of events goes on where the last life ended.
  transaction_shift bigint not null default 0,
  -- Versions accepted so far, by organisation, of everything before `counted_until`.
  accepted jsonb not null default '{}',
  counted_until timestamptz not null default clock_timestamp()
);
alter table database_lives enable row level security;
alter table database_lives force row level security;
create policy administration on database_lives to sotto_owner using (true) with check (true);
create policy by_role on database_lives for select to sotto_api, sotto_patient, sotto_ops, sotto_worker, sotto_restorer
  using (true);
create policy by_role_of_scheduler on database_lives to sotto_scheduler using (true) with check (true);
insert into database_lives (number, ready_at) values (1, clock_timestamp());

grant select (number, run, transaction_shift)
  on database_lives to sotto_api, sotto_patient, sotto_ops, sotto_worker, sotto_restorer;
grant select, update (ready_at, identity, timeline, run, beat, marked_at, accepted, counted_until)
  on database_lives to sotto_scheduler;
grant select (organisation_id) on receipts to sotto_scheduler;

-- One start of the server, of one database on it and of the tables in that: a restore never keeps it.
create function current_run() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select oid::text || ' ' || 'public.database_lives'::regclass::oid::text || ' ' || extract(epoch from pg_postmaster_start_time())::text
  from pg_database where datname = current_database()
$$;

-- Whether this run of the server has been compared with the mark outside.
create function may_send() returns boolean
language sql stable set search_path = public, pg_temp as $$
  select l.run is null or l.run = current_run() from database_lives l order by l.number desc limit 1
$$;

-- Whatever is about to be handed to a provider has an attempt first: this holds for processes that were
-- running while the database was changed under them, too.
create function refuse_before_compared() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if not may_send() then raise exception 'held back' using errcode = 'ST001'; end if;
  return null;
end
$$;
create trigger refuse_before_compared before insert on attempts
  for each statement execute function refuse_before_compared();

-- Before this, no event can appear any more, as events are numbered in this life.
create function events_horizon() returns xid8
language sql stable set search_path = public, pg_temp as $$
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + l.transaction_shift)::text::xid8
  from database_lives l order by l.number desc limit 1
$$;

-- Begins another life. Ids and transactions of events go on above all that was ever handed out, so that
-- whoever kept a position in them misses nothing: restored servers count from lower numbers again.
create function begin_life(
  new_number integer, point timestamptz, new_identity text, new_timeline text,
  least_transaction bigint, least_event bigint)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  last database_lives;
  shift bigint;
begin
  select * into last from database_lives order by number desc limit 1;
  if last.number >= new_number then return; end if;
  -- What was numbered after the last mark is not known; so much in a minute is out of reach.
  shift := greatest(least_transaction, last.transaction_shift + pg_current_xact_id()::text::bigint,
      (select max(e.transaction_id::text::bigint)
        from (select transaction_id from events order by created_at desc limit 10000) e))
    + 1099511627776 - pg_current_xact_id()::text::bigint;
  execute format('alter table only events alter column transaction_id
    set default ((pg_current_xact_id()::text::bigint + %s)::text::xid8)', shift);
  perform setval(pg_get_serial_sequence('events', 'id'),
    greatest(least_event, nextval(pg_get_serial_sequence('events', 'id'))) + 1048576);
  insert into database_lives (number, restored_to, identity, timeline, run, marked_at, transaction_shift,
      accepted, counted_until)
    values (new_number, point, new_identity, new_timeline, '', last.marked_at, shift,
      last.accepted, last.counted_until);
end
$$;
create policy restoring on events for select to sotto_owner using (true);

revoke execute on function current_run(), may_send(), events_horizon(),
  begin_life(integer, timestamptz, text, text, bigint, bigint) from public;
grant execute on function current_run(), may_send()
  to sotto_api, sotto_patient, sotto_ops, sotto_worker, sotto_scheduler, sotto_restorer;
grant execute on function events_horizon() to sotto_api, sotto_ops, sotto_scheduler;
grant execute on function begin_life(integer, timestamptz, text, text, bigint, bigint) to sotto_scheduler;

-- A restore stops sending, until a person resumes it.
grant insert (id, reason) on pauses to sotto_scheduler;

-- What mends a restored database sees all of it, and only while nothing may be sent from it.
do $$
declare
  name text;
begin
  foreach name in array array['appointments', 'reminders', 'links', 'versions', 'attempts', 'events',
      'factor_failures', 'suppressions', 'credentials', 'credential_organisations', 'ops_users',
      'ops_sessions', 'webhook_endpoints'] loop
    execute format('create policy restoring_all on %I to sotto_restorer using (true) with check (true)', name);
  end loop;
end
$$;
grant select (id, organisation_id, mode, reference, state, deleted_at), update (state, deleted_at, updated_at)
  on appointments to sotto_restorer;
grant select, update (state, reason_code, possibly_sent, batch_id, lease_until, doubted_at, settle_at,
  settle_count, doubt_alarmed_at, updated_at) on reminders to sotto_restorer;
grant select (id, appointment_id, reminder_id, channel, attempted_at, revoked_at, parcel_day),
  update (attempted_at, revoked_at), delete on links to sotto_restorer;
grant select (appointment_id), delete on versions to sotto_restorer;
grant select (reminder_id, outcome, copy_owed_at), update (outcome, reason_code, ended_at, copy_owed_at)
  on attempts to sotto_restorer;
grant insert on events to sotto_restorer;
grant select, insert, update, delete on factor_failures to sotto_restorer;
grant select (contact_index, created_at), insert, delete on suppressions to sotto_restorer;
grant select (id, revoked_at, expires_at), update (revoked_at, expires_at) on credentials to sotto_restorer;
grant select (credential_id, organisation_id), delete on credential_organisations to sotto_restorer;
grant select (id, disabled_at), update (disabled_at) on ops_users to sotto_restorer;
grant select (user_id), delete on ops_sessions to sotto_restorer;
grant select (id), delete on webhook_endpoints to sotto_restorer;

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- Puts in doubt what may have been sent after the point that the database was restored to: reminders of
-- that time that are not final. Goes through all of them in the order of their ids, some at a call, and
-- does no harm twice. A reminder that a person may send again says that it may have gone out.
create function doubt_restored(
  point timestamptz, doubt_from timestamptz, doubt_until timestamptz, after_id uuid, count_max integer)
returns table (last_id uuid, doubted integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  return query with walked as materialized (
      select r.id, r.state, r.reason_code, r.send_at, r.not_after, r.possibly_sent from reminders r
      where r.id > after_id order by r.id limit count_max
    ), due as materialized (
      select r.id, r.state as from_state,
        case when r.phase = 'failed' then 'failed' else 'uncertain' end as to_state
      from reminders r
      where r.id = any (array(select w.id from walked w
          where (w.send_at between doubt_from and doubt_until
              and (w.state in ('scheduled', 'queued', 'sending')
                or (w.state = 'uncertain' and w.reason_code is distinct from 'restored')))
            or (w.state = 'failed' and not w.possibly_sent and w.not_after > point)))
        and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
      order by r.id for no key update
    ), tried as (
      update attempts t set outcome = 'uncertain', reason_code = 'restored', ended_at = clock_timestamp()
      where t.reminder_id = any (array(select d.id from due d)) and t.outcome is null
    ), changed as (
      -- A window of its own for each, also for what had been looked for before.
      update reminders r set state = d.to_state, possibly_sent = r.possibly_sent or d.to_state = 'failed',
        reason_code = case when d.to_state = 'failed' then r.reason_code else 'restored' end,
        batch_id = null, lease_until = null,
        doubted_at = case when d.to_state = 'failed' then r.doubted_at else clock_timestamp() end,
        settle_at = case when d.to_state = 'failed' then r.settle_at else clock_timestamp() end,
        settle_count = r.settle_count + 1, doubt_alarmed_at = null, updated_at = clock_timestamp()
      from due d where r.id = d.id
      returning r.*, d.from_state
    ), linked as (
      -- The patient may have it: a later version must not take it back as one that nobody has seen.
      update links l set attempted_at = c.send_at from changed c
      where l.reminder_id = c.id and l.channel = c.channel and c.state = 'uncertain'
        and l.attempted_at is null and l.revoked_at is null
    ), told as (
      insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
        to_state, reason_code, possible_duplicate, possibly_sent)
      select c.organisation_id, c.mode, 'reminder.' || c.state, a.reference, c.appointment_id, c.id,
        c.from_state, c.state, 'restored', c.possible_duplicate, c.possibly_sent
      from changed c join appointments a on a.id = c.appointment_id
      where c.state <> c.from_state or c.state = 'failed'
    )
    select (select w.id from walked w order by w.id desc limit 1), (select count(*)::integer from changed);
end
$$;

-- Does again what the journal holds. Each entry only takes away, but one that lifts a stop; doing it twice
-- does no harm. Returns how many entries were of something that this database has never had.
create function replay_journal(entries jsonb)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  unknown integer := 0;
  erased uuid[];
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  select coalesce(array_agg(a.id order by a.id) filter (where a.id is not null), '{}'),
      count(*) filter (where a.id is null)
    into erased, unknown
    from jsonb_to_recordset(entries) as e (kind text, "appointmentId" uuid)
    left join appointments a on a.id = e."appointmentId"
    where e.kind = 'erasure';
  perform from appointments where id = any (erased) and state <> 'erased' order by id for no key update;
  with ended as (
    select r.id, r.state as from_state from reminders r
    where r.appointment_id = any (erased)
      and r.state in ('scheduled', 'queued', 'sending', 'uncertain', 'failed')
    order by r.id for no key update
  ), changed as (
    update reminders r set state = 'erased', batch_id = null, lease_until = null,
      possibly_sent = r.possibly_sent or e.from_state in ('sending', 'uncertain'),
      updated_at = clock_timestamp()
    from ended e where r.id = e.id returning r.*, e.from_state
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
    to_state, reason_code, possibly_sent)
  select c.organisation_id, c.mode, 'reminder.erased', a.reference, c.appointment_id, c.id, c.from_state,
    'erased', 'restored', c.possibly_sent
  from changed c join appointments a on a.id = c.appointment_id;
  delete from links where appointment_id = any (erased);
  delete from versions where appointment_id = any (erased);
  delete from factor_failures where appointment_id = any (erased);
  update attempts set copy_owed_at = least(copy_owed_at, clock_timestamp())
    where reminder_id in (select id from reminders where appointment_id = any (erased));
  with changed as (
    update appointments set state = 'erased', deleted_at = coalesce(deleted_at, clock_timestamp()),
      updated_at = clock_timestamp()
    where id = any (erased) and state <> 'erased' returning organisation_id, mode, reference, id
  )
  insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
  select organisation_id, mode, 'appointment.erased', reference, id, 'restored' from changed;

  update links l set revoked_at = coalesce(l.revoked_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "linkId" uuid)
    where e.kind = 'link_revocation' and l.id = e."linkId";

  insert into factor_failures as f (organisation_id, appointment_id, factor, locked_at, help_code)
    select distinct on (a.id, e.factor) a.organisation_id, a.id, e.factor, clock_timestamp(), e."helpCode"
    from jsonb_to_recordset(entries) as e (kind text, "appointmentId" uuid, factor text, "helpCode" text)
    join appointments a on a.id = e."appointmentId" and a.state <> 'erased'
    where e.kind = 'lock_out'
    on conflict (appointment_id, factor) do update set
      help_code = coalesce(f.help_code, excluded.help_code),
      locked_at = coalesce(f.locked_at, excluded.locked_at);

  insert into suppressions (contact_index, pepper, channel, source, created_at)
    select decode(e.index, 'hex'), e.pepper, e.channel, e.source, e.at
    from jsonb_to_recordset(entries)
      as e (kind text, index text, pepper text, channel text, source text, at timestamptz)
    where e.kind = 'suppression' on conflict do nothing;
  -- Somebody may have said stop once more since.
  delete from suppressions s
    using jsonb_to_recordset(entries) as e (kind text, index text, at timestamptz)
    where e.kind = 'suppression_lifted' and s.contact_index = decode(e.index, 'hex')
      and s.created_at <= e.at;

  update credentials c set revoked_at = coalesce(c.revoked_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid)
    where e.kind = 'credential_revocation' and c.id = e."credentialId";
  update credentials c set expires_at = least(c.expires_at, e."endsAt")
    from jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, "endsAt" timestamptz)
    where e.kind = 'credential_end' and c.id = e."credentialId";
  delete from credential_organisations o
    using jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, "organisationId" uuid)
    where e.kind = 'credential_disallowed' and o.credential_id = e."credentialId"
      and o.organisation_id = e."organisationId";

  update ops_users u set disabled_at = coalesce(u.disabled_at, clock_timestamp())
    from jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind = 'ops_user_disabled' and u.id = e."userId";
  delete from ops_sessions s
    using jsonb_to_recordset(entries) as e (kind text, "userId" uuid)
    where e.kind = 'ops_user_disabled' and s.user_id = e."userId";

  delete from webhook_endpoints w
    using jsonb_to_recordset(entries) as e (kind text, "endpointId" uuid)
    where e.kind = 'endpoint_deletion' and w.id = e."endpointId";
  return unknown;
end
$$;

revoke execute on function
  doubt_restored(timestamptz, timestamptz, timestamptz, uuid, integer), replay_journal(jsonb) from public;
grant execute on function
  doubt_restored(timestamptz, timestamptz, timestamptz, uuid, integer), replay_journal(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;

-- A database that was in use before there were marks was as of its last sign of life.
update database_lives set marked_at = coalesce((select max(beat_at) from heartbeats), clock_timestamp());
