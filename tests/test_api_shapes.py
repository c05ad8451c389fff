"""Golden shapes: what clients in the field read, field by field."""

import json
import re
from uuid import uuid4

import pytest

from events.models import Event
from intents.models import Intent
from tests.factories import APPROVAL, HERE, make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_an_intent_is_read_in_both_shapes(people, api):
    row = make_intent(people.here, max_delivery_attempts=3)

    body = api.get(f"/v1/intents/{row.id}").json()

    created = body["created_at"]
    assert TIME.fullmatch(created)
    common = {
        "intent_type": row.type,
        "payload": {"amount": 120, "to": "Dora"},
        "lifecycle_status": "DELIVERED",
        "correlation_id": str(row.correlation_id),
        "from_agent": f"{HERE}/shop",
        "to_agent": f"{HERE}/desk",
        "created_at": created,
        "updated_at": created,
    }
    assert body == {
        **common,
        "ok": True,
        "id": str(row.id),
        "intent_id": str(row.id),
        "status": "pending_action",
        "result": {},
        "intent": {
            **common,
            "intent_id": str(row.id),
            "status": "DELIVERED",
            "legacy_status": "accepted",
            "waiting_reason": None,
            "lifecycle_waiting_reason": None,
            "result": None,
            "error": None,
            "handler": None,
            "controls": {},
            "policy_generation": 0,
            "parent_intent_id": None,
            "scenario_id": None,
            "step_id": None,
            "max_delivery_attempts": 3,
            "delivery_attempt": 1,
            "remind_count": 0,
        },
    }


LEGACY = [
    ({}, "DELIVERED", "pending_action", "accepted"),
    ({"note": "x"}, "IN_PROGRESS", "IN_PROGRESS", "running"),
    ({"status": "pending_human_approval"}, "WAITING", "WAITING", "blocked"),
    ({"action": "complete"}, "COMPLETED", "COMPLETED", "done"),
    ({"action": "fail"}, "FAILED", "FAILED", "failed"),
]


@pytest.mark.parametrize(
    ("body", "status", "mirrored", "legacy"), LEGACY, ids=[r[1] for r in LEGACY]
)
def test_the_mirrored_status_is_pending_action_until_somebody_acts(
    people, api, body, status, mirrored, legacy
):
    path = f"/v1/intents/{make_intent(people.here).id}"
    if body:
        api.post(f"{path}/resume", body)

    shown = api.get(path).json()

    inner = shown["intent"]
    assert (inner["status"], inner["lifecycle_status"]) == (status, status)
    assert (shown["status"], shown["lifecycle_status"]) == (mirrored, status)
    assert inner["legacy_status"] == legacy


def test_a_waiting_intent_says_for_whom(people, api):
    gate = make_gate(people.here)

    inner = api.get(f"/v1/intents/{gate.intent_id}").json()["intent"]

    assert inner["waiting_reason"] == inner["lifecycle_waiting_reason"] == "WAITING_FOR_HUMAN"
    assert inner["pending_with"] == {"type": "human", "ref": str(gate.id), "name": "Approval"}
    assert (inner["approval_id"], inner["remind_count"]) == (str(gate.id), 0)
    assert inner["human_task"] == APPROVAL


def test_what_is_optional_is_left_out_and_never_null(people, api):
    inner = api.get(f"/v1/intents/{make_intent(people.here).id}").json()["intent"]

    assert not {"reply_to", "deadline_at", "human_task", "pending_with"} & set(inner)


def test_an_event_has_every_field_clients_read(people, api):
    gate = make_gate(people.here)

    events = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"]

    waiting = events[3]
    shown = dict(waiting)
    assert TIME.fullmatch(shown.pop("at"))
    data, details = shown.pop("data"), shown.pop("details")
    assert data == details
    assert shown == {
        "intent_id": str(gate.intent_id),
        "seq": 8,
        "event_type": "intent.waiting",
        "status": "WAITING",
        "lifecycle_status": "WAITING",
        "actor": "key:ci",
        "actor_id": "key:ci",
        "handler": None,
        "waiting_reason": "WAITING_FOR_HUMAN",
        "pending_with": {"type": "human", "ref": str(gate.id), "name": "Approval"},
        "trace_id": None,
    }


def test_numbers_have_a_stride_of_two_and_since_is_exclusive(people, api):
    path = f"/v1/intents/{make_gate(people.here).intent_id}/events"

    def numbers(since):
        return [event["seq"] for event in api.get(f"{path}?since={since}").json()["events"]]

    assert numbers(0) == numbers(1) == [2, 4, 6, 8, 10]
    assert numbers(2) == numbers(3) == [4, 6, 8, 10]
    assert numbers(10) == numbers(10**30) == []
    assert numbers(-7) == numbers(0)


def test_data_and_details_are_objects_in_every_event(people, api):
    gate = make_gate(people.here, reply_to="x")
    api.post(f"/v1/intents/{gate.intent_id}/resume", {"task_result": {"outcome": "approved"}})

    events = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"]

    assert events[-1]["event_type"] == "intent.completed"
    for event in events:
        assert isinstance(event["data"], dict)
        assert event["data"] == event["details"]
        assert len(event["handler"] or "xxx") >= 3
        assert re.fullmatch(r"intent\.[a-z_]+", event["event_type"])
    assert events[4]["human_task"]["title"] == APPROVAL["title"]
    assert events[-1]["result"] == events[-1]["data"]


def test_events_that_are_no_end_carry_no_terminal_status(people, api):
    gate = make_gate(people.here)
    api.post(f"/v1/inbox/{gate.intent_id}/reply", {"message": "Soon?"})

    events = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"]

    assert {event["status"] for event in events} == {"CREATED", "SUBMITTED", "DELIVERED", "WAITING"}


TRACE = "0a1b-2c3d"


def test_a_trace_is_echoed_and_kept_on_what_it_caused(people, api):
    sent = {"intent_type": "a.b.v1"}

    answer = api.post("/v1/intents", sent, headers={"x-trace-id": TRACE})

    assert answer.headers["x-trace-id"] == TRACE
    id = answer.json()["intent_id"]
    assert set(Event.objects.filter(intent_id=id).values_list("trace_id", flat=True)) == {TRACE}
    assert api.get(f"/v1/intents/{id}/events").json()["events"][0]["trace_id"] == TRACE


@pytest.mark.parametrize("trace", ["a" * 129, "a b", "<script>", "a;b"])
def test_a_trace_we_would_not_repeat_is_left_out(people, api, trace):
    answer = api.post("/v1/intents", {"intent_type": "a.b.v1"}, headers={"x-trace-id": trace})

    assert answer.status_code == 200
    assert "x-trace-id" not in answer.headers
    assert not Event.objects.exclude(trace_id="").exists()


def test_every_answer_is_named_and_sized(people, api):
    answers = [
        api.get("/health"),
        api.get("/v1/capabilities"),
        api.get(f"/v1/intents/{uuid4()}"),
        api.get("/v1/nothing/here"),
        api.post("/v1/intents", {}),
    ]

    assert len({answer.headers["x-request-id"] for answer in answers}) == 5
    for answer in answers:
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert isinstance(json.loads(answer.content), dict)


def test_a_large_payload_comes_back_as_it_was_sent(people, api):
    payload = {"text": "größer " * 9000, "n": [1, 1.5, -(10**30), True, None, {"ä": []}]}

    id = api.post("/v1/intents", {"intent_type": "a.b.v1", "payload": payload}).json()["intent_id"]

    assert api.get(f"/v1/intents/{id}").json()["payload"] == payload
    assert Intent.objects.get(id=id).payload == payload
