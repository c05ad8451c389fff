"""Several processes are one desk: a wake-up reaches who waits at another of them."""

import json
import time

import pytest

from tests.server import REDIS_URL
from tests.stage import question

pytestmark = pytest.mark.skipif(
    not REDIS_URL, reason="needs REDIS_URL: a laptop has one process only"
)


def next_event(lines):
    """Read on until there is an event, and return it."""
    return json.loads(next(line for line in lines if line.startswith("data: "))[6:])


def test_who_waits_at_one_process_is_woken_by_an_answer_at_another(server):
    with server.second_door() as other, server.api() as here, server.api(at=other) as there:
        intent_id = here.post("/v1/intents", json=question("Refund?")).json()["intent_id"]
        gate_id = there.get(f"/v1/intents/{intent_id}").json()["intent"]["approval_id"]
        seen = here.get(f"/v1/intents/{intent_id}/events").json()["events"][-1]["seq"]
        follow = f"/v1/intents/{intent_id}/events/stream?wait_seconds=30&since={seen}"

        with here.stream("GET", follow) as waiting:
            lines = waiting.iter_lines()
            assert next(lines) == ": waiting"
            started = time.monotonic()
            answered = there.post(f"/v1/approvals/{gate_id}/decision", json={"decision": "approve"})
            event = next_event(lines)

    assert answered.status_code == 200
    assert event["data"]["decided_by"] == "key:shop"
    assert time.monotonic() - started < 1
