"""Intents over the API: created, read, listed, resolved, withdrawn, steered."""

from uuid import UUID, uuid4

import pytest

from events.models import Event
from intents.models import Intent
from tests.calling import agent_api, refusal
from tests.factories import APPROVAL, HERE, make_gate, make_intent, trail

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = ["intent.created", "intent.submitted", "intent.delivered"]


@pytest.fixture
def agent(people):
    return agent_api(people.here, "desk")


@pytest.fixture
def stranger(people):
    """An agent of the same workspace that takes no part."""
    return agent_api(people.here, "ops")


def test_a_create_answers_when_the_first_three_events_are_stored(api):
    answer = api.post("/v1/intents", {"intent_type": "analyze_data", "to_agent": "desk"})

    body = answer.json()
    assert answer.status_code == 200
    assert (body["ok"], body["status"]) == (True, "DELIVERED")
    assert trail(UUID(body["intent_id"])) == FIRST
    assert {"intent_id", "created_at"} <= set(body)


def test_a_create_for_people_answers_that_it_waits(api):
    answer = api.post("/v1/intents", {"intent_type": "refund.v1", "human_task": APPROVAL})

    body = answer.json()
    assert body["status"] == "WAITING"
    asked = ["intent.waiting", "intent.human_task_assigned"]
    assert trail(UUID(body["intent_id"])) == [*FIRST, *asked]


TOLERATED = {
    "analyze_data": {},
    "human_approval": {"to_agent": "human"},
    "human_approval.v1": {"to_agent": None},
    "Odd Type!": {"unknown": {"field": 1}, "payload": {}},
    "a.b.v1": {"human_task": {}},
}


@pytest.mark.parametrize(("kind", "more"), TOLERATED.items(), ids=list(TOLERATED))
def test_what_the_clients_send_is_taken(api, kind, more):
    assert api.post("/v1/intents", {"intent_type": kind, **more}).status_code == 200


ADDRESSES = {
    "agent://myorg/production/data-analyst": f"{HERE}/data-analyst",
    "agent://examples/receiver": "agent://examples/receiver",
    "agent://analyzer": f"{HERE}/analyzer",
    "autogen-analyzer-demo": f"{HERE}/autogen-analyzer-demo",
    "agent://myorg/prod/agent_core": "agent://agent_core",
    "initiator://cli": "initiator://cli",
    "nobody@example.com": "nobody@example.com",
}


def test_every_form_of_address_is_taken_and_repeated_as_it_was_written(api):
    for literal, canonical in ADDRESSES.items():
        sent = {"intent_type": "a.b.v1", "to_agent": literal, "reply_to": literal}
        answer = api.post("/v1/intents", sent)
        shown = api.get(f"/v1/intents/{answer.json()['intent_id']}").json()["intent"]

        row = Intent.objects.get(id=shown["intent_id"])
        assert (shown["to_agent"], shown["reply_to"]) == (literal, literal)
        assert row.to_address == canonical


def test_a_workspace_key_keeps_the_claimed_sender_and_an_agent_key_does_not(api, agent):
    sent = {"intent_type": "a.b.v1", "to_agent": "x", "from_agent": "agent://claimed"}

    ids = [client.post("/v1/intents", sent).json()["intent_id"] for client in (api, agent)]

    shown = [api.get(f"/v1/intents/{id}").json()["from_agent"] for id in ids]
    assert shown == ["agent://claimed", f"{HERE}/desk"]


def test_an_intent_is_read_by_those_who_take_part(people, api, agent, stranger):
    intent = make_intent(people.here, reply_to="agent://ops-2")

    for client in (api, agent, agent_api(people.here, "ops-2")):
        assert client.get(f"/v1/intents/{intent.id}").status_code == 200
    assert refusal(stranger.get(f"/v1/intents/{intent.id}"))[:2] == (403, "invalid_actor_scope")


@pytest.mark.parametrize("id", [str(uuid4()), "nonsense", "0", "%00", "a b", "ä"])
def test_what_names_no_intent_is_not_found(api, id):
    status, code, _ = refusal(api.get(f"/v1/intents/{id}"))

    assert (status, code) in {(404, "intent_not_found"), (404, "not_found"), (422, "invalid_text")}


