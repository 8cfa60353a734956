-- Links of a revoked key are found by one look at each link: looked at by their ids once more, a page took twice
-- as long.
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

create or replace function revoke_links_of(revoked text, after uuid, rows_max int)
returns table (last_id uuid, ended int, owed int)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  walked uuid[];
  those uuid[];
begin
  select array_agg(p.id order by p.id), coalesce(array_agg(p.id order by p.id) filter (where p.is_meant), '{}')
    into walked, those
    from (select l.id, l.selector = revoked and l.revoked_at is null as is_meant from links l
      where l.id > after order by l.id limit 4 * rows_max) p;
  last_id := walked[cardinality(walked)];
  -- Nobody waits for the locks of more than so many.
  if cardinality(those) > rows_max then
    those := those[:rows_max];
    last_id := those[rows_max];
  end if;
  select e.ended, e.owed into ended, owed from end_links(those) e;
  return next;
end
$$;

reset role;
revoke create on schema public from sotto_restorer;
