-- Settings by API, and keys that people can tell apart.
set local role sotto_owner;

-- What whoever made a key calls it, so that the right one is revoked. Never personal data.
alter table credentials add column label text check (char_length(label) between 1 and 100);
-- The key that took its place and its rights, while this one goes on for a while.
alter table credentials add column replaced_by uuid references credentials;

-- A credential with scope settings changes what its organisation decides, and nothing else of it: not
-- its name, nor the ceiling of requests. Row-level security shows it its own organisations alone.
grant update (default_language, reminder_plan, quiet_from, quiet_until, jitter_minutes,
  uncertain_policy, birth_date_opens_all, days_ahead_max) on organisations to sotto_api;

-- Each change leaves its line, which api can write and not read: only of its own organisations, only
-- of settings, never in the name of an administrator, and at the database's own time.
grant insert (actor, action, organisation_id, subject, reason) on audit to sotto_api;
create policy own_settings on audit for insert to sotto_api with check (
  organisation_id = any ((select visible_organisations())::uuid[])
  and action = 'organisation.set' and actor like 'credential %');

reset role;