def test_the_list_is_newest_first_and_filtered_by_status(people, api, agent):
    waiting, working = make_gate(people.here).intent, make_intent(people.here)
    over = make_intent(people.here, to="elsewhere")
    api.post(f"/v1/intents/{over.id}/cancel")

    def listed(client, query=""):
        return [row["intent_id"] for row in client.get(f"/v1/intents{query}").json()["intents"]]

    assert listed(api) == [str(row.id) for row in (over, working, waiting)]
    assert listed(api, "?status=pending") == [str(working.id), str(waiting.id)]
    assert listed(api, "?status=WAITING,canceled") == [str(over.id), str(waiting.id)]
    assert listed(api, "?limit=1") == [str(over.id)]
    assert listed(agent) == [str(working.id), str(waiting.id)]
    assert refusal(api.get("/v1/intents?status=LOST"))[:2] == (422, "schema_invalid")


def test_a_resolve_answers_with_its_event_and_what_was_told(people, api, agent):
    intent = make_intent(people.here, reply_to="agent://conformance/reply-target")

    answer = agent.post(
        f"/v1/intents/{intent.id}/resolve", {"status": "COMPLETED", "result": {"a": 1}}
    )

    body = answer.json()
    assert set(body) == {"ok", "intent", "event", "completion_delivery"}
    assert body["event"]["event_type"] == "intent.completed"
    assert set(body["event"]) == {
        "intent_id", "seq", "event_type", "status", "at", "details", "actor", "handler",
        "waiting_reason", "pending_with",
    }  # fmt: skip
    told = body["completion_delivery"]
    assert (told["delivered"], told["reply_to"], told["thread_id"]) == (
        True, "agent://conformance/reply-target", str(intent.id),
    )  # fmt: skip
    owner = {"owner_agent": "agent://conformance/reply-target"}
    threads = api.get("/v1/inbox", params=owner).json()["threads"]
    assert [thread["thread_id"] for thread in threads] == [str(intent.id)]


def test_without_a_reply_to_it_says_so(people, api):
    answer = api.post(f"/v1/intents/{make_intent(people.here).id}/resolve", {"status": "done"})

    assert answer.json()["completion_delivery"] == {
        "delivered": False,
        "reason": "reply_to_not_set",
    }


@pytest.mark.parametrize("action", ["resolve", "resume", "cancel", "controls", "policy"])
def test_a_finished_intent_takes_nothing_more(people, api, stranger, action):
    intent = make_intent(people.here)
    assert refusal(stranger.post(f"/v1/intents/{intent.id}/{action}"))[0] == 403
    api.post(f"/v1/intents/{intent.id}/resolve", {"status": "COMPLETED"})
    before = Event.objects.count()

    told = refusal(api.post(f"/v1/intents/{intent.id}/{action}", {"status": "CANCELED"}))

    assert told[:2] == (409, "already_terminal")
    assert told[2] == "This intent is already COMPLETED; its outcome is final."
    assert Event.objects.count() == before


def test_a_resume_answers_that_it_applied_and_a_stale_one_that_it_did_not(people, api):
    path = f"/v1/intents/{make_intent(people.here).id}"
    patched = api.post(f"{path}/controls", {"controls_patch": {"timeout_seconds": 5}}).json()
    fresh = api.post(f"{path}/resume", {"note": "x", "expected_policy_generation": 1}).json()
    stale = api.post(f"{path}/resume", {"action": "complete", "expected_policy_generation": 0})

    assert patched == {"ok": True, "applied": True, "policy_generation": 1}
    assert (fresh["ok"], fresh["applied"], fresh["policy_generation"]) == (True, True, 1)
    assert fresh["intent"]["status"] == "IN_PROGRESS"
    assert stale.status_code == 200
    assert stale.json()["reason"] == "stale_policy_generation"
    assert stale.json()["applied"] is False


def test_a_policy_grants_and_stale_patches_do_not_apply(people, api):
    path = f"/v1/intents/{make_intent(people.here).id}/policy"
    grant = {"grants_patch": {"delegate:agent://ops": {"allow": ["resume"]}}}

    assert api.post(path, grant).json()["policy_generation"] == 1
    told = api.post(path, {"envelope_patch": None, "expected_policy_generation": 0}).json()

    assert told == {
        "ok": True, "applied": False, "policy_generation": 1, "reason": "stale_policy_generation",
    }  # fmt: skip


def test_an_intent_for_nobody_is_kept_and_read_as_pending(api):
    sent = {"intent_type": "a.b.v1", "to_agent": "agent://never/registered"}

    id = api.post("/v1/intents", sent).json()["intent_id"]

    assert api.get(f"/v1/intents/{id}").json()["status"] == "pending_action"
