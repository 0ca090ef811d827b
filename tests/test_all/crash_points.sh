#!/usr/bin/env bash
# Kills a server and a worker at the places of what they do (docs/races-and-crashes.md); the last line says at how many.
# MOTLAN_CRASH_POINTS=all visits every place, otherwise each edge and of the places between them today's third.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} MOTLAN_CRASH_POINTS=${MOTLAN_CRASH_POINTS:-third}
log=$CARGO_TARGET_DIR/crash-points.log

# Built as `tests/run.sh` builds, so that nothing is built twice.
cargo test --workspace --locked --no-run
code=0
"$CARGO_TARGET_DIR/debug/with-postgres" -- \
    cargo test -q --locked -p tests --test journeys -- crash_points:: --include-ignored --nocapture --test-threads 4 2>&1 | tee "$log" || code=$?
points=$(sed -n 's/.*crash points: \(.*\) \([0-9]*\) (.*/\2/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
operations=$(grep -c 'crash points: ' "$log" || true)
echo "$points crash points of $operations operations visited"
least=$([ "$MOTLAN_CRASH_POINTS" = all ] && echo 1150 || echo 500)
[ "$code" -eq 0 ] && [ "$points" -ge "$least" ] && exit 0
echo "crash points FAILED"
exit 1
