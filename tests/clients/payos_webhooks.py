"""PyPI `payos` reads the webhooks of the simulated payOS: {key, bodies} on standard input, the number of checks out."""

import json
import sys

from payos import PayOS
from payos.types.webhooks import Webhook  # noqa: F401  (the schema that the library holds a body against)

given = json.load(sys.stdin)
right, wrong = (PayOS(client_id="client", api_key="api", checksum_key=key) for key in (given["key"], given["key"] + "x"))
held = 0


def refuses(client, body, what):
    global held
    try:
        client.webhooks.verify(json.dumps(body))
    except Exception:
        held += 1
        return
    sys.exit(f"accepted: {what}")


for raw in given["bodies"]:
    body = json.loads(raw)
    assert right.webhooks.verify(raw).amount == body["data"]["amount"]
    held += 1
    refuses(wrong, body, "another key")
    for name, value in body["data"].items():
        other = value + 1 if isinstance(value, int) else f"{value or ''}x"
        refuses(right, {**body, "data": {**body["data"], name: other}}, f"{name} altered")
print(held)
