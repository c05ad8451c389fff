"""The inbox, approvals and tasks over the API: a happy, a forbidden and a malformed call each."""

from uuid import UUID, uuid4

import pytest

from approvals.models import Decision, Gate
from events.models import Event
from intents.models import Intent
from tests.calling import agent_api, refusal
from tests.factories import APPROVAL, HERE, make_gate, make_intent, trail

pytestmark = pytest.mark.django_db(transaction=True)
DESK = {"owner_agent": "agent://desk"}


@pytest.fixture
def agent(people):
    return agent_api(people.here, "desk")


@pytest.fixture
def stranger(people):
    return agent_api(people.here, "ops")


@pytest.fixture
def gate(people):
    return make_gate(people.here)


def test_a_thread_has_every_field_clients_read(api, gate):
    (thread,) = api.get("/v1/inbox", params=DESK).json()["threads"]

    assert UUID(thread["thread_id"]) == UUID(thread["intent_id"]) == gate.intent_id
    assert thread["status"] == "pending"
    assert (thread["owner_agent"], thread["to_agent"]) == (f"{HERE}/desk", f"{HERE}/desk")
    assert (thread["subject"], thread["intent_type"]) == (APPROVAL["title"], "intent.refund.v1")
    for moment in thread["timeline"]:
        assert set(moment) == {"event_id", "event_type", "actor", "at", "details"}
        assert isinstance(moment["details"], dict)
        assert UUID(moment["event_id"])
        assert len(moment["actor"]) >= 2
    assert len({moment["event_id"] for moment in thread["timeline"]}) == 5


def test_threads_are_listed_waiting_ones_first(people, api, agent):
    done, active, pending = (make_intent(people.here) for _ in range(3))
    api.post(f"/v1/intents/{done.id}/resolve", {"status": "done"})
    agent.post(f"/v1/intents/{active.id}/resume", {"note": "x"})

    threads = agent.get("/v1/inbox").json()["threads"]

    shown = [(thread["thread_id"], thread["status"]) for thread in threads]
    rows = [(pending, "pending"), (active, "active"), (done, "done")]
    assert shown == [(str(row.id), status) for row, status in rows]
    only = agent.get("/v1/inbox?status=done").json()["threads"]
    assert [thread["thread_id"] for thread in only] == [str(done.id)]


def test_an_inbox_is_its_owners(agent, stranger, gate):
    assert refusal(stranger.get("/v1/inbox", params=DESK))[:2] == (403, "invalid_actor_scope")
    assert stranger.get("/v1/inbox").json()["threads"] == []
    assert len(agent.get("/v1/inbox").json()["threads"]) == 1


def test_a_thread_status_that_is_none_is_refused(api):
    assert refusal(api.get("/v1/inbox?status=lost"))[:2] == (422, "schema_invalid")


def test_two_owners_in_one_call_are_refused(api, gate):
    headers = {"x-owner-agent": "agent://other"}

    for path in ("/v1/inbox", f"/v1/inbox/{gate.intent_id}"):
        answer = api.get(path, params=DESK, headers=headers)
        assert refusal(answer)[:2] == (400, "owner_mismatch")
    for action in ("resolve", "resume", "controls", "policy"):
        answer = api.post(f"/v1/intents/{gate.intent_id}/{action}", params=DESK, headers=headers)
        assert refusal(answer)[:2] == (400, "owner_mismatch")


def test_a_thread_is_read_with_its_messages(api, gate):
    said = api.post(f"/v1/inbox/{gate.intent_id}/reply", {"message": "Which order?"})
    api.post(f"/v1/inbox/{gate.intent_id}/reject", {"comment": "Too much"})

    body = api.get(f"/v1/inbox/{gate.intent_id}").json()

    assert said.json()["thread"]["status"] == "active"
    assert body["thread"]["status"] == "done"
    first, last = body["messages"]
    assert (first["role"], first["content"]) == ("key:ci", "Which order?")
    assert last["content"]["comment"] == "Too much"


@pytest.mark.parametrize("action", ["reply", "approve", "reject"])
def test_a_thread_of_another_address_is_forbidden_and_an_unknown_one_not_found(
    api, stranger, gate, action
):
    body = {"message": "x"}
    before = Event.objects.count()

    assert refusal(stranger.post(f"/v1/inbox/{gate.intent_id}/{action}", body))[0] == 403
    assert refusal(api.post(f"/v1/inbox/{uuid4()}/{action}", body))[:2] == (404, "intent_not_found")
    assert refusal(api.post(f"/v1/inbox/nonsense/{action}", body))[0] == 404
    assert Event.objects.count() == before


