#!/bin/sh
# Valkey, or the sentinel beside it. It holds ids of batches, needs to keep nothing, and must drop nothing
# by itself. Addresses are the machines' own: containers have others.
set -eu
if [ "$1" = valkey ]; then
  set -- valkey-server --save '' --appendonly no --maxmemory 200mb --maxmemory-policy noeviction \
    --protected-mode no --replica-announce-ip "$OWN" --replica-announce-port 6379
  [ "$PRIMARY" = "$OWN" ] || set -- "$@" --replicaof "$PRIMARY" 6379
  exec "$@"
fi
# What sentinels have agreed on since stands in their file, and goes before what was given.
if [ ! -s /data/sentinel.conf ]; then
  cat > /data/sentinel.conf <<CONF
protected-mode no
sentinel announce-ip $OWN
sentinel announce-port 26379
sentinel monitor sotto $PRIMARY 6379 2
sentinel down-after-milliseconds sotto 3000
sentinel failover-timeout sotto 10000
CONF
fi
exec valkey-sentinel /data/sentinel.conf
