-- Operators: a second person for what touches many, sessions that can be seen and ended one by one, and
-- signing in through a provider of logins.
set local role sotto_owner;

-- Whoever signs in through a provider is known by what it calls them, and by nothing else.
alter table ops_users alter column password_hash drop not null,
  add column issuer text, add column subject text,
  add constraint ops_users_login check ((issuer is null) = (subject is null)),
  add constraint ops_users_subject unique (issuer, subject);
-- Who has been signed out must not find a session of theirs under another name for it.
alter table ops_sessions
  add column id uuid not null default gen_random_uuid() unique,
  add column way text not null default 'password' check (way in ('password', 'openid'));

-- What one person asked for, and another has to approve within the hour. Ids, codes and counts.
create table ops_requests (
  id uuid primary key default gen_random_uuid(),
  action text not null check (action in ('reminders.redrive', 'sending.resume')),
  details jsonb not null,
  -- How many reminders it was said to touch.
  shown integer not null,
  asked_by text not null,
  -- The person behind a name, so that nobody approves on one way in what they asked for on another.
  asked_person text not null,
  reason text not null,
  asked_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null default clock_timestamp() + interval '1 hour',
  decision text check (decision in ('approved', 'declined')),
  decided_by text,
  decided_person text,
  decided_at timestamptz,
  check ((decision is null) = (decided_by is null) and (decision is null) = (decided_person is null)
    and (decision is null) = (decided_at is null)),
  constraint two_people check (decision is distinct from 'approved' or decided_person <> asked_person)
);
create index ops_requests_open on ops_requests (asked_at) where decision is null;
alter table ops_requests enable row level security;
alter table ops_requests force row level security;
-- Decided once, and in time.
create policy asks on ops_requests for insert to sotto_ops, sotto_owner with check (decision is null);
create policy looks on ops_requests for select to sotto_ops, sotto_owner using (true);
create policy decides on ops_requests for update to sotto_ops, sotto_owner
  using (decision is null and expires_at > clock_timestamp()) with check (decision is not null);
create policy retired on ops_requests for delete to sotto_owner using (true);
-- What one person did alone within the hour is added up at each press.
create index audit_actor_action on audit (actor, action, at);
grant select, insert (action, details, shown, asked_by, asked_person, reason),
  update (decision, decided_by, decided_person, decided_at) on ops_requests to sotto_ops;

-- As before, and what people asked each other for goes with what they did.
create or replace function delete_old_records(kept_days integer, rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  over timestamptz := clock_timestamp() - make_interval(days => greatest(kept_days, 90));
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

reset role;
