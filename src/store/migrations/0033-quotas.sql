-- What a key may have accepted in an hour and in a day: far above a busy practice, far below what a
-- stolen key is worth to whoever earns by messages.
set local role sotto_owner;

alter table organisations
  -- Of all its keys together, of one mode; null: none.
  add column appointments_per_hour integer default 5000 check (appointments_per_hour > 0),
  add column appointments_per_day integer default 20000 check (appointments_per_day > 0),
  add column reminders_per_hour integer default 15000 check (reminders_per_hour > 0),
  add column reminders_per_day integer default 60000 check (reminders_per_day > 0),
  add column numbers_per_hour integer default 4000 check (numbers_per_hour > 0),
  -- ISO 3166-1 alpha-2: where recipients' phones may be; null: anywhere.
  add column countries text[] check (cardinality(countries) between 1 and 250);
-- The same ceilings, by name, of this key alone over all organisations that it acts for.
alter table credentials add column quotas jsonb not null default '{}' check (jsonb_typeof(quotas) = 'object');

-- What was accepted. Each process has rows of its own, so that none waits for another; the sum counts.
create table credential_usage (
  organisation_id uuid not null,
  credential_id uuid not null references credentials on delete cascade,
  mode text not null check (mode in ('test', 'live')),
  process_id uuid not null,
  hour timestamptz not null,
  appointments integer not null default 0,
  reminders integer not null default 0,
  -- How many different phone numbers: a count, by a sketch that never leaves the process.
  numbers integer not null default 0,
  -- The last time that something was refused, and by which ceiling.
  refused_at timestamptz,
  refused_by text check (char_length(refused_by) <= 40),
  primary key (credential_id, organisation_id, mode, process_id, hour)
) with (fillfactor = 50);
create index credential_usage_organisation on credential_usage (organisation_id, mode, hour);
create index credential_usage_refused on credential_usage (refused_at) where refused_at is not null;

alter table credential_usage enable row level security;
alter table credential_usage force row level security;
create policy own_organisations on credential_usage to sotto_api
  using (organisation_id = any ((select visible_organisations())::uuid[]))
  with check (organisation_id = any ((select visible_organisations())::uuid[]));
create policy every_organisation on credential_usage for select to sotto_scheduler using (true);
-- Not what still counts: no ceiling is lifted by deleting.
create policy retention on credential_usage for delete to sotto_scheduler
  using (hour < clock_timestamp() - interval '36 hours');
create policy administration on credential_usage for select to sotto_owner using (true);
create policy lookup on credential_usage for select to sotto_lookup using (true);

-- api: counts and sums. A ceiling is the organisation's to lower; that no key raises one is the use case's.
grant select, insert on credential_usage to sotto_api;
grant update (appointments, reminders, numbers, refused_at, refused_by) on credential_usage to sotto_api;
grant update (appointments_per_hour, appointments_per_day, reminders_per_hour, reminders_per_day,
  numbers_per_hour, countries) on organisations to sotto_api;
-- scheduler: what was refused a moment ago is an incident; what is over goes.
grant select, delete on credential_usage to sotto_scheduler;
grant select (credential_id, process_id, hour, appointments, reminders, numbers)
  on credential_usage to sotto_lookup;

reset role;
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- What the named credentials had accepted since, in all organisations that they act for: counts alone.
-- Numbers are of the hour, without those of one process, which knows its own.
create function sum_credential_usage(credentials uuid[], hour_start timestamptz, day_start timestamptz,
  process uuid)
returns table (credential_id uuid, appointments_hour bigint, appointments_day bigint,
  reminders_hour bigint, reminders_day bigint, numbers_hour bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select u.credential_id, sum(u.appointments) filter (where u.hour >= hour_start), sum(u.appointments),
    sum(u.reminders) filter (where u.hour >= hour_start), sum(u.reminders),
    sum(u.numbers) filter (where u.hour >= hour_start and u.process_id <> process)
  from credential_usage u where u.credential_id = any ($1) and u.hour >= day_start
  group by u.credential_id
$$;
revoke execute on function sum_credential_usage(uuid[], timestamptz, timestamptz, uuid) from public;
grant execute on function sum_credential_usage(uuid[], timestamptz, timestamptz, uuid) to sotto_api;

reset role;
revoke create on schema public from sotto_lookup;
