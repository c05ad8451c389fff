"""Works as an agent with the real client: takes what is put before its address and answers it.

Usage: work.py ADDRESS finish|stall, with AXME_BASE_URL and AXME_API_KEY set. `stall` takes the
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
        intent = client.get_intent(intent_id)
        print(json.dumps({"took": intent_id, "delivery": delivery}), flush=True)
        if manner == "stall":
            threading.Event().wait()
        total = sum(intent["payload"]["numbers"])
        client.resume_intent(intent_id, {"action": "complete", "total": total}, owner_agent=address)
        print(json.dumps({"finished": intent_id}), flush=True)
