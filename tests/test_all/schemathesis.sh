#!/usr/bin/env bash
# Asks a running gateway what openapi/motlan.yaml describes, rightly and wrongly, as a portal, as staff and as the
# operators: no server error, no status, type, header or field that the description does not have, no wrong call that is
# taken, no key that is not needed, no method that is not described. The same calls each time.
set -euo pipefail
cd "$(dirname "$0")/../.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
motlan=$CARGO_TARGET_DIR/debug/motlan
dir=$CARGO_TARGET_DIR/schemathesis
examples=${EXAMPLES:-50}

cargo build -q -p motlan --locked
python=$(tests/python.sh tests/test_all/schemathesis.txt)

rm -rf "$dir/log" "$dir/schemathesis.toml"
mkdir -p "$dir"
"$motlan" up --reset --data "$dir/instance" >/dev/null

# Everything listens where it may: another instance on this machine is not in the way.
export MOTLAN_HTTP__LISTEN=127.0.0.1:0 MOTLAN_STAFF__LISTEN=127.0.0.1:0 MOTLAN_OPS__LISTEN=127.0.0.1:0
"$motlan" up --no-story --data "$dir/instance" >"$dir/log" 2>&1 &
gateway=$!
stop() {
    kill -TERM "$gateway" 2>/dev/null && wait "$gateway" || true
    "$motlan" up --reset --data "$dir/instance" >/dev/null 2>&1 || true
}
trap stop EXIT

run_json=$dir/instance/run.json
for _ in $(seq 600); do
    [ -f "$run_json" ] && break
    kill -0 "$gateway" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
done

# The demonstration leaves something of every kind; its ids are what the calls below name.
"$motlan" story --data "$dir/instance" >"$dir/story.log" 2>&1 || { tail -20 "$dir/story.log" >&2; exit 1; }
"$python" tests/test_all/schemathesis_ids.py "$run_json" >"$dir/schemathesis.toml"
of() { "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$run_json" "$1"; }

# positive_data_acceptance: what is rightly formed may still name what is not there, or is not payable.
# object_level_authorization needs two users; `refusals/authorization.rs` has every pair of them.
ask() { # NAME URL KEY ARGUMENT…
    echo "-- as $1"
    "$python" -m schemathesis.cli --config-file "$dir/schemathesis.toml" run openapi/motlan.yaml --url "$2" \
        ${3:+--header "Authorization: Bearer $3"} --no-color --workers 1 --warnings off \
        --phases examples,coverage,fuzzing,stateful --max-examples "$examples" --generation-deterministic --no-shrink \
        --continue-on-failure --request-timeout 20 --max-response-time 10 \
        --checks all --exclude-checks positive_data_acceptance,object_level_authorization "${@:4}" >"$dir/$1.log" 2>&1 ||
        { cat "$dir/$1.log"; return 1; }
    sed -n '/generated,/p' "$dir/$1.log"
}

failed=0
not_ops=(--exclude-path-regex '^/(backlog|livez|metrics|readyz)$')
ask client "$(of base_url)" "$(of client_key)" "${not_ops[@]}" || failed=1
ask staff "$(of base_url)" "$(of staff_key)" "${not_ops[@]}" || failed=1
ask operators "$(of ops_url)" "" --include-path-regex '^/(backlog|livez|metrics|readyz)$' || failed=1

# Calls that all ended at the door would show nothing.
"$python" tests/test_all/schemathesis_answers.py "$(of ops_url)" || failed=1

# What was done to it has broken nothing, and nothing of it was our mistake.
MOTLAN_DATABASE__URL=$(of database_url_readonly) "$motlan" verify >"$dir/verify.log" 2>&1 || {
    cat "$dir/verify.log"
    failed=1
}
if grep -aE '"level":"ERROR"| ERROR |panicked' "$dir/log"; then
    echo "the gateway's own log has errors (above)"
    failed=1
fi
exit "$failed"
