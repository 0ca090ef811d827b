#!/usr/bin/env bash
# Makes a data directory as the books were: deploy/restore.sh BACKUP ARCHIVE DATA [TIME]
#   BACKUP   what deploy/backup.sh printed
#   ARCHIVE  where deploy/archive-wal.sh put the write-ahead log
#   DATA     a new directory for the server, which is started on it afterwards
#   TIME     e.g. '2026-11-25 10:00:00+07': the last moment that is wanted; without it, all that the archive has
# Run it as the account that runs the server. docs/runbook.md says what comes after.
set -euo pipefail
usage='usage: restore.sh BACKUP ARCHIVE DATA [TIME]'
backup=${1:?$usage} archive=${2:?$usage} data=${3:?$usage} time=${4:-}

if [ -e "$data" ] && [ -n "$(ls -A "$data")" ]; then
    echo "$data is not empty: restore beside it, and look at both" >&2
    exit 1
fi
# The two go into the server's configuration, inside quotes inside quotes.
for word in "$archive" "$time"; do
    case $word in *[\'\"\\%]*) echo "no quotes, backslashes and percent signs: $word" >&2; exit 1 ;; esac
done
pg_verifybackup --quiet "$backup" >&2
umask 077
mkdir -p "$data"
cp -R "$backup/." "$data"
rm -f "$data/postmaster.pid" "$data/postmaster.opts"
{
    echo "restore_command = 'cp \"$archive/%f\" \"%p\"'"
    if [ -n "$time" ]; then
        echo "recovery_target_time = '$time'"
        echo "recovery_target_action = 'promote'"
    fi
} >>"$data/postgresql.auto.conf"
touch "$data/recovery.signal"
chmod 700 "$data"
echo "$data"
