-- Passkeys of patients, found by a keyed index of who they are to their organisation. The name itself
-- is sealed with each appointment, so that a row leads to nobody without a patient's link.
set local role sotto_owner;

create table passkeys (
  id uuid primary key,
  organisation_id uuid not null references organisations,
  mode text not null check (mode in ('test', 'live')),
  subject_index bytea not null check (octet_length(subject_index) = 32),
  -- Its id, public key and names, under a key that is made of the subject.
  sealed bytea not null,
  -- What the authenticator counts; always 0 for one that is copied between devices.
  sign_count bigint not null check (sign_count >= 0),
  -- The hash of the question that was answered last, which counts once.
  used_challenge bytea check (octet_length(used_challenge) = 32),
  created_on date not null default (clock_timestamp() at time zone 'UTC')::date,
  used_on date not null default (clock_timestamp() at time zone 'UTC')::date
);
create index passkeys_subject on passkeys (subject_index);
create index passkeys_used on passkeys (used_on);

alter table passkeys enable row level security;
alter table passkeys force row level security;
create policy own_organisations on passkeys to sotto_patient
  using (organisation_id = any ((select visible_organisations())::uuid[]))
  with check (organisation_id = any ((select visible_organisations())::uuid[]));
create policy every_organisation on passkeys to sotto_scheduler using (true) with check (true);

grant select, insert, delete on passkeys to sotto_patient;
grant update (sign_count, used_challenge, used_on) on passkeys to sotto_patient;
-- Forgets what nobody has used for long, and what a restored database would bring back.
grant select (ctid, id, used_on), delete on passkeys to sotto_scheduler;

reset role;
