#!/usr/bin/env bash
# Makes sure that PostgreSQL's server programs are on this machine. Searches where crates/embedded does.
set -euo pipefail

packages="postgresql"

has_server() {
    [ -x "$1/initdb" ] && [ -x "$1/postgres" ]
}

found() {
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

# Package lists are fetched only when they are missing or too old to install from.
install() {
    apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

if found; then
    exit 0
fi
if [ -n "${PG_BINDIR:-}" ]; then
    echo "PG_BINDIR is $PG_BINDIR, which does not hold both initdb and postgres" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "PostgreSQL's server programs (initdb, postgres) are not installed. With Homebrew, type:" >&2
    echo "  brew install postgresql@17" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "PostgreSQL's server programs (initdb, postgres) are not installed; type:" >&2
    echo "  sudo apt-get install -y --no-install-recommends $packages" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing PostgreSQL (apt-get install $packages) …"
if ! apt-cache show postgresql >/dev/null 2>&1; then
    apt-get update
fi
# Debian's package would make and start a cluster of its own on port 5432, which nothing here uses. Its
# settings come with postgresql-common, so that one goes first; a value that somebody chose stays.
install postgresql-common
conf=/etc/postgresql-common/createcluster.conf
if [ -f "$conf" ]; then
    sed -i 's/^#[[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/' "$conf"
    grep -q '^[[:space:]]*create_main_cluster' "$conf" || echo 'create_main_cluster = false' >>"$conf"
fi
install $packages
found
