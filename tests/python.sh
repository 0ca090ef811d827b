#!/usr/bin/env bash
# Prints the path of a Python that has tests/requirements.txt, or what the file that is named requires: each file has an
# environment of its own. All else goes to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=${1:-tests/requirements.txt}
name=$(basename "$requirements" .txt)
venv=${CARGO_TARGET_DIR:-$PWD/target}/test-python
[ "$name" = requirements ] || venv=$venv-$name

if [ -n "${MOTLAN_TEST_PYTHON:-}" ] && [ "$name" = requirements ]; then
    echo "$MOTLAN_TEST_PYTHON"
    exit 0
fi
if cmp -s "$requirements" "$venv/installed.txt" && "$venv/bin/python" -c '' 2>/dev/null; then
    echo "$venv/bin/python"
    exit 0
fi

{
    # Debian ships Python without ensurepip, and minimal images without Python.
    if ! python3 -c 'import ensurepip, venv'; then
        if [ "$(id -u)" != 0 ] || ! command -v apt-get; then
            echo "Python 3 with its venv module is missing; type:"
            echo "  sudo apt-get install -y --no-install-recommends python3-venv"
            exit 1
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y --no-install-recommends python3-venv || {
            apt-get update
            apt-get install -y --no-install-recommends python3-venv
        }
    fi
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
    cp "$requirements" "$venv/installed.txt"
} >&2
echo "$venv/bin/python"
