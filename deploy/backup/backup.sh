#!/bin/sh
# Backs the database up into a folder: one dump of all six schemas, of one moment. For installations whose dump takes
# minutes; larger ones archive WAL (deploy/examples/cloudnativepg.yaml).
#   DATABASE_URL=<administrator's URL of the database> deploy/backup/backup.sh <folder>
# The keys of personal data (Secrets regulars-members, regulars-complaints) are NOT in it: keep them elsewhere.
set -eu
folder=${1:?a folder for the dump}
mkdir -p "$folder"
name="$folder/regulars-$(date -u +%Y%m%dT%H%M%SZ).dump"
pg_dump --dbname="$DATABASE_URL" --format=custom --no-owner --no-privileges --serializable-deferrable --file="$name.part"
mv "$name.part" "$name"
pg_restore --list "$name" >/dev/null
echo "$name"
