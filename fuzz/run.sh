#!/usr/bin/env bash
# Runs every fuzz target for some seconds: fuzz/run.sh [SECONDS [TARGET…]]. What it finds lies in fuzz/artifacts/<target>;
# mend it, and put the input into fuzz/corpus/<target>, where `make test` replays it. New inputs of a run stay in fuzz/target.
set -euo pipefail
cd "$(dirname "$0")"

version=0.13.2
seconds=${1:-60}
shift || true
case $seconds in
    *[!0-9]* | 0* | '') echo "SECONDS is a number above zero, not \"$seconds\"" >&2; exit 2 ;;
esac

if ! rustup run nightly rustc --version >/dev/null 2>&1; then
    echo "Fuzzing needs a nightly toolchain, and there is none here; type:" >&2
    echo "  rustup toolchain install nightly --profile minimal" >&2
    exit 1
fi

# Outside rust-toolchain.toml's say, and beside whatever cargo-fuzz this machine has.
export RUSTUP_TOOLCHAIN=nightly
unset CARGO_TARGET_DIR
tools=$PWD/target/tools
if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
    cargo install cargo-fuzz --version "$version" --locked --root "$tools"
fi
fuzz() { "$tools/bin/cargo-fuzz" "$@"; }

if [ $# -eq 0 ]; then
    for file in fuzz_targets/*.rs; do
        name=${file##*/}
        set -- "$@" "${name%.rs}"
    done
fi

fuzz build --fuzz-dir . -O --debug-assertions
failed=()
for target in "$@"; do
    echo "== $target, $seconds s"
    mkdir -p "target/corpus/$target"
    # libFuzzer writes to its first folder and only reads the second.
    fuzz run --fuzz-dir . -O --debug-assertions "$target" "target/corpus/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 -verbosity=0 -print_final_stats=1 ||
        failed+=("$target")
done
echo "$(($# - ${#failed[@]})) targets found nothing, ${#failed[@]} failed${failed[*]:+: ${failed[*]}}"
[ ${#failed[@]} -eq 0 ]
