"""What the owner of a thread does over the API: hand on, read, hide; and what a long thread shows."""

from datetime import timedelta
from uuid import uuid4

import pytest

from api.axme.reading import DONE_SHOWN_FOR, NEWEST, NEWEST_IN_LIST
from approvals.actions import nudge
from approvals.models import Delegation, Gate
from events.models import Event
from intents.actions import offer_again, reply
from intents.models import Delivery, HiddenMessage, Intent
from tests.calling import agent_api, counts, refusal, workspace_api
from tests.factories import HERE, anyone_in, make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
DESK = f"{HERE}/desk"
OWNER = {"owner_agent": DESK}
BOB = "bob@example.com"


@pytest.fixture
def agent(people):
    return agent_api(people.here, "desk")


@pytest.fixture
def stranger(people):
    return agent_api(people.here, "ops")


@pytest.fixture
def gate(people):
    return make_gate(people.here)


def delegate(api, intent_id, to=BOB, **more):
    body = {"delegate_to": to, **more}
    return api.post(f"/v1/inbox/{intent_id}/delegate", body, params=OWNER)


def threads(api, **params):
    return api.get("/v1/inbox", params=OWNER | params).json()["threads"]


def test_a_delegated_thread_stays_with_its_owner_as_the_last_and_goes_to_the_delegate(people, api):
    given, kept, done = (make_gate(people.here).intent_id for _ in range(3))
    api.post(f"/v1/inbox/{done}/approve", params=OWNER)

    thread = delegate(api, given, note="Please").json()["thread"]

    assert (thread["thread_id"], thread["delegated_to"]) == (str(given), BOB)
    assert [row["thread_id"] for row in threads(api)] == [str(kept), str(done), str(given)]
    (taken,) = threads(api, owner_agent=BOB)
    assert (taken["status"], taken["delegated_to"], taken["owner_agent"]) == ("pending", None, BOB)
    assert api.get(f"/v1/intents/{given}").json()["intent"]["pending_with"]["name"] == BOB


def test_a_delegated_copy_decides_nothing(api, gate):
    delegate(api, gate.intent_id)

    for action in ("approve", "reject"):
        told = refusal(api.post(f"/v1/inbox/{gate.intent_id}/{action}", params=OWNER))
        assert told[:2] == (403, "not_allowed_to_decide")
    assert refusal(delegate(api, gate.intent_id, "agent://x"))[:2] == (403, "not_allowed_to_decide")
    assert Gate.objects.get().is_open


def test_the_delegate_of_a_thread_answers_it_from_their_inbox(api, gate):
    delegate(api, gate.intent_id)

    api.post(f"/v1/inbox/{gate.intent_id}/approve", params={"owner_agent": BOB})

    assert Intent.objects.get().status == "COMPLETED"
    (thread,) = threads(api)
    assert thread["status"] == "done"


def test_a_new_question_is_the_owners_again(api, agent, people):
    intent = make_intent(people.here)
    asked = {"status": "pending_human_approval", "title": "Go on?"}
    agent.post(f"/v1/intents/{intent.id}/resume", asked)
    delegate(api, intent.id)
    go_on = {"approve_current_step": True}
    assert api.post(f"/v1/intents/{intent.id}/resume", go_on).status_code == 200
    agent.post(f"/v1/intents/{intent.id}/resume", asked | {"title": "And now?"})

    thread = delegate(api, intent.id).json()["thread"]

    assert thread["delegated_to"] == BOB
    assert Delegation.objects.count() == 2


def test_delegations_that_cannot_be_are_refused_and_write_nothing(people, api, agent, gate):
    before = counts(Event, Delivery, Delegation)

    unknown = refusal(delegate(api, gate.intent_id, "nobody@example.com"))
    assert unknown[:2] == (422, "unknown_delegate")
    assert refusal(delegate(agent, gate.intent_id))[:2] == (403, "not_allowed_to_decide")
    assert refusal(delegate(api, gate.intent_id, DESK))[:2] == (409, "delegation_cycle")
    assert refusal(delegate(api, uuid4()))[:2] == (404, "intent_not_found")
    elsewhere = workspace_api(people.elsewhere)
    assert refusal(delegate(elsewhere, gate.intent_id))[:2] == (404, "intent_not_found")
    for body in ({}, {"delegate_to": "x"}, {"delegate_to": 5}, {"delegate_to": "x" * 256},
                 {"delegate_to": None}, {"delegate_to": BOB, "note": "n" * 2001}):  # fmt: skip
        answer = api.post(f"/v1/inbox/{gate.intent_id}/delegate", body, params=OWNER)
        assert refusal(answer)[:2] == (422, "schema_invalid")
    assert counts(Event, Delivery, Delegation) == before


