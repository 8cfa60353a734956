#!/bin/sh
# PgBouncer, its settings and its file of users for its user alone, in a folder that ends with the container.
set -eu
umask 377
rm -f "$1/pgbouncer.ini" "$1/users.txt"
cat > "$1/pgbouncer.ini" <<INI
[databases]
sotto = host=$POSTGRES_HOST port=5432 dbname=sotto auth_dbname=sotto
[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
unix_socket_dir =
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = 10
; The default of 15 s would be how long everything stands still after each restart of PostgreSQL.
server_login_retry = 1
max_client_conn = 1000
auth_type = scram-sha-256
auth_file = $1/users.txt
auth_user = sotto_pooler
auth_query = select name, secret from pooler.secret_of(\$1)
INI
printf '"sotto_pooler" "%s"\n' "$(printf %s "$POOLER_PASSWORD" | sed 's/"/""/g')" > "$1/users.txt"
unset POOLER_PASSWORD
exec pgbouncer "$1/pgbouncer.ini"
