-- What patients may prove themselves with, and where they may log in.
set local role sotto_owner;

alter table organisations
  -- strict: neither a birth date nor a code by SMS opens anything.
  add column proof_policy text not null default 'standard' check (proof_policy in ('standard', 'strict')),
  -- An OpenID Connect provider; none without an issuer.
  add column portal_issuer text check (char_length(portal_issuer) between 1 and 2000),
  add column portal_client_id text not null default '' check (char_length(portal_client_id) <= 255),
  add column portal_acr_values text[] not null default '{}' check (cardinality(portal_acr_values) <= 8),
  add column portal_max_age_minutes integer not null default 10
    check (portal_max_age_minutes between 0 and 1440),
  -- Who somebody is at one provider says nothing of another: subjects count from when this one was set.
  add column portal_since timestamptz,
  add check (portal_issuer is null or portal_client_id <> '');

create function note_portal_change() returns trigger language plpgsql
set search_path = public, pg_temp as $$
begin
  if new.portal_issuer is distinct from old.portal_issuer then
    new.portal_since := clock_timestamp();
  end if;
  return new;
end
$$;
create trigger note_portal_change before update on organisations
  for each row execute function note_portal_change();

grant update (proof_policy, portal_issuer, portal_client_id, portal_acr_values, portal_max_age_minutes)
  on organisations to sotto_api;

reset role;