def test_a_strange_delegate_is_taken_or_refused_and_never_a_failure_of_ours(people, api, subtests):
    for to in ("   ", "agent://", "://", "a b", "@@@", "agent:///", "é@ü", "\t\t\t", "a" * 255):
        with subtests.test(to):
            answer = delegate(api, make_gate(people.here).intent_id, to)
            assert answer.status_code in (200, 422), answer.text


def test_a_closed_request_is_not_handed_on(api, gate):
    api.post(f"/v1/inbox/{gate.intent_id}/reject", params=OWNER)

    assert refusal(delegate(api, gate.intent_id))[:2] == (409, "already_decided")


def test_a_repeated_delegation_is_done_once(api, gate):
    headers = {"idempotency-key": "one"}
    path, body = f"/v1/inbox/{gate.intent_id}/delegate", {"delegate_to": BOB}

    first, again = (api.post(path, body, params=OWNER, headers=headers) for _ in range(2))

    assert first.json() == again.json()
    assert Delegation.objects.count() == 1


def test_answers_have_the_fields_of_the_protocols_schemas_and_no_other(people, api):
    body = {"message": "x", "delegate_to": BOB, "mode": "self"}

    for action in ("reply", "read", "messages/delete", "delegate", "approve", "reject"):
        told = api.post(f"/v1/inbox/{make_gate(people.here).intent_id}/{action}", body).json()
        more = {"mode", "deleted_count", "message_ids"} if action == "messages/delete" else set()
        assert set(told) == {"ok", "thread"} | more


def test_a_thread_is_marked_read_for_its_owner_and_stays_where_it_is(api, stranger, gate):
    thread = api.post(f"/v1/inbox/{gate.intent_id}/read", params=OWNER).json()["thread"]

    assert thread["read_at"].endswith("Z")
    assert thread["status"] == "pending"
    assert refusal(stranger.post(f"/v1/inbox/{gate.intent_id}/read"))[0] == 403
    assert refusal(api.post(f"/v1/inbox/{uuid4()}/read"))[0] == 404


def say(people, intent_id, *words):
    for word in words:
        actor = anyone_in(people.here)
        reply(intent_id, message=word, actor=actor, now=Intent.objects.get().updated_at)


