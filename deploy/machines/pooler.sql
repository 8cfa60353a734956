-- A user for PgBouncer, which may ask what the roles' passwords are checked against, and nothing else.
-- Roles sign in through it with their own passwords, and it holds none of them. Again is safe.
set log_min_error_statement = panic;
set log_statement = none;
set password_encryption = 'scram-sha-256';
\getenv pooler POOLER_PASSWORD
select 'create role sotto_pooler login' where not exists (select from pg_roles where rolname = 'sotto_pooler') \gexec
alter role sotto_pooler password :'pooler';
create schema if not exists pooler;
revoke all on schema pooler from public;
grant usage on schema pooler to sotto_pooler;
create or replace function pooler.secret_of(asked text)
  returns table (name text, secret text)
  language sql stable security definer set search_path = ''
as $$
  select rolname::text, rolpassword from pg_catalog.pg_authid
  where rolname = asked
    and rolname in ('sotto_api', 'sotto_patient', 'sotto_ops', 'sotto_worker', 'sotto_scheduler')
$$;
revoke all on function pooler.secret_of from public;
grant execute on function pooler.secret_of to sotto_pooler;
