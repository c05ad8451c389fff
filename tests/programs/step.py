"""Works as the agent of a step with the real client, as the public examples do.

Usage: step.py ADDRESS finish|fail|stall, with AXME_BASE_URL and AXME_API_KEY set. `stall` takes the
work and then does nothing, so that it can be killed in the middle.
"""

import json
import os
import sys
import threading

from axme import AxmeClient, AxmeClientConfig

address, manner = sys.argv[1:]
config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    print(json.dumps({"listening": address}), flush=True)
    for delivery in client.listen(address):
        intent_id = delivery["intent_id"]
        payload = client.get_intent(intent_id)["intent"]["payload"]
        print(json.dumps({"took": intent_id, "payload": payload}), flush=True)
        if manner == "stall":
            threading.Event().wait()
        if manner == "fail":
            client.resume_intent(intent_id, {"action": "fail", "reason": "No space"})
        else:
            result = {"action": "complete", "by": address, "build": payload["version"]}
            client.resume_intent(intent_id, result, owner_agent=address)
        print(json.dumps({"finished": intent_id}), flush=True)
