"""Applies a scenario with the real client, blocks until it ends, and prints both.

Usage: apply.py BUNDLE_AS_JSON, with AXME_BASE_URL and AXME_API_KEY set.
"""

import json
import os
import sys

from axme import AxmeClient, AxmeClientConfig

config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
bundle = json.loads(sys.argv[1])
with AxmeClient(config) as client:
    print(json.dumps({"checked": client.validate_scenario(bundle)}), flush=True)
    applied = client.apply_scenario(bundle, idempotency_key=bundle["idempotency_key"])
    print(json.dumps({"applied": applied}), flush=True)
    event = client.wait_for(applied["intent_id"], wait_seconds=60, timeout_seconds=90)
    intent = client.get_intent(applied["intent_id"])["intent"]
    print(json.dumps({"ended": event, "intent": intent}), flush=True)
