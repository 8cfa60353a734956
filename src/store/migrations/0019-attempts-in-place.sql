-- What becomes of an attempt is written onto its own page, and into no index.

set local role sotto_owner;

-- `provider_id` and `outcome`, which every attempt gets as it ends, must stand in no index but one that
-- sums up ranges of pages: such a one keeps no row from staying where it is (PostgreSQL 16; in 15 it
-- still moves). It is asked only about messages that a provider shows without their text.
drop index attempts_provider_id;
create index attempts_provider_id on attempts using brin (provider_id text_bloom_ops)
  with (pages_per_range = 32, autosummarize = on);

-- Attempts that no message is known of stand in it too, until they would be owed (see
-- `setAsideWithoutCopy`).
drop index attempts_copies;
create index attempts_copies on attempts (transport, copy_owed_at)
  where channel = 'sms' and copy_gone_at is null;

-- Room for all attempts of a page to end in one transaction.
alter table attempts set (fillfactor = 45);

reset role;
