-- What a role may write and never does is taken from it.
set local role sotto_owner;

-- Signs of life are of scheduler and worker; api leaves those of what it refuses, and ops reads them all.
drop policy by_role on heartbeats;
create policy by_role on heartbeats for select to sotto_ops using (true);
create policy own_signs on heartbeats to sotto_api using (name = 'key_missing' or name like 'refusing %');
revoke insert, update on heartbeats from sotto_ops;
revoke all on heartbeats from sotto_patient;

-- ops locks whoever signs in, for which it must be granted a column, and changes nobody.
alter policy by_role on ops_users with check (false);

-- Who erases has the provider's copies deleted at once, and cannot have them kept.
create policy only_at_once on attempts as restrictive for update to sotto_api
  using (true) with check (copy_owed_at <= clock_timestamp());

reset role;
