#!/usr/bin/env bash
# Programs of others, pinned with their digests, against our simulators and adapters: journey `clients`.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}

command -v node npm >/dev/null || { echo "Node 20 or newer is missing; type: sudo apt-get install -y nodejs npm" >&2; exit 1; }
(cd tests/clients && npm ci --silent)
venv=$target/clients-python
if ! cmp -s tests/clients/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/clients/requirements.txt
    cp tests/clients/requirements.txt "$venv/installed.txt"
fi

cargo build --quiet --locked -p testkit
MOTLAN_CLIENTS_PYTHON=$venv/bin/python "$target/debug/with-postgres" -- \
    cargo test -q --locked -p tests --test journeys -- --ignored clients::
