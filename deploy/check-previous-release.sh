#!/usr/bin/env bash
# Does the release before this one run on this one's schema? deploy/check-previous-release.sh REF
# Builds REF beside this checkout, migrates a throw-away database with the present binary, and lets both binaries take
# money on it side by side (journey `previous_release`). MOTLAN_PREVIOUS=/path/to/motlan spares the building.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
ref=${1:?usage: check-previous-release.sh REF}
target=${CARGO_TARGET_DIR:-$root/target}
cd "$root"

previous=${MOTLAN_PREVIOUS:-}
if [ -z "$previous" ]; then
    commit=$(git rev-parse --short "$ref^{commit}")
    previous=$target/previous/motlan-$commit
    if [ ! -x "$previous" ]; then
        checkout=$(mktemp -d "${TMPDIR:-/tmp}/motlan-previous-XXXXXX")
        trap 'git worktree remove --force "$checkout"' EXIT
        git worktree add --quiet --detach "$checkout" "$commit"
        (cd "$checkout" && CARGO_TARGET_DIR=$target/previous/build cargo build --quiet --locked -p motlan)
        cp "$target/previous/build/debug/motlan" "$previous"
    fi
fi

cargo build --quiet --locked -p motlan -p testkit
MOTLAN_PREVIOUS=$previous "$target/debug/with-postgres" -- cargo test --quiet --locked -p tests --test journeys -- \
    --ignored --exact previous_release::the_release_before_this_one_takes_money_on_this_schema
