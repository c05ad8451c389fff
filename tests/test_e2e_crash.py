"""SIGKILL at any moment: what was answered is there, what waits goes on, nothing comes twice."""

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from tests.server import REDIS_URL
from tests.stage import question
from tests.waiting import until


def kill_everything(server):
    """Take all processes away at once, and whatever Redis remembers."""
    server.kill()
    server.flush_redis()


def events(api, intent_id):
    """Return the types of an intent's events, and see to it that none is missing."""
    found = api.get(f"/v1/intents/{intent_id}/events").json()["events"]
    assert [each["seq"] for each in found] == list(range(2, 2 * len(found) + 1, 2))
    return [each["event_type"] for each in found]


def open_gates(api):
    return {
        task["approval_id"]: task["intent_id"] for task in api.get("/v1/me/tasks").json()["tasks"]
    }


def decide(api, gate_id, decision="approve"):
    return api.post(f"/v1/approvals/{gate_id}/decision", json={"decision": decision})


def test_after_a_kill_the_same_gates_are_open_and_can_be_decided(doomed, run):
    address = f"agent://myorg/production/adder-{uuid4().hex[:6]}"
    with doomed.api() as api:
        asked = [api.post("/v1/intents", json=question("Refund?")).json() for _ in range(3)]
        asked = [each["intent_id"] for each in asked]
        work = {"intent_type": "intent.sum.v1", "to_agent": address, "payload": {"numbers": [42]}}
        given = api.post("/v1/intents", json=work).json()["intent_id"]
        gates, told = open_gates(api), {id: events(api, id) for id in asked}

    kill_everything(doomed)
    doomed.start()

    with doomed.api() as api:
        assert open_gates(api) == gates
        assert {id: events(api, id) for id in asked} == told
        mine = {gate: intent for gate, intent in gates.items() if intent in asked}
        assert len(mine) == 3
        for gate_id, intent_id in mine.items():
            assert decide(api, gate_id).status_code == 200
            assert events(api, intent_id)[-1] == "intent.completed"
    agent = run(doomed, "work", address, "finish")
    assert agent.told("finished")["finished"] == given


def test_after_a_kill_no_reminder_is_sent_twice_and_new_ones_are_sent(doomed):
    first, second = f"Refund {uuid4().hex[:6]}?", f"Refund {uuid4().hex[:6]}?"
    reminder = {"remind_after_seconds": 1, "max_reminders": 1}
    with doomed.api() as api:
        asked = [api.post("/v1/intents", json=question(first, **reminder)) for _ in range(3)]
        until(lambda: len(doomed.mails(f"Still waiting: {first}")) == 3, what="The reminders")
    before = {mail.path: mail.path.read_bytes() for mail in doomed.mails(first)}

    kill_everything(doomed)
    doomed.start()

    with doomed.api() as api:
        api.post("/v1/intents", json=question(second, **reminder))
        # The clock runs: what was asked after the restart is reminded of, and nothing older again.
        doomed.mail(f"Still waiting: {second}")
        assert {mail.path: mail.path.read_bytes() for mail in doomed.mails(first)} == before
        for each in asked:
            assert events(api, each.json()["intent_id"]).count("intent.reminder") == 1


def test_what_was_answered_before_a_kill_is_there_afterwards(doomed):
    asked, decided = busy_until_killed(doomed, kill_after=40)
    assert decided

    kill_everything(doomed)
    doomed.start()

    with doomed.api() as api:
        trails = {id: events(api, id) for id in asked}
        gates = open_gates(api)
    for intent_id, types in trails.items():
        ended = types.count("intent.completed")
        assert ended == (1 if intent_id in decided else ended)
        assert (intent_id in gates.values()) == (ended == 0)
    notices = doomed.query(
        "SELECT id, subject_id, state FROM events_outbox WHERE kind = 'gate.asked'"
    )
    assert len({subject for _, subject, _ in notices}) == len(notices) >= len(asked)
    sent = {UUID(str(id)) for id, _, state in notices if state == "sent"}
    assert sent <= {UUID(mail.path.stem[-36:]) for mail in doomed.mails("")}


def busy_until_killed(server, *, kill_after):
    """Ask and decide without a pause until the server is killed; return what it answered for."""
    asked, decided = [], set()

    def ask_and_decide():
        with server.api() as api, contextlib.suppress(httpx.TransportError):
            while True:
                asked.append(api.post("/v1/intents", json=question("Refund?")).json()["intent_id"])
                if len(asked) % 2:
                    intent = api.get(f"/v1/intents/{asked[-1]}").json()["intent"]
                    if decide(api, intent["approval_id"]).status_code == 200:
                        decided.add(intent["intent_id"])

    threads = [threading.Thread(target=ask_and_decide) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(asked) >= kill_after, what="Enough requests")
    server.kill()
    for thread in threads:
        thread.join(timeout=30)
    return list(asked), set(decided)


def test_a_deadline_that_passed_while_nothing_ran_ends_the_intent_at_the_start(doomed):
    deadline = datetime.now(UTC) + timedelta(seconds=1.5)
    with doomed.api() as api:
        asked = question("Refund?", deadline_at=deadline.isoformat())
        intent_id = api.post("/v1/intents", json=asked).json()["intent_id"]

    kill_everything(doomed)
    until(lambda: datetime.now(UTC) > deadline, what="The deadline")
    doomed.start()

    with doomed.api() as api:
        until(lambda: events(api, intent_id)[-1] == "intent.timed_out", what="The end")
        assert intent_id not in open_gates(api).values()


@pytest.mark.skipif(not REDIS_URL, reason="needs REDIS_URL: a laptop has neither Redis nor workers")
def test_losing_redis_and_the_workers_makes_things_late_and_loses_nothing(doomed, run):
    waiting = run(doomed, "ask", question("Refund?"))
    waiting.told("sent")

    doomed.flush_redis()
    with doomed.api() as api:
        api.post("/v1/intents", json=question("After the flush?"))
        doomed.mail("After the flush?")

        doomed.kill("worker")
        doomed.flush_redis()
        api.post("/v1/intents", json=question("Without workers?"))
        for gate_id in open_gates(api):
            assert decide(api, gate_id, "reject").status_code == 200
        assert waiting.told("ended")["ended"]["status"] == "FAILED"
        api.post("/v1/intents", json=question("Still without workers?"))
        assert doomed.mails("Still without") == []

    doomed.start()
    doomed.mail("Still without workers?")
