#!/usr/bin/env bash
# The tests that take minutes, one script after the other; ends red when one of them does.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
for script in tests/test_all/*.sh; do
    echo "== $script"
    "$script" || failed+=("$script")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
