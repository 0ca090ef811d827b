#!/usr/bin/env bash
# A base backup of the books, verified: deploy/backup.sh DIRECTORY. Prints its path. Together with the archive of the
# write-ahead log (deploy/archive-wal.sh) it is what deploy/restore.sh restores from. The server is named as libpq has it
# (PGHOST, PGPORT, PGUSER, PGPASSFILE); the role needs REPLICATION.
set -euo pipefail
directory=${1:?usage: backup.sh DIRECTORY}

umask 077
mkdir -p "$directory"
backup=$directory/base-$(date -u +%Y%m%dT%H%M%SZ)
# Under another name until it is whole: what is cut off is not taken for a backup.
rm -rf "$backup.part"
pg_basebackup --pgdata "$backup.part" --checkpoint=fast --wal-method=stream --manifest-checksums=SHA256 --no-password
pg_verifybackup --quiet "$backup.part" >&2
mv "$backup.part" "$backup"
sync "$directory"
echo "$backup"
