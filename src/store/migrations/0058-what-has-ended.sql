-- What may be emptied is found by what has ended, and not by looking at all that a day still has to send.
set local role sotto_owner;

create index attempts_ended on attempts using brin (ended_at)
  with (pages_per_range = 32, autosummarize = on);
create index links_replaced on links (parcel_day) where parcel is not null and not current;

reset role;
