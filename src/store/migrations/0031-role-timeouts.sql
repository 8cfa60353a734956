-- How long a statement and an idle transaction of a process may take stands with its role, where it holds
-- whatever the way to the server: a pooler refuses, or drops, what a connection asks for as it begins.
do $$
declare
  name text;
  setting text;
begin
  foreach name in array array['sotto_api', 'sotto_patient', 'sotto_ops', 'sotto_worker', 'sotto_scheduler'] loop
    foreach setting in array array['statement_timeout=15s', 'idle_in_transaction_session_timeout=30s'] loop
      if not exists (select from pg_db_role_setting where setdatabase = 0 and setrole = name::regrole
          and setting = any (setconfig)) then
        execute format('alter role %I set %I = %L', name, split_part(setting, '=', 1),
          split_part(setting, '=', 2));
      end if;
    end loop;
  end loop;
end
$$;
