#!/usr/bin/env bash
# The slow tests: each script of tests/test_all/, one after the other; the last line says how many passed. A script that
# is named (`tests/test_all.sh schemathesis`) runs alone. A new one needs no more than to lie there.
set -uo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

scripts=()
for name in "$@"; do scripts+=("tests/test_all/$name.sh"); done
[ $# -gt 0 ] || scripts=(tests/test_all/*.sh)

passed=0 failed=()
for script in "${scripts[@]}"; do
    name=$(basename "$script" .sh)
    echo "== $name"
    begun=$SECONDS
    if "$script"; then
        passed=$((passed + 1))
        echo "== $name passed in $((SECONDS - begun)) s"
    else
        failed+=("$name")
        echo "== $name FAILED after $((SECONDS - begun)) s"
    fi
done
[ ${#failed[@]} -eq 0 ] || echo "failed: ${failed[*]}"
echo "$passed passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ] && [ "$passed" -gt 0 ]
