-- What was carried forward of deleted reminders is one row an organisation, mode and state, however long it runs.
set local role sotto_owner;
create policy folding on carried_balances to sotto_owner using (true) with check (true);
create index carried_balances_folding on carried_balances (organisation_id);

-- Adds up the next rows by one statement, so that whoever counts sees the same sum before and after, and says
-- with which organisation to go on; null at the end. So many rows must be more than one organisation has states.
-- Nobody else takes a row away: whoever has the scheduler's place makes no reminder vanish from the ledger by it.
create function fold_carried_balances(from_organisation uuid, rows_max integer) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  next_organisation uuid;
begin
  with looked_at as materialized (
    select id, organisation_id, mode, state from carried_balances
    where organisation_id >= from_organisation order by organisation_id limit rows_max
  ), several as (
    select array_agg(id) as ids from looked_at group by organisation_id, mode, state having count(*) > 1
  ), gone as (
    delete from carried_balances where id in (select unnest(ids) from several)
    returning organisation_id, mode, state, count
  ), added as (
    insert into carried_balances (organisation_id, mode, state, count)
    select organisation_id, mode, state, sum(count) from gone group by 1, 2, 3
  )
  -- The last one may have more.
  select organisation_id into next_organisation from looked_at
  where (select count(*) from looked_at) = rows_max order by organisation_id desc limit 1;
  return next_organisation;
end
$$;
revoke execute on function fold_carried_balances(uuid, integer) from public;
grant execute on function fold_carried_balances(uuid, integer) to sotto_scheduler;
