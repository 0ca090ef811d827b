#!/usr/bin/env bash
# Run once, when the database's directory is made: the two roles that `motlan migrate` grants to, with their passwords.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v app="$APP_PASSWORD" -v auditor="$AUDITOR_PASSWORD" <<'SQL'
create role motlan_app login password :'app';
create role motlan_auditor login password :'auditor';
SQL
