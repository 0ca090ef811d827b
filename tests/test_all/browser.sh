#!/usr/bin/env bash
# A headless browser pays on the payer's page (journey `browser`): every channel, with and without JavaScript, accessibility
# by axe, weight, keyboard. SHOTS=docs/pages keeps a picture of each state.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}

command -v node npm >/dev/null || { echo "Node 20 or newer is missing; type: sudo apt-get install -y nodejs npm" >&2; exit 1; }
find_browser() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then return 0; fi
    done
    return 1
}
if ! find_browser >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        packages=(chromium fonts-noto-core)
        apt-get install -y --no-install-recommends "${packages[@]}" >&2 ||
            { apt-get update >&2 && apt-get install -y --no-install-recommends "${packages[@]}" >&2; }
    else
        echo "A Chromium is missing; type: sudo apt-get install -y chromium (or name one: CHROMIUM=…)" >&2
        exit 1
    fi
fi
CHROMIUM=$(find_browser)
export CHROMIUM
(cd tests/browser && npm ci --silent --omit=optional)
[ -z "${SHOTS:-}" ] || { mkdir -p "$SHOTS"; SHOTS=$(cd "$SHOTS" && pwd); export SHOTS; }

cargo build --quiet --locked -p testkit
"$target/debug/with-postgres" -- \
    cargo test -q --locked -p tests --test journeys -- --ignored --nocapture browser::
