-- What operators look at: counts per minute of what became of reminders, and running totals.
set local role sotto_owner;

-- How far the minutes have been counted. A minute may be closed once every transaction that could have
-- written in it has ended: settled_until is known to be so; mark_at will be, when all transactions
-- older than mark_transaction_id have ended.
create table measuring (
  one boolean primary key default true check (one),
  measured_until timestamptz not null default date_trunc('minute', clock_timestamp()),
  settled_until timestamptz not null default now(),
  mark_at timestamptz not null default now(),
  mark_transaction_id xid8 not null default pg_current_xact_id()
);
insert into measuring default values;

-- Steps of reminders. An empty text stands for none: a key holds no null.
create table minute_transitions (
  minute timestamptz not null,
  mode text not null,
  channel text not null,
  from_state text not null,
  to_state text not null,
  reason_code text not null,
  count bigint not null,
  -- Of those, steps of reminders that may reach somebody a second time.
  flagged_count bigint not null,
  primary key (minute, mode, channel, from_state, to_state, reason_code)
);
-- Attempts by the minute in which they began, with what was known of them two minutes later.
create table minute_hand_overs (
  minute timestamptz not null,
  mode text not null,
  channel text not null,
  transport text not null,
  outcome text not null,
  reason_code text not null,
  count bigint not null,
  primary key (minute, mode, channel, transport, outcome, reason_code)
);
-- How long after its time a reminder was first handed over, in seconds.
create table minute_lateness (
  minute timestamptz not null,
  mode text not null,
  channel text not null,
  count bigint not null,
  sum_s double precision not null,
  p50_s double precision not null,
  p95_s double precision not null,
  max_s double precision not null,
  primary key (minute, mode, channel)
);
create table minute_opt_outs (
  minute timestamptz not null,
  channel text not null,
  source text not null,
  count bigint not null,
  primary key (minute, channel, source)
);

-- The same from the beginning. These never go down: minutes are deleted, totals are not.
create table total_transitions (
  mode text not null,
  channel text not null,
  from_state text not null,
  to_state text not null,
  reason_code text not null,
  count bigint not null,
  flagged_count bigint not null,
  primary key (mode, channel, from_state, to_state, reason_code)
);
create table total_hand_overs (
  mode text not null,
  channel text not null,
  transport text not null,
  outcome text not null,
  reason_code text not null,
  count bigint not null,
  primary key (mode, channel, transport, outcome, reason_code)
);
create table total_lateness (
  mode text not null,
  channel text not null,
  count bigint not null,
  sum_s double precision not null,
  -- How many were at most as late as each of the bounds of a histogram, in their order.
  within_counts bigint[] not null,
  primary key (mode, channel)
);
create table total_opt_outs (
  channel text not null,
  source text not null,
  count bigint not null,
  primary key (channel, source)
);

-- They hold counts of the whole deployment: no organisation, no reference, no id.
do $$
declare
  name text;
begin
  foreach name in array array['measuring', 'minute_transitions', 'minute_hand_overs', 'minute_lateness',
    'minute_opt_outs', 'total_transitions', 'total_hand_overs', 'total_lateness', 'total_opt_outs'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy by_role on %I for select to sotto_ops using (true)', name);
    execute format('create policy by_role_of_scheduler on %I to sotto_scheduler using (true) with check (true)', name);
  end loop;
end
$$;
grant select, update on measuring to sotto_scheduler;
grant insert, delete on minute_transitions, minute_hand_overs, minute_lateness, minute_opt_outs
  to sotto_scheduler;
-- Deleting by age reads the age and nothing else.
grant select (minute) on minute_transitions, minute_hand_overs, minute_lateness, minute_opt_outs
  to sotto_scheduler;
grant select, insert, update on total_transitions, total_hand_overs, total_lateness, total_opt_outs
  to sotto_scheduler;
grant select (measured_until) on measuring to sotto_ops;
grant select on minute_transitions, minute_hand_overs, minute_lateness, minute_opt_outs,
  total_transitions, total_hand_overs, total_lateness, total_opt_outs to sotto_ops;

-- What is counted, and nothing that says of whom.
grant select (created_at, mode, reminder_id, from_state, to_state, reason_code, possible_duplicate)
  on events to sotto_scheduler;
grant select (mode, number, channel, transport, reason_code) on attempts to sotto_scheduler;
grant select (created_at, channel, source) on suppressions to sotto_scheduler;
create index suppressions_created on suppressions (created_at);

-- What nobody knows the outcome of is little: it is found without a look at the backlog.
create index reminders_uncertain on reminders (updated_at) where state = 'uncertain';

-- What is due is counted past the policies of organisations: the list of all of them, compared in each
-- of thousands of searches, would cost more than the searches. Counts leave, and nothing else. (That
-- sotto_lookup may see reminders and appointments of all organisations is said in 0006.)
grant select (organisation_id, mode, appointment_id, channel, state, due_at) on reminders to sotto_lookup;
grant select (id, starts_at, paused_at) on appointments to sotto_lookup;

reset role;
-- Creating a function needs this for as long as it takes.
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- Reminders that are scheduled within a time, up to 10,000 of each organisation and lane.
create function count_due_reminders(due_after timestamptz, due_until timestamptz)
returns table (organisation_id uuid, channel text, mode text, due_count integer, oldest_due_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select o.id, l.channel, l.mode, d.due_count, d.oldest_due_at
  from organisations o
  cross join (values ('sms', 'live'), ('email', 'live'), ('sms', 'test'), ('email', 'test'))
    as l (channel, mode)
  cross join lateral (select count(*)::integer as due_count, min(w.due_at) as oldest_due_at from (
    select r.due_at from reminders r
    where r.state = 'scheduled' and r.channel = l.channel and r.mode = l.mode
      and r.organisation_id = o.id and r.due_at > due_after and r.due_at <= due_until
    order by r.due_at limit 10000) w) d
  where d.due_count > 0
$$;

-- Of reminders that were due by then, up to 2,000 of each organisation and channel, those first that
-- have been due longest: appointments that begin within a day, and reminders that a read-back that did
-- not match holds.
create function count_late_appointments(late_mode text, late_by timestamptz)
returns table (soon_count integer, mismatch_count integer)
language sql stable security definer set search_path = public, pg_temp as $$
  select (count(distinct a.id) filter (where a.starts_at <= now() + interval '1 day'))::integer,
    (count(*) filter (where a.paused_at is not null))::integer
  from organisations o
  cross join (values ('sms'), ('email')) as c (channel)
  cross join lateral (select r.appointment_id from reminders r
    where r.state = 'scheduled' and r.channel = c.channel and r.mode = late_mode
      and r.organisation_id = o.id and r.due_at <= late_by
    order by r.due_at limit 2000) w
  join appointments a on a.id = w.appointment_id
$$;

revoke execute on function count_due_reminders(timestamptz, timestamptz),
  count_late_appointments(text, timestamptz) from public;
grant execute on function count_due_reminders(timestamptz, timestamptz),
  count_late_appointments(text, timestamptz) to sotto_ops;

reset role;
revoke create on schema public from sotto_lookup;
