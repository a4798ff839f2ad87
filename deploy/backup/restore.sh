#!/bin/sh
# Restores a dump into a database that has the roles and empty schemas already (provision it first), schema by schema
# under its own role. Stop the services before, start them after: each notices that its data came from another server and
# publishes what was not published yet. Then ask each for `ops verify`.
#   URL_LOYALTY=postgres://… URL_MEMBERS=… deploy/backup/restore.sh <dump>
set -eu
dump=${1:?the dump}
for schema in stores members loyalty complaints surveys notifications; do
  eval "url=\${URL_$(echo "$schema" | tr '[:lower:]' '[:upper:]')}"
  pg_restore --list "$dump" | grep -v " SCHEMA - " | grep -E " $schema " > "$dump.$schema.list" || true
  pg_restore --dbname="$url" --no-owner --no-privileges --exit-on-error --single-transaction \
    --use-list="$dump.$schema.list" "$dump"
  rm "$dump.$schema.list"
  echo "$schema restored"
done
