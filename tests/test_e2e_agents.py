"""Two programs with the real client: one sends work and waits, one takes it and answers."""

from uuid import uuid4

import pytest


@pytest.fixture
def address():
    """An agent's address nobody else uses."""
    return f"agent://myorg/production/adder-{uuid4().hex[:6]}"


def work(address, **more):
    return {
        "intent_type": "intent.sum.v1",
        "from_agent": "agent://myorg/production/shop",
        "to_agent": address,
        "payload": {"numbers": [20, 22]},
        **more,
    }


def event_types(server, intent_id):
    with server.api() as api:
        found = api.get(f"/v1/intents/{intent_id}/events").json()["events"]
    assert [each["seq"] for each in found] == list(range(2, 2 * len(found) + 1, 2))
    return [each["event_type"] for each in found]


def test_work_goes_to_the_agent_that_listens_and_its_result_comes_back(server, run, address):
    agent = run(server, "work", address, "finish")
    agent.told("listening")

    sender = run(server, "ask", work(address))

    ended = sender.told("ended")
    assert ended["ended"]["event_type"] == "intent.completed"
    assert ended["intent"]["result"]["total"] == 42
    assert agent.told("finished")["finished"] == sender.told("sent")["sent"]


def test_agent_started_late_still_gets_the_work(server, run, address):
    sender = run(server, "ask", work(address))
    intent_id = sender.told("sent")["sent"]

    run(server, "work", address, "finish")

    assert sender.told("ended")["intent"]["result"]["total"] == 42
    assert event_types(server, intent_id).count("intent.completed") == 1


def test_agent_killed_in_the_middle_gets_the_work_again_and_it_completes_once(server, run, address):
    sender = run(server, "ask", work(address))
    intent_id = sender.told("sent")["sent"]
    first = run(server, "work", address, "stall")
    assert first.told("took")["took"] == intent_id

    first.kill()
    second = run(server, "work", address, "finish")

    assert second.told("took")["took"] == intent_id
    assert sender.told("ended")["intent"]["result"]["total"] == 42
    assert event_types(server, intent_id).count("intent.completed") == 1


def test_an_agent_key_gets_its_own_work_and_may_not_read_that_of_another(server, run):
    own = "agent://myorg/production/worker"
    agent = run(server, "work", own, "finish", key="worker")
    sender = run(server, "ask", work(own))

    assert sender.told("ended")["intent"]["result"]["total"] == 42
    assert agent.told("finished")["finished"] == sender.told("sent")["sent"]
    with server.api("worker") as api:
        refused = api.get("/v1/agents/myorg/production/shop/intents/stream")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "invalid_actor_scope"
