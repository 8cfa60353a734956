-- What every reminder costs on its way, without what it does not need.

-- worker and scheduler look rows up by key, whatever the size of a table. Planning a statement anew for
-- each hundred reminders costs as much as running it, and a plan that was made while a table was small
-- must not read through a large one. (Where there is no other way it still does, at a price so high
-- that it would be compiled first.)
do $$
declare
  name text;
  setting text;
begin
  foreach name in array array['sotto_worker', 'sotto_scheduler'] loop
    foreach setting in array array['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'jit=off'] loop
      if not exists (select from pg_db_role_setting where setdatabase = 0 and setrole = name::regrole
          and setting = any (setconfig)) then
        execute format('alter role %I set %I = %L', name, split_part(setting, '=', 1),
          split_part(setting, '=', 2));
      end if;
    end loop;
  end loop;
end
$$;

set local role sotto_owner;

-- What indexes go by. A step within a phase (taken up, being sent; sent, delivered) moves no entry of
-- any index, and what it writes stays on the page (a heap-only tuple). `state` and `updated_at` must
-- therefore stand in no index, nor in the condition of one.
alter table reminders add column phase text generated always as (
  case when state in ('queued', 'sending') then 'in_hand'
    when state in ('sent', 'delivered', 'undelivered') then 'told'
    else state end) stored;
drop index reminders_due, reminders_batch, reminders_lease, reminders_deadline, reminders_uncertain,
  reminders_failed, reminders_expired;
create index reminders_due on reminders (channel, mode, organisation_id, due_at)
  where phase = 'scheduled';
create index reminders_batch on reminders (batch_id) where phase = 'in_hand';
create index reminders_lease on reminders (lease_until) where phase = 'in_hand';
create index reminders_deadline on reminders (not_after)
  where phase in ('scheduled', 'failed', 'uncertain');
create index reminders_failed on reminders (id) where phase = 'failed';
create index reminders_uncertain on reminders (id) where phase = 'uncertain';
create index reminders_expired on reminders (not_after) where phase = 'expired';
-- Room on the page for what a step writes.
alter table reminders set (fillfactor = 75);
alter table links set (fillfactor = 75);

-- A row belongs to the organisation of its appointment. Saying so of each row to PostgreSQL too locks
-- the organisation's row each time, for all who accept and send at once to wait for; no organisation
-- is ever deleted. And a link that has gone leaves its attempt behind: nobody follows it.
alter table versions drop constraint versions_organisation_id_fkey;
alter table reminders drop constraint reminders_organisation_id_fkey;
alter table links drop constraint links_organisation_id_fkey;
alter table content_keys drop constraint content_keys_organisation_id_fkey;
alter table attempts drop constraint attempts_organisation_id_fkey;
alter table attempts drop constraint attempts_link_id_fkey;
grant select (phase) on reminders to sotto_lookup;

-- Appointments that a read-back pauses are few: whether one is among them is asked of few entries.
create index appointments_paused on appointments (id) where paused_at is not null;

reset role;
