#!/usr/bin/env bash
# Once, when the primary's database is made: a user for the standby.
set -euo pipefail
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=sotto <<'SQL'
set log_min_error_statement = panic;
set password_encryption = 'scram-sha-256';
\getenv standby REPLICATION_PASSWORD
create role sotto_standby replication login password :'standby';
SQL
echo 'host replication sotto_standby all scram-sha-256' >> "$PGDATA/pg_hba.conf"
