-- When a sender may hand over its next message, whichever process does. Kept out of the log of changes: it is
-- worth less than a second, and a server that starts anew has been silent for longer.
set local role sotto_owner;

create unlogged table sender_paces (
  sender text primary key,
  free_at timestamptz not null
);
alter table sender_paces enable row level security;
alter table sender_paces force row level security;
create policy by_role on sender_paces to sotto_worker, sotto_patient using (true) with check (true);
grant select, insert, update on sender_paces to sotto_worker, sotto_patient;

-- Books moments, one behind the other, for messages of a sender: as many as are wanted and begin within
-- ahead_ms. With none booked it tells when the next could begin. Nobody books more than ten seconds ahead, so
-- that a clock that was set back holds nobody up for longer.
create function book_moments(its_sender text, wanted integer, every_ms float8, ahead_ms float8,
  out first_in_ms float8, out booked integer)
language plpgsql set search_path = public, pg_temp as $$
declare
  moment timestamptz;
  free timestamptz;
begin
  loop
    select s.free_at into free from sender_paces s where s.sender = its_sender for no key update;
    exit when found;
    insert into sender_paces values (its_sender, '-infinity') on conflict do nothing;
  end loop;
  moment := clock_timestamp();
  if free < moment or free > moment + (10000 + every_ms) * interval '1 millisecond' then
    free := moment;
  end if;
  first_in_ms := extract(epoch from free - moment) * 1000;
  booked := greatest(0, least(wanted, floor((least(ahead_ms, 10000) - first_in_ms) / every_ms) + 1));
  if booked > 0 then
    update sender_paces s set free_at = free + booked * every_ms * interval '1 millisecond'
    where s.sender = its_sender;
  end if;
end
$$;
grant execute on function book_moments(text, integer, float8, float8) to sotto_worker, sotto_patient;

reset role;
