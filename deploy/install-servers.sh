#!/usr/bin/env bash
# Makes sure that the server programs of PostgreSQL and Redis are on this machine. Searches where crates/embedded does.
# --redis-optional: do without Redis where it cannot be installed; `motlan up` then says so.
set -euo pipefail

optional=${1:-}

has_server() {
    [ -x "$1/initdb" ] && [ -x "$1/postgres" ]
}

has_postgresql() {
    local dir
    if [ -n "${PG_BINDIR:-}" ]; then
        has_server "$PG_BINDIR"
        return
    fi
    for dir in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)" \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql@*/bin \
        /opt/homebrew/bin /usr/local/bin /home/linuxbrew/.linuxbrew/bin; do
        if has_server "$dir"; then
            return 0
        fi
    done
    return 1
}

has_redis() {
    local dir
    for dir in /usr/bin /usr/local/bin /opt/homebrew/bin /home/linuxbrew/.linuxbrew/bin; do
        if [ -x "$dir/redis-server" ]; then
            return 0
        fi
    done
    command -v redis-server >/dev/null
}

# Package lists are fetched only when they are missing or too old to install from.
install() {
    apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

missing=()
has_postgresql || missing+=(postgresql)
has_redis || missing+=(redis-server)
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi
if [ -n "${PG_BINDIR:-}" ] && ! has_postgresql; then
    echo "PG_BINDIR is $PG_BINDIR, which does not hold both initdb and postgres" >&2
    exit 1
fi
without_redis() {
    [ "$optional" = --redis-optional ] && has_postgresql
}
if ! command -v apt-get >/dev/null; then
    ! without_redis || exit 0
    echo "Not installed: ${missing[*]}. With Homebrew, type:" >&2
    echo "  brew install postgresql@17 redis" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    ! without_redis || exit 0
    echo "Not installed: ${missing[*]}; type:" >&2
    echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing (apt-get install ${missing[*]}) …"
if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
    apt-get update
fi
if ! has_postgresql; then
    # Debian's package would make and start a cluster of its own on port 5432, which nothing here uses. Its
    # settings come with postgresql-common, so that one goes first; a value that somebody chose stays.
    install postgresql-common
    conf=/etc/postgresql-common/createcluster.conf
    if [ -f "$conf" ]; then
        sed -i 's/^#[[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/' "$conf"
        grep -q '^[[:space:]]*create_main_cluster' "$conf" || echo 'create_main_cluster = false' >>"$conf"
    fi
    install postgresql
fi
if ! has_redis; then
    # Debian's package would start a server on port 6379, now and at each boot, which nothing here uses either.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    install redis-server || without_redis
    if command -v systemctl >/dev/null; then
        systemctl disable redis-server >/dev/null 2>&1 || true
    fi
fi
has_postgresql && { has_redis || without_redis; }
