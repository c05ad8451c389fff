"""Machine A: the triage agent reads a ticket, hands it to billing, and uses what comes back."""

import os
import sys

from axme import AxmeClient, AxmeClientConfig

ticket = sys.argv[1] if len(sys.argv) > 1 else "T-1001"
config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])

with AxmeClient(config) as client:
    intent_id = client.send_intent(
        {
            "intent_type": "intent.billing_question.v1",
            "to_agent": "agent://myorg/production/billing",
            # All the other machine gets to know: a handoff carries its context with it.
            "payload": {
                "ticket": ticket,
                "summary": "Dora was charged twice for order 58213.",
                "charges": ["64.90", "64.90"],
            },
        },
        idempotency_key=f"triage-{ticket}",
    )
    print(f"Handed {ticket} to billing.", flush=True)
    ended = client.wait_for(intent_id)

if ended["status"] == "COMPLETED":
    print(f"{ticket}: billing says: {ended['data']['answer']}")
else:
    print(f"{ticket}: billing did not manage; it ended {ended['status']}.")
