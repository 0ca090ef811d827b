#!/usr/bin/env bash
# Loses the books after a backup and gets them back: a cluster of its own with an archive of its log, deploy/backup.sh,
# deploy/restore.sh, and the journey `restored`, which calls this script back for each step.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

bindir=${PG_BINDIR:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -n "$bindir" ] && PATH=$bindir:$PATH

# PostgreSQL refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start() { # data directory, socket directory
    as_server pg_ctl -s -w -t 60 -D "$1" -l "$2/log" -o "-c listen_addresses= -c unix_socket_directories=$2 \
        -c port=5432 -c timezone=UTC -c max_connections=200 -c archive_mode=on -c wal_level=replica \
        -c archive_command='$WORK/bin/archive-wal.sh \"%p\" \"%f\" $WORK/archive'" start >&2
}

case ${1:-run} in
run)
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/motlan-restore-XXXXXX")
    export WORK MOTLAN_RESTORE_STEP=$root/tests/test_all/restore.sh
    trap 'for data in "$WORK/data" "$WORK/restored"; do
              if [ -f "$data/postmaster.pid" ]; then as_server pg_ctl -s -D "$data" -m immediate stop || true; fi
          done; rm -rf "$WORK"' EXIT
    mkdir -p "$WORK"/{bin,archive,backup,run,run-restored}
    # where the server's account may read them, wherever the checkout is
    cp "$root"/deploy/{archive-wal,backup,restore}.sh "$WORK/bin"
    chmod 755 "$WORK" "$WORK"/bin "$WORK"/bin/*
    if [ "$(id -u)" = 0 ]; then chown postgres: "$WORK" "$WORK"/{archive,backup,run,run-restored}; fi
    as_server initdb -D "$WORK/data" -U motlan_superuser --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --data-checksums --no-instructions >/dev/null
    start "$WORK/data" "$WORK/run"
    cd "$root"
    MOTLAN_TEST_POSTGRES=$WORK/run cargo test -q --locked -p tests --test journeys -- --ignored --exact \
        restored::after_a_restore_to_an_earlier_point_every_dong_comes_back
    ;;
backup)
    as_server env PGHOST="$WORK/run" PGUSER=motlan_superuser "$WORK/bin/backup.sh" "$WORK/backup"
    ;;
# The server ends as in a power cut; what it was is restored beside it. Prints the socket directory.
restore)
    ask() { psql -qtAX -h "$WORK/run" -U motlan_superuser -d postgres -c "$1"; }
    # the moment that is wanted lies before the end of the archive: a recovery that never reaches it does not end well
    wal=$(ask "select pg_walfile_name(pg_switch_wal())")
    for _ in $(seq 600); do
        [ "$(ask "select coalesce(last_archived_wal, '') >= '$wal' from pg_stat_archiver")" = t ] && break
        sleep 0.1
    done
    as_server pg_ctl -s -D "$WORK/data" -m immediate stop >&2
    as_server "$WORK/bin/restore.sh" "$(ls -d "$WORK"/backup/base-* | tail -1)" "$WORK/archive" "$WORK/restored" "$2" >&2
    start "$WORK/restored" "$WORK/run-restored"
    # it accepts questions before it has caught up and is a server of its own again
    for _ in $(seq 1800); do
        if [ "$(psql -qtAX -h "$WORK/run-restored" -U motlan_superuser -d postgres -c 'select pg_is_in_recovery()')" = f ]; then
            echo "$WORK/run-restored"
            exit
        fi
        sleep 0.1
    done
    echo "the recovery did not end" >&2
    exit 1
    ;;
esac
