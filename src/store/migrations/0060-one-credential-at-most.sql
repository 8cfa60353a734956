-- A key finds one credential at most. PostgreSQL expected a thousand, and so planned the statement that binds each
-- request to its organisation anew every time: a plan for any number of keys seemed far dearer.
set local role sotto_lookup;
alter function find_credential(bytea) rows 1;
reset role;