def hide(api, intent_id, params=OWNER, **body):
    answer = api.post(f"/v1/inbox/{intent_id}/messages/delete", body, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def contents(api, intent_id, **params):
    body = api.get(f"/v1/inbox/{intent_id}", params=OWNER | params).json()
    return [message["content"] for message in body["messages"]]


def test_hidden_messages_leave_the_owners_view_and_no_event_is_lost(people, api, gate):
    say(people, gate.intent_id, "one", "two", "three")
    before = Event.objects.count()

    gone = hide(api, gate.intent_id, mode="self", limit=1)

    assert (gone["mode"], gone["deleted_count"], len(gone["message_ids"])) == ("self", 1, 1)
    assert contents(api, gate.intent_id) == ["one", "two"]
    said = [m["details"].get("message") for m in gone["thread"]["timeline"]]
    assert "three" not in said
    assert "two" in said
    assert Event.objects.count() == before
    events = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"]
    assert [e["data"]["message"] for e in events if e["event_type"] == "intent.message"][-1]


def test_messages_are_hidden_by_id_once_and_ids_of_others_hide_nothing(people, api, gate):
    say(people, gate.intent_id, "one", "two")
    named = api.get(f"/v1/inbox/{gate.intent_id}", params=OWNER).json()["messages"][0]["message_id"]
    ids = [named, str(uuid4()), "nonsense", str(gate.intent_id)]

    assert hide(api, gate.intent_id, mode="self", message_ids=ids)["message_ids"] == [named]
    assert hide(api, gate.intent_id, mode="self", message_ids=ids)["deleted_count"] == 0
    assert contents(api, gate.intent_id) == ["two"]


def test_only_both_hides_from_the_others(people, api):
    intent = make_intent(people.here, reply_to="agent://teller")
    api.post(f"/v1/intents/{intent.id}/resolve", {"status": "done"})
    say(people, intent.id, "one", "two")
    other = {"owner_agent": "agent://teller"}

    hide(api, intent.id, mode="self", limit=1)
    assert len(contents(api, intent.id, **other)) == 3
    hide(api, intent.id, mode="both", limit=1)

    assert len(contents(api, intent.id)) == 2
    assert len(contents(api, intent.id, **other)) == 2
    assert hide(api, intent.id, mode="both")["deleted_count"] == 2
    assert contents(api, intent.id, **other) == []


def test_an_agent_hides_from_others_only_what_it_wrote(people, agent):
    intent = make_intent(people.here)
    say(people, intent.id, "theirs")
    agent.post(f"/v1/inbox/{intent.id}/reply", {"message": "mine"})

    gone = hide(agent, intent.id, {}, mode="both")

    assert gone["deleted_count"] == 1
    assert contents(agent, intent.id) == ["theirs"]


def test_hiding_is_refused_for_others_and_in_a_wrong_shape(people, api, stranger, gate):
    path = f"/v1/inbox/{gate.intent_id}/messages/delete"

    assert refusal(stranger.post(path, {"mode": "self"}))[0] == 403
    assert refusal(workspace_api(people.elsewhere).post(path, {"mode": "self"}))[0] == 404
    for more in ({"mode": "all"}, {"mode": None}, {"limit": 0}, {"limit": 101}, {"limit": 10**30},
                 {"message_ids": []}, {"message_ids": ["x"] * 101}, {"message_ids": [""]},
                 {"message_ids": "x"}):  # fmt: skip
        assert refusal(api.post(path, {"mode": "self"} | more))[:2] == (422, "schema_invalid")
    assert refusal(api.post(path, {}))[:2] == (422, "schema_invalid")
    assert not HiddenMessage.objects.exists()


def test_a_reply_has_one_to_5000_characters_and_makes_the_thread_active(api, gate):
    path = f"/v1/inbox/{gate.intent_id}/reply"

    for length in (0, 5001):
        answer = api.post(path, {"message": "ä" * length}, params=OWNER)
        assert refusal(answer)[:2] == (422, "schema_invalid")
    for length in (1, 5000):
        thread = api.post(path, {"message": "ä" * length}, params=OWNER).json()["thread"]
        assert thread["status"] == "active"
        assert thread["timeline"][-1]["event_type"] == "intent.message"


def test_a_long_thread_shows_its_first_and_its_newest_moments_and_says_what_is_left_out(
    people, api, now
):
    intent = make_intent(people.here)
    for number in range(NEWEST + 30):
        reply(intent.id, message=str(number), actor=anyone_in(people.here), now=now)
    hide(api, intent.id, mode="self", limit=100)

    body = api.get(f"/v1/inbox/{intent.id}", params=OWNER).json()
    (listed,) = threads(api)

    assert body["thread"]["timeline_omitted"] == 3 + NEWEST + 30 - (NEWEST + 1)
    assert [m["event_type"] for m in body["thread"]["timeline"]] == ["intent.created"]
    assert body["messages"] == []
    assert listed["timeline_omitted"] == 3 + NEWEST + 30 - (NEWEST_IN_LIST + 1)
    assert listed["events_url"] == f"/v1/intents/{intent.id}/events"


def test_what_is_long_done_is_listed_only_when_asked_for(people, api):
    intent = make_intent(people.here)
    api.post(f"/v1/intents/{intent.id}/resolve", {"status": "done"})
    assert len(threads(api)) == 1

    closed = Delivery.objects.get().closed_at
    Delivery.objects.update(closed_at=closed - DONE_SHOWN_FOR)

    assert threads(api) == []
    assert len(threads(api, status="done")) == 1


def test_an_intent_tells_its_attempts_and_its_reminders(people, api, now):
    work = make_intent(people.here)
    gate = make_gate(people.here, now=now, reminders={"after": 60, "most": 3})
    offer_again(work.deliveries.get().id, now=now)
    nudge(gate.id, now=now + timedelta(seconds=61))

    told = api.get(f"/v1/intents/{work.id}").json()["intent"]
    asked = api.get(f"/v1/intents/{gate.intent_id}").json()["intent"]

    assert (told["delivery_attempt"], told["remind_count"]) == (2, 0)
    assert (asked["delivery_attempt"], asked["remind_count"]) == (1, 1)


def test_the_root_of_the_api_answers_as_the_api_does(api):
    for path in ("/v1", "/v1/"):
        assert refusal(api.get(path))[:2] == (404, "not_found")
