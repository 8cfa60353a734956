-- The audit is a chain: each line holds a hash over the one before and over what it says. Whoever changes,
-- removes or swaps lines breaks it, or has to make all later hashes anew; and those were told outside.
set local role sotto_owner;

-- Where the chain begins and ends: one row. It begins where what was kept long enough has been deleted.
create table audit_chain (
  one boolean primary key default true check (one),
  base_id bigint not null default 0,
  base_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'
    check (length(base_hash) = 32),
  last_id bigint not null default 0 check (last_id >= base_id),
  last_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'
    check (length(last_hash) = 32)
);
insert into audit_chain default values;
alter table audit_chain enable row level security;
alter table audit_chain force row level security;
create policy administration on audit_chain to sotto_owner using (true) with check (true);
create policy by_role on audit_chain for select to sotto_scheduler using (true);

-- A field with its length in bytes before it, so that no two lines read alike: `3:abc,`, and `~` for none.
create function audit_field(field text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when field is null then '~' else octet_length(convert_to(field, 'UTF8')) || ':' || field || ',' end
$$;

-- The hash of a line, as whoever checks it makes it again: SHA-256 over the hash before, raw, and its fields.
create function audit_hash(before bytea, id bigint, at timestamptz, actor text, action text,
  organisation_id uuid, subject text, reason text) returns bytea
language sql stable set search_path = public, pg_catalog, pg_temp as $$
  select sha256(before || convert_to(
    audit_field(id::text)
    || audit_field(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    || audit_field(actor) || audit_field(action) || audit_field(organisation_id::text)
    || audit_field(subject) || audit_field(reason), 'UTF8'))
$$;

alter table audit alter column id drop identity, add column hash bytea check (length(hash) = 32);

do $$
declare
  line audit;
  newest audit_chain;
begin
  select * into strict newest from audit_chain;
  for line in select * from audit order by id loop
    newest.last_id := line.id;
    newest.last_hash := audit_hash(newest.last_hash, line.id, line.at, line.actor, line.action,
      line.organisation_id, line.subject, line.reason);
    update audit set hash = newest.last_hash where id = line.id;
  end loop;
  -- Once: each line would have to find its way past the versions that all before it left.
  update audit_chain set last_id = newest.last_id, last_hash = newest.last_hash;
end
$$;
alter table audit alter column hash set not null;

-- Gives each line its number and hash, whatever was asked for. Whoever writes at the same moment waits for
-- the row of the chain until the other has committed, so numbers have no gaps and the order is that of the
-- chain. A transaction writes its line last: what it locks after it may be waited for crosswise.
create function chain_audit() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  chain audit_chain;
begin
  select * into strict chain from audit_chain for update;
  new.id := chain.last_id + 1;
  new.hash := audit_hash(chain.last_hash, new.id, new.at, new.actor, new.action, new.organisation_id,
    new.subject, new.reason);
  update audit_chain set last_id = new.id, last_hash = new.hash;
  return new;
end
$$;
create trigger chain_audit before insert on audit for each row execute function chain_audit();
revoke execute on function audit_field(text),
  audit_hash(bytea, bigint, timestamptz, text, text, uuid, text, text), chain_audit() from public;

-- Nobody writes another time than now, nor changes a line; not the owner either, as whom the command line
-- acts. What is deleted is what the chain was carried past.
drop policy administration on audit;
create policy administration_reads on audit for select to sotto_owner using (true);
create policy administration_adds on audit for insert to sotto_owner with check (true);
create policy retired on audit for delete to sotto_owner
  using (id <= (select c.base_id from audit_chain c));
revoke insert, update, truncate on audit from sotto_owner;
grant insert (actor, action, organisation_id, subject, reason) on audit to sotto_owner;
revoke insert on audit from sotto_ops;
grant insert (actor, action, organisation_id, subject, reason) on audit to sotto_ops;

-- scheduler: checks the chain, and tells outside how far it goes.
create policy checked on audit for select to sotto_scheduler using (true);
grant select on audit, audit_chain to sotto_scheduler;

-- As before, but of the audit only the oldest lines in a row go, and the chain is carried past them first.
create or replace function delete_old_records(kept_days integer, rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  over timestamptz := clock_timestamp() - make_interval(days => greatest(kept_days, 90));
  total integer := 0;
  deleted integer;
  last_over bigint;
begin
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
