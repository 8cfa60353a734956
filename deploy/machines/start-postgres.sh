#!/usr/bin/env bash
# Starts PostgreSQL as the image does; a standby first copies the primary. Nothing is copied over a
# database that is there, whichever it is: a former primary comes back only after its folder was emptied.
set -euo pipefail
folder="$PGDATA"
if [ -n "$PRIMARY" ] && [ ! -s "$folder/PG_VERSION" ]; then
  # Aside until it is whole: what is left of a copy that was cut off is no database. And not under the name of
  # the standby: the primary would take it for that, and confirm what no standby has.
  rm -rf "$folder.copy"
  install -d -o postgres -g postgres -m 0700 "$folder.copy"
  PGPASSWORD="$REPLICATION_PASSWORD" gosu postgres pg_basebackup --pgdata="$folder.copy" --wal-method=stream \
    --write-recovery-conf --checkpoint=fast --dbname="host=$PRIMARY user=sotto_standby"
  # Without PG_VERSION it is no database: what a copy by an older script left, if anything.
  rm -rf "$folder"
  mv -T "$folder.copy" "$folder"
fi
# A standby's name is what a primary waits for.
exec docker-entrypoint.sh postgres -c wal_keep_size=1GB -c max_connections=200 \
  -c shared_buffers="$SHARED_BUFFERS" -c max_wal_size=4GB ${PRIMARY:+-c cluster_name=standby}
