#!/usr/bin/env bash
# Measures the release build, each figure beside its floor in the same run. The figures are this machine's; what fails it is not.
# LINES_OF_A_FILE (1000000 unless given), FORMATS_OF_FILES (mt940 camt csv: all unless given).
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build -q --release --locked -p motlan
neighbours=$(tests/python.sh tests/bench/neighbours.txt) || {
    echo "DuckDB and polars cannot be installed here: they are left out." >&2
    neighbours=
}
exec "$(tests/python.sh)" tests/bench/statement_import.py \
    "${MOTLAN_TEST_BINARY:-$CARGO_TARGET_DIR/release/motlan}" "$neighbours" "$CARGO_TARGET_DIR/bench" "${LINES_OF_A_FILE:-1000000}" ${FORMATS_OF_FILES:-}
