-- What was carried forward of deleted reminders is one row an organisation, mode and state, however long it runs.
set local role sotto_owner;
create policy folding on carried_balances to sotto_owner using (true) with check (true);

-- Adds up some of them by one statement, so that whoever counts sees the same sum before and after. Nobody else
-- takes a row away: whoever has the scheduler's place makes no reminder vanish from the ledger by it.
create function fold_carried_balances(rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  folded integer;
begin
  with several as (
    select organisation_id, mode, state from carried_balances group by 1, 2, 3 having count(*) > 1
    limit rows_max
  ), gone as (
    delete from carried_balances b using several s
      where (b.organisation_id, b.mode, b.state) = (s.organisation_id, s.mode, s.state)
    returning b.organisation_id, b.mode, b.state, b.count
  )
  insert into carried_balances (organisation_id, mode, state, count)
    select organisation_id, mode, state, sum(count) from gone group by 1, 2, 3;
  get diagnostics folded = row_count;
  return folded;
end
$$;
revoke execute on function fold_carried_balances(integer) from public;
grant execute on function fold_carried_balances(integer) to sotto_scheduler;
