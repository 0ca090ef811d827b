#!/usr/bin/env bash
# Each patch of this directory breaks the program on purpose, in a copy of the tree: a chaos run must turn red and
# name the invariant that the patch's head names. Ends red when a sabotage stays green. Arguments choose patches: run.sh 02
set -euo pipefail
cd "$(dirname "$0")/../.."

seed=${SEED:-20261125}
seconds=${SECONDS_OF_FAULTS:-60}
target=${CARGO_TARGET_DIR:-$PWD/target}
place=$target/sabotage
tree=$place/tree
patches=$PWD/tests/sabotage

# The copy has a target directory of its own and begins with what was built of other people's crates.
mkdir -p "$place"
if [ ! -d "$place/target" ]; then
    mkdir -p "$place/target/debug"
    for part in deps build .fingerprint; do
        [ ! -d "$target/debug/$part" ] || cp -a --reflink=auto "$target/debug/$part" "$place/target/debug/"
    done
fi

# The run itself is not sabotaged.
${CARGO:-cargo} build -q --locked -p tests --bin chaos

# A file keeps its time, so that only what a patch touches is built again; and that always is.
rm -rf "$tree" && mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | tar c --null -T - | tar x -C "$tree"
touched() { sed -n 's/^+++ b\///p' "$@" | sort -u; }
touched "$patches"/*.patch | (cd "$tree" && xargs touch)

red=0 green=0
for patch in "$patches"/*.patch; do
    name=$(basename "$patch" .patch)
    [ $# -eq 0 ] || [[ " $* " == *" ${name%%-*} "* ]] || continue
    names=$(sed -n 's/^names: //p' "$patch")
    echo "== $name: $(head -n 1 "$patch")"
    patch -d "$tree" -p1 --quiet <"$patch"
    log=$place/$name.log
    (cd "$tree" && CARGO_TARGET_DIR=$place/target ${CARGO:-cargo} build -q --locked -p motlan)
    code=0
    MOTLAN_TEST_BINARY=$place/target/debug/motlan SEED=$seed SECONDS_OF_FAULTS=$seconds \
        "$target/debug/chaos" >"$log" 2>&1 || code=$?
    # its own words, not those of a run that could not begin
    if [ "$code" -ne 0 ] && grep -E "^  (verify: )?$names\b" "$log" | head -n 3; then
        echo "   red, as it must be: $names is broken ($(grep -cE "^  " "$log") lines in $log)"
        red=$((red + 1))
    else
        echo "   NOT CAUGHT (code $code): $names holds; see $log"
        green=$((green + 1))
    fi
    patch -d "$tree" -p1 --quiet --reverse <"$patch"
done
echo "$red sabotages caught, $green not"
[ "$green" -eq 0 ] && [ "$red" -gt 0 ]
