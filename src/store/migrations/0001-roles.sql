-- One database user per process role, each with the least it needs. They may sign in only once a
-- password or certificate is given to them (npm start makes one per start). None inherits, none
-- bypasses row-level security, none owns a table.
do $$
declare
  name text;
begin
  foreach name in array array['sotto_api', 'sotto_patient', 'sotto_ops', 'sotto_worker', 'sotto_scheduler'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login noinherit nosuperuser nocreatedb nocreaterole nobypassrls', name);
    end if;
  end loop;
  -- sotto_owner owns every table; sotto_lookup owns the functions that find an organisation first.
  foreach name in array array['sotto_owner', 'sotto_lookup'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls', name);
    end if;
  end loop;
  execute format('grant sotto_owner, sotto_lookup to %I', current_user);
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to sotto_api, sotto_patient, sotto_ops, sotto_worker, sotto_scheduler', current_database());
end
$$;

revoke all on schema public from public;
grant usage on schema public to sotto_api, sotto_patient, sotto_ops, sotto_worker, sotto_scheduler, sotto_lookup;
grant usage, create on schema public to sotto_owner;
-- What a migration creates is reachable by nobody until a grant says so.
alter default privileges for role sotto_owner revoke execute on functions from public;
