"""Prints the configuration that lets Schemathesis name what a running gateway has: ids, codes, dates.

Without it nearly every call would end at "there is no such thing".
"""

import json
import sys
import urllib.request

run = json.load(open(sys.argv[1]))


def get(path, key="client_key"):
    request = urllib.request.Request(run["base_url"] + path, headers={"Authorization": f"Bearer {run[key]}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def ids(path, key="client_key"):
    return [row["id"] for row in get(path, key)["data"]][:40]


def endpoint(n):
    body = json.dumps({"url": run["simulators"]["dossier"] + "/events"}).encode()
    headers = {
        "Authorization": f"Bearer {run['client_key']}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"endpoint-of-schemathesis-{n}",
    }
    request = urllib.request.Request(run["base_url"] + "/v1/event-endpoints", data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["id"]


obligations = get("/v1/obligations?limit=50")["data"]
payments = get("/v1/payments?limit=50", "staff_key")["data"]
known = {
    "obligations": [row["id"] for row in obligations] + ["ref-of-schemathesis"],
    "due": [row["id"] for row in obligations if row["status"] == "due"] or ["obl_" + "0" * 32],
    "intents": ids("/v1/payment-intents?limit=50"),
    "payments": [row["id"] for row in payments],
    "cases": ids("/v1/cases?limit=50", "staff_key"),
    "events": ids("/v1/events?limit=50"),
    "endpoints": [endpoint(n) for n in range(4)],
    "dates": sorted({row["paid_at"][:10] for row in payments if row.get("paid_at")}) + ["2026-11-25"],
    "dossiers": sorted({row["dossier_code"] for row in obligations if row["dossier_code"]}),
    "agencies": sorted({row["agency_code"] for row in obligations}),
    "beneficiaries": sorted({row["beneficiary_code"] for row in obligations}),
    "references": [row["reference"] for row in get("/v1/payment-intents?limit=50")["data"]],
    "reports": ["transactions", "reconciliation", "collections", "cash-flow", "suspense", "online-payment-score",
                "remittances", "treasury-slips"],
    "channels": ["vnpay", "vietqr"],
    "profiles": ["vnpay_main", "vietqr_main"],
    "tellers": ["sepay", "casso", "payos"],
    "keys": [f"key-of-schemathesis-{n}" for n in range(5)],
    "currency": ["VND"],
    "kinds": ["fee", "charge", "tax_land", "fine", "service_price"],
}
everywhere = {"header.Idempotency-Key": "keys", "query.dossier_code": "dossiers", "query.reference": "references"}
paths = {
    "^/v1/obligations/": {"path.id": "obligations", "path.external_ref": "obligations"},
    "^/v1/payment-intents/": {"path.id": "intents", "body.channel": "channels"},
    "^/v1/payments/": {"path.id": "payments"},
    "^/v1/cases/": {"path.id": "cases"},
    "^/v1/events/": {"path.id": "events"},
    "^/v1/event-endpoints/": {"path.id": "endpoints"},
    "^/v1/reconciliation/": {"path.date": "dates"},
    "^/v1/reports/": {"path.report": "reports", "query.from": "dates", "query.to": "dates", "query.agency": "agencies"},
    "^/v1/webhooks/": {"path.channel": "channels", "path.teller": "tellers", "path.profile": "profiles"},
}
bodies = {
    "^/v1/obligations/": {
        "body.agency_code": "agencies",
        "body.beneficiary_code": "beneficiaries",
        "body.dossier_code": "dossiers",
        "body.currency": "currency",
        "body.kind": "kinds",
    },
    "^/v1/payment-intents$": {"body.obligation_ids[*]": "due"},
}


def toml(value):
    return json.dumps(value)


# each run stands for itself
print("[cache]\nenabled = false\n")
for name, values in known.items():
    if values:
        print(f"[dictionaries.{name}]\nvalues = {toml(values)}\n")


def bindings(section, bound):
    print(section)
    for parameter, name in bound.items():
        if known[name]:
            print(f"{toml(parameter)} = {{ dictionary = {toml(name)}, probability = 0.7 }}")
    print()


bindings("[parameters]", everywhere)
for pattern in sorted({*paths, *bodies}):
    bound = {**paths.get(pattern, {}), **bodies.get(pattern, {})}
    bindings(f"[[operations]]\ninclude-path-regex = {toml(pattern)}\n[operations.parameters]", bound)
