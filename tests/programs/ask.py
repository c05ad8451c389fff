"""Sends one intent with the real client, blocks until it ends, and prints both.

Usage: ask.py INTENT_AS_JSON, with AXME_BASE_URL and AXME_API_KEY set.
"""

import json
import os
import sys
import time

from axme import AxmeClient, AxmeClientConfig

config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    intent_id = client.send_intent(json.loads(sys.argv[1]))
    print(json.dumps({"sent": intent_id}), flush=True)
    # Between two streams this client sleeps for a second; one long stream keeps that out of the
    # measured time.
    event = client.wait_for(intent_id, wait_seconds=60, timeout_seconds=90)
    at = time.time()
    intent = client.get_intent(intent_id)["intent"]
    print(json.dumps({"ended": event, "at": at, "intent": intent}), flush=True)
