#!/usr/bin/env bash
# All tests beside one throw-away PostgreSQL; the last line of the output is the sum over all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
log=$CARGO_TARGET_DIR/test.log
mkdir -p "$CARGO_TARGET_DIR"

# A substitution inside `export` would hide its failure.
MOTLAN_TEST_PYTHON=$(tests/python.sh)
export MOTLAN_TEST_PYTHON

# Tests wait for each other's servers often enough that cores stand idle, and not so often that twice as many would do.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) + 1))}

# Built by `cargo test` itself, because another command would choose other features and build twice.
code=0
{
    cargo test --workspace --locked --no-run &&
        "$CARGO_TARGET_DIR/debug/with-postgres" -- cargo test --workspace --locked --no-fail-fast
} 2>&1 | tee "$log" || code=$?

# Why each failed, once more where it is read first: near the end.
awk '
    /^---- .* stdout ----$/ { named++; lines = 0 }
    /^failures:$/ || /^test result: / { named = 0 }
    /^stack backtrace:$/ { lines = 40 }
    named && named <= 10 && lines++ < 40
' "$log"

# A test program that crashed, or did not compile, prints no result line but is no success either.
awk -v code="$code" '
    /^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^failed/) failed += $(i - 1)
            if ($i ~ /^ignored/) skipped += $(i - 1)
        }
    }
    END {
        if (code != 0 && failed == 0) failed = 1
        printf "%d passed, %d failed", passed, failed
        if (skipped > 0) printf ", %d skipped", skipped
        printf "\n"
    }' "$log"
exit "$code"
