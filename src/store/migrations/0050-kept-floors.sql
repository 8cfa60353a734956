-- How long events and the audit are kept at least, whatever the place of scheduler asks for: whoever
-- administers the database says so, with each migration.
set local role sotto_owner;

create table kept_floors (
  one boolean primary key default true check (one),
  events_days integer not null default 90 check (events_days >= 7),
  audit_days integer not null default 1096 check (audit_days >= 90)
);
insert into kept_floors default values;
alter table kept_floors enable row level security;
alter table kept_floors force row level security;
create policy administration on kept_floors to sotto_owner using (true) with check (true);
create policy by_role on kept_floors for select to sotto_scheduler using (true);
grant select on kept_floors to sotto_scheduler;

-- As before, but for how old is old.
create or replace function delete_old_records(kept_days integer, rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  over timestamptz := clock_timestamp()
    - make_interval(days => greatest(kept_days, (select audit_days from kept_floors)));
  total integer := 0;
  deleted integer;
  last_over bigint;
begin
  delete from ops_requests where asked_at < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from ops_users where disabled_at < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from credentials where least(revoked_at, expires_at) < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from pauses where ended_at < over;
  get diagnostics deleted = row_count;
  total := total + deleted;
  delete from ops_sessions where created_at < clock_timestamp() - interval '12 hours';
  get diagnostics deleted = row_count;
  total := total + deleted;
  -- Last, for who writes to the audit waits until this ends.
  select max(w.id) into last_over
    from (select o.id, bool_and(o.at < over) over (order by o.id) as is_over
      from (select a.id, a.at from audit a order by a.id limit rows_max) o) w
    where w.is_over;
  if last_over is null then
    return total;
  end if;
  update audit_chain set base_id = last_over, base_hash = (select a.hash from audit a where a.id = last_over)
    where base_id < last_over;
  delete from audit where id <= last_over;
  get diagnostics deleted = row_count;
  return total + deleted;
end
$$;

create or replace function drop_event_month(old_month date, kept_days integer) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  days integer := greatest(kept_days, (select events_days from kept_floors));
begin
  update event_months set dropped_at = clock_timestamp()
    where month = old_month and carried_at is not null and dropped_at is null
      and (old_month + interval '1 month') at time zone 'UTC'
        <= clock_timestamp() - make_interval(days => days + 1);
  if not found then
    return false;
  end if;
  -- Last, for from here on nobody reads or writes an event until the transaction ends.
  execute format('drop table if exists %I', 'events_' || to_char(old_month, 'YYYY_MM'));
  return true;
end
$$;

reset role;
