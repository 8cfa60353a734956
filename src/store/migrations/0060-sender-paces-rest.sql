-- A process that knows this server's clock only roughly may hand over later than others: so much is left free
-- behind what it books, so that what others book next does not come within the same second. Who says nothing of
-- it, as processes did before, leaves nothing free.
set local role sotto_owner;

drop function book_moments(text, boolean, integer, float8, float8, float8);

-- Books moments, one behind the other, for messages of a sender: as many as are wanted and begin within
-- lead_ms and ahead_ms, with nothing for rest_ms behind them. Of four moments in a row one is a reminder's,
-- however many codes wait. All times in milliseconds of this server's clock, and three and a half are four
-- whatever rounding does; a booking far ahead was made before the clock was set back.
create function book_moments(its_sender text, is_code boolean, wanted integer,
  every_ms float8, lead_ms float8, ahead_ms float8, rest_ms float8 default 0,
  out now_ms float8, out first_ms float8, out booked integer)
language plpgsql set search_path = public, pg_temp as $$
declare
  free_ms float8;
  last_ms float8;
begin
  loop
    select extract(epoch from s.free_at) * 1000, extract(epoch from s.reminder_at) * 1000
      into free_ms, last_ms from sender_paces s where s.sender = its_sender for no key update;
    exit when found;
    insert into sender_paces values (its_sender, clock_timestamp() + interval '1 second', 'epoch')
      on conflict do nothing;
  end loop;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  if free_ms > now_ms + 20000 + 4 * every_ms then
    free_ms := 0;
    last_ms := 0;
  end if;
  first_ms := greatest(free_ms, now_ms + lead_ms);
  booked := greatest(0, least(wanted, floor((now_ms + lead_ms + ahead_ms - first_ms) / every_ms) + 1));
  if booked = 0 and wanted > 0 and not is_code and first_ms >= last_ms + 3.5 * every_ms then
    booked := 1;
  end if;
  if booked > 0 then
    last_ms := case when is_code then last_ms else first_ms + (booked - 1) * every_ms end;
    free_ms := first_ms + booked * every_ms + rest_ms;
    update sender_paces s
    set free_at = to_timestamp(free_ms / 1000), reminder_at = to_timestamp(last_ms / 1000)
    where s.sender = its_sender;
  end if;
end
$$;
grant execute on function book_moments(text, boolean, integer, float8, float8, float8, float8)
  to sotto_worker, sotto_patient;

reset role;