def test_the_agent_asked_for_cannot_approve_from_its_inbox(agent, gate):
    status, code, _ = refusal(agent.post(f"/v1/inbox/{gate.intent_id}/approve"))

    assert (status, code) == (403, "not_allowed_to_decide")
    assert Gate.objects.get().is_open


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "COMPLETED"), ("reject", "FAILED")], ids=["yes", "no"]
)
def test_answering_a_thread_decides_what_it_asks(api, gate, action, status):
    answer = api.post(f"/v1/inbox/{gate.intent_id}/{action}", {"comment": "By inbox"})

    assert answer.json()["thread"]["status"] == "done"
    assert Intent.objects.get().status == status
    assert Decision.objects.get().comment == "By inbox"


def test_a_thread_without_a_question_is_taken_over_by_its_answer(people, api):
    intent = make_intent(people.here)

    api.post(f"/v1/inbox/{intent.id}/approve")

    assert Intent.objects.get().status == "COMPLETED"
    assert "intent.human_task_assigned" in trail(intent.id)


def test_an_approval_is_answered_in_the_protocols_form(api, gate):
    path = f"/v1/approvals/{gate.id}/decision"

    body = api.post(path, {"decision": "approve", "comment": "Fine"}).json()

    at = body["approval"].pop("decided_at")
    assert at.endswith("Z")
    assert body == {
        "ok": True,
        "approval": {"approval_id": str(gate.id), "decision": "approve", "comment": "Fine"},
    }


def test_the_same_decision_again_is_the_same_answer_and_another_a_conflict(api, gate):
    path = f"/v1/approvals/{gate.id}/decision"
    first = api.post(path, {"decision": "reject", "reason": "No"})

    again = api.post(path, {"decision": "rejected"})
    told = refusal(api.post(path, {"decision": "approve"}))

    assert again.json() == first.json()
    assert told[:2] == (409, "already_decided")
    assert told[2].startswith("key:ci already answered “rejected” at ")
    assert Decision.objects.count() == 1


def test_a_conflict_says_who_was_first_in_its_details(people, api, gate):
    api.post(f"/v1/approvals/{gate.id}/decision", {"decision": "approve"})

    details = api.post(f"/v1/approvals/{gate.id}/decision", {"decision": "reject"}).json()

    shown = details["error"]["details"]
    assert (shown["outcome"], shown["decided_by"]) == ("approved", "key:ci")
    assert shown["decided_at"]


@pytest.mark.parametrize("id", [str(uuid4()), "nonsense"], ids=["unknown", "nonsense"])
def test_an_approval_nobody_asked_for_is_not_found(api, id):
    told = refusal(api.post(f"/v1/approvals/{id}/decision", {"decision": "approve"}))

    assert told == (404, "approval_not_found", "There is no such request.")


def test_an_agent_key_never_decides(agent, gate):
    told = refusal(agent.post(f"/v1/approvals/{gate.id}/decision", {"decision": "approve"}))

    assert told[:2] == (403, "not_allowed_to_decide")


def test_tasks_are_what_a_workspace_key_may_answer(api, agent, gate):
    (task,) = api.get("/v1/me/tasks").json()["tasks"]

    assert (task["intent_id"], task["status"]) == (str(gate.intent_id), "WAITING")
    assert task["approval_id"] == task["task_id"] == str(gate.id)
    assert task["human_task"]["allowed_outcomes"] == ["approved", "rejected"]
    assert task["human_task"]["title"] == APPROVAL["title"]
    assert "due_at" not in task
    assert refusal(agent.get("/v1/me/tasks"))[0] == 403


def test_answered_tasks_are_listed_no_more(api, gate):
    sent = {"task_result": {"outcome": "approved", "comment": "ok"}}
    api.post(f"/v1/intents/{gate.intent_id}/resume", sent)

    assert api.get("/v1/me/tasks").json() == {"ok": True, "tasks": []}


def test_health_and_capabilities(people, api):
    health = api.get("/health", headers={"x-api-key": "", "x-trace-id": "t-1"})
    able = api.get("/v1/capabilities").json()

    assert health.json()["ok"] is True
    assert health.headers["x-trace-id"] == "t-1"
    assert set(able) == {"ok", "capabilities", "supported_intent_types"}
    assert api.get("/ready").json()["database"] is True
