"""Works as an agent with the real client and does with each piece of work what its payload says.

Usage: mixed.py ADDRESS, with AXME_BASE_URL and AXME_API_KEY set. It may be killed at any moment and
started again: work comes at least once, and whoever comes second is told 409.
"""

import json
import os
import sys

from axme import AxmeClient, AxmeClientConfig
from axme_sdk import AxmeHttpError

address = sys.argv[1]
ANSWERS = {
    "complete": {"action": "complete", "by": address},
    "fail": {"action": "fail", "by": address},
    "ask, yes": {"status": "pending_human_approval", "message": "Say yes"},
    "ask, no": {"status": "pending_human_approval", "message": "Say no"},
}


def tell(**said: object) -> None:
    print(json.dumps(said), flush=True)


config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    tell(listening=address)
    for delivery in client.listen(address):
        intent_id = delivery["intent_id"]
        tell(took=intent_id, seq=delivery["seq"])
        intent = client.get_intent(intent_id)
        given = intent["payload"]
        # Of a scenario every step says for itself what to do.
        answer = ANSWERS.get(given["do"][given["step_id"]] if "step_id" in given else given["do"])
        # A person has it already: asking again would only repeat the question.
        if answer is None or intent["status"] == "WAITING":
            continue
        try:
            client.resume_intent(intent_id, answer)
        except AxmeHttpError as refusal:
            tell(refused=intent_id, status=refusal.status_code)
