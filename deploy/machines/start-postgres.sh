#!/usr/bin/env bash
# Starts PostgreSQL as the image does; a standby first copies the primary. Nothing is copied over a
# database that is there, whichever it is: a former primary comes back only after its folder was emptied.
set -euo pipefail
folder="$PGDATA"
if [ -n "$PRIMARY" ] && [ ! -s "$folder/PG_VERSION" ]; then
  install -d -o postgres -g postgres -m 0700 "$folder"
  PGPASSWORD="$REPLICATION_PASSWORD" gosu postgres pg_basebackup --pgdata="$folder" --wal-method=stream \
    --write-recovery-conf --checkpoint=fast \
    --dbname="host=$PRIMARY user=sotto_standby application_name=standby"
fi
exec docker-entrypoint.sh postgres -c wal_keep_size=1GB -c max_connections=200 \
  -c shared_buffers="$SHARED_BUFFERS" -c max_wal_size=4GB
