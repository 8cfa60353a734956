-- Registered keys with signed requests, and where a credential may be used from.
set local role sotto_owner;

alter table credentials drop column public_key;
-- Where it may be used from; null is from anywhere.
alter table credentials add column networks cidr[] check (cardinality(networks) between 1 and 50);
-- The ledger has a scope of its own; who could read it still can.
alter table credentials alter column scopes
  set default '{write,status,list,erase,settings,webhooks,ledger}';
update credentials set scopes = scopes || '{ledger}'
  where 'status' = any (scopes) and not 'ledger' = any (scopes);

-- What a credential without a secret of ours signs its requests with. Two at a time, so that one can
-- take the place of the other.
create table credential_keys (
  organisation_id uuid not null references organisations,
  credential_id uuid not null references credentials on delete cascade,
  -- RFC 7638, of the key alone.
  thumbprint text not null check (thumbprint ~ '^[A-Za-z0-9_-]{43}$'),
  slot smallint not null check (slot in (1, 2)),
  -- Decided by the kind of key, never by who signs.
  algorithm text not null check (algorithm in ('EdDSA', 'ES256')),
  public_key jsonb not null check (not public_key ? 'd'),
  created_at timestamptz not null default clock_timestamp(),
  primary key (credential_id, thumbprint),
  unique (credential_id, slot)
);

-- Signed requests that were let in, until they would be refused for their age.
create table credential_tokens (
  organisation_id uuid not null,
  credential_id uuid not null references credentials on delete cascade,
  -- SHA-256 of the id that the signer gave it: of one size, whatever was written there.
  token_hash bytea not null check (octet_length(token_hash) = 32),
  expires_at timestamptz not null,
  primary key (credential_id, token_hash)
);
create index credential_tokens_expiry on credential_tokens (expires_at);

do $$
declare
  name text;
begin
  foreach name in array array['credential_keys', 'credential_tokens'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_organisations on %I to sotto_api
      using (organisation_id = any ((select visible_organisations())::uuid[]))
      with check (organisation_id = any ((select visible_organisations())::uuid[]))', name);
  end loop;
end
$$;
create policy administration on credential_keys to sotto_owner using (true) with check (true);
create policy every_organisation on credential_tokens for select to sotto_scheduler using (true);
create policy retention on credential_tokens for delete to sotto_scheduler using (true);
create policy restoring_all on credential_keys to sotto_restorer using (true);

-- api: who signs, and what was let in already.
grant select on credential_keys to sotto_api;
grant select, insert on credential_tokens to sotto_api;

-- scheduler: deletes what is over.
grant select, delete on credential_tokens to sotto_scheduler;

grant select (credential_id, thumbprint), delete on credential_keys to sotto_restorer;

reset role;
grant create on schema public to sotto_lookup;
set local role sotto_lookup;

-- Whose the named credentials are, so that their rows can be seen: ids and nothing else.
create function find_credential_owners(credentials uuid[])
returns table (credential_id uuid, organisation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, c.organisation_id from credentials c where c.id = any ($1)
$$;
revoke execute on function find_credential_owners(uuid[]) from public;
grant execute on function find_credential_owners(uuid[]) to sotto_api;

reset role;
revoke create on schema public from sotto_lookup;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- Registered keys that were taken away since the backup do not come back with it.
create function replay_key_removals(entries jsonb)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if may_send() then raise exception 'nothing is being restored'; end if;
  delete from credential_keys k
    using jsonb_to_recordset(entries) as e (kind text, "credentialId" uuid, thumbprint text)
    where e.kind = 'credential_key_removal' and k.credential_id = e."credentialId"
      and k.thumbprint = e.thumbprint;
end
$$;
revoke execute on function replay_key_removals(jsonb) from public;
grant execute on function replay_key_removals(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;
