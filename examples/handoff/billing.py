"""Machine B: the billing agent listens on its address and answers what is handed to it."""

import os
import time
from collections.abc import Iterator

import httpx
from axme import AxmeClient, AxmeClientConfig
from axme_sdk import AxmeValidationError

ADDRESS = "agent://myorg/production/billing"


def deliveries(client: AxmeClient) -> Iterator[dict]:
    """Yield what is put before us, for ever.

    The package's listen() raises when the server restarts. Starting again without `since` is safe:
    it yields everything that is still open, so nothing handed over meanwhile is lost.
    """
    while True:
        try:
            yield from client.listen(ADDRESS)
        except httpx.TransportError:
            time.sleep(1)


def answer(payload: dict) -> dict:
    """Find what was charged more than once. A real agent would ask its model and its ledger."""
    twice = [each for each in payload["charges"] if payload["charges"].count(each) > 1]
    return {"answer": f"refund {twice[0]}, charged twice" if twice else "all charges are in order"}


config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    print(f"Listening on {ADDRESS}.", flush=True)
    for delivery in deliveries(client):
        intent = client.get_intent(delivery["intent_id"])
        result = answer(intent["payload"])
        try:
            client.resume_intent(delivery["intent_id"], {"action": "complete", **result})
        except AxmeValidationError as refusal:
            # Work comes at least once. If it has ended meanwhile, the first answer stands.
            print(f"{intent['payload']['ticket']}: {refusal}", flush=True)
        else:
            print(f"{intent['payload']['ticket']}: {result['answer']}", flush=True)
