"""Verifies webhooks with the official Python client of Standard Webhooks: a judge that this project did not write.

Standard input: a JSON list of {secret, id, timestamp, signature, body}. Standard output: a JSON list, per webhook null
when it is good, else why it is refused.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def refusal(message):
    headers = {f"webhook-{name}": message[name] for name in ("id", "timestamp", "signature")}
    try:
        Webhook(message["secret"]).verify(message["body"].encode(), headers)
    except WebhookVerificationError as error:
        return str(error)
    return None


json.dump([refusal(message) for message in json.load(sys.stdin)], sys.stdout)
