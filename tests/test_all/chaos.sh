#!/usr/bin/env bash
# Two fixed seeds of the chaos run (docs/chaos.md).
set -euo pipefail
cd "$(dirname "$0")/../.."

for seed in 20261125 7; do
    make chaos SEED="$seed" SECONDS_OF_FAULTS=90
done
