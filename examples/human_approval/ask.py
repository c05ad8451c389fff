"""Asks a person to approve a refund, waits for the answer, and acts on it."""

import os
import sys

from axme import AxmeClient, AxmeClientConfig

order = sys.argv[1] if len(sys.argv) > 1 else "58213"
config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])

with AxmeClient(config) as client:
    intent_id = client.send_intent(
        {
            "intent_type": "intent.refund.v1",
            "to_agent": "human",
            "payload": {"order": order, "customer": "Dora", "amount": "64.90", "currency": "EUR"},
            "human_task": {
                "title": f"Refund order {order}, €64.90?",
                "description": "The parcel arrived broken; there are photos.",
                "task_type": "approval",
                "required_comment": True,
            },
        },
        # Killed while it waits and started again, the program asks nothing new: it waits for the
        # same answer. Keys are remembered for two days; for longer, keep the intent's id.
        idempotency_key=f"refund-{order}",
    )
    print(f"Asked whether order {order} may be refunded. Waiting for a person.", flush=True)
    answer = client.wait_for(intent_id)

if answer["status"] == "COMPLETED":
    print(f"Refunded order {order}. They said: {answer['data']['comment']}")
elif answer["status"] == "FAILED":
    # Rejected. Whatever is not a plain yes arrives here or below; nothing is refunded by default.
    print(f"Not refunded: {answer['data']['message']}")
else:
    print(f"Not refunded: the request ended {answer['status']}.")
