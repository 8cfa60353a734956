-- Gives each role's user in PostgreSQL the password that stands in the environment. Again is safe.
-- A statement that fails must not stand in the server's log: it would hold the password.
set log_min_error_statement = panic;
set log_statement = none;
set password_encryption = 'scram-sha-256';
\getenv api API_PASSWORD
\getenv patient PATIENT_PASSWORD
\getenv ops OPS_PASSWORD
\getenv worker WORKER_PASSWORD
\getenv scheduler SCHEDULER_PASSWORD
alter role sotto_api password :'api';
alter role sotto_patient password :'patient';
alter role sotto_ops password :'ops';
alter role sotto_worker password :'worker';
alter role sotto_scheduler password :'scheduler';
