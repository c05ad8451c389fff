"""Idempotency keys over the API: replayed, refused, and waited for while in flight."""

import pytest

from api.models import IdempotencyKey
from events.models import Event
from intents.models import Intent
from tests.calling import agent_api, refusal, workspace_api
from tests.factories import make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
KEY = {"idempotency-key": "order-58213"}
CREATE = {"intent_type": "a.b.v1", "payload": {"order": 58213, "to": "Dora"}}


def test_a_repeated_create_is_answered_like_the_first(api):
    first = api.post("/v1/intents", CREATE, headers=KEY)
    again = api.post("/v1/intents", CREATE, headers=KEY)

    assert (again.status_code, again.json()) == (200, first.json())
    assert Intent.objects.count() == 1


def test_another_order_of_names_and_a_new_correlation_id_are_the_same_call(api):
    other = {"payload": {"to": "Dora", "order": 58213}, "intent_type": "a.b.v1"}
    ids = ["5b0c9b1e-6f0a-4a55-8a59-6f4a36b0c001", "5b0c9b1e-6f0a-4a55-8a59-6f4a36b0c002"]

    answers = [
        api.post("/v1/intents", {**body, "correlation_id": id}, headers=KEY)
        for body, id in zip((CREATE, other), ids, strict=True)
    ]

    assert answers[0].json() == answers[1].json()


def test_another_body_under_the_same_key_is_a_conflict(api):
    api.post("/v1/intents", CREATE, headers=KEY)

    told = refusal(api.post("/v1/intents", {**CREATE, "payload": {}}, headers=KEY))

    expected = "idempotency key reused with different payload"
    assert told == (409, "idempotency_conflict", expected)
    assert Intent.objects.count() == 1


def test_a_key_belongs_to_one_caller(people, api):
    ids = {
        client.post("/v1/intents", CREATE, headers=KEY).json()["intent_id"]
        for client in (api, agent_api(people.here, "desk"), workspace_api(people.elsewhere))
    }

    assert len(ids) == 3


def test_creates_in_flight_with_one_key_make_one_intent(api):
    calls = [("POST", "/v1/intents", {"json": CREATE, "headers": KEY})] * 24

    answers = api.together(*calls)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["intent_id"] for answer in answers}) == 1
    assert Intent.objects.count() == IdempotencyKey.objects.count() == 1


def test_creates_in_flight_with_one_key_and_two_bodies_take_one_of_them(api):
    bodies = [CREATE, {**CREATE, "payload": {}}] * 8
    answers = api.together(
        *(("POST", "/v1/intents", {"json": body, "headers": KEY}) for body in bodies)
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [409] * 8
    assert Intent.objects.count() == 1


def test_creates_without_a_key_are_all_new(api):
    answers = api.together(*[("POST", "/v1/intents", {"json": CREATE})] * 20)

    assert len({answer.json()["intent_id"] for answer in answers}) == 20


STEPS = {
    "resolve": {"status": "COMPLETED", "result": {"a": 1}},
    "resume": {"action": "complete", "a": 1},
    "cancel": {"reason": "x"},
    "controls": {"controls_patch": {"a": 1}},
    "policy": {"envelope_patch": {"a": 1}},
}


@pytest.mark.parametrize(("action", "body"), STEPS.items(), ids=list(STEPS))
def test_every_other_change_is_done_once_too(people, api, action, body):
    path = f"/v1/intents/{make_intent(people.here).id}/{action}"

    first = api.post(path, body, headers=KEY)
    before = Event.objects.count()
    again = api.post(path, body, headers=KEY)

    assert first.status_code == 200, first.text
    assert (again.status_code, again.json()) == (200, first.json())
    assert Event.objects.count() == before


def test_an_answer_from_the_inbox_is_given_once(people, api):
    path = f"/v1/inbox/{make_gate(people.here).intent_id}/approve"

    first = api.post(path, {"comment": "ok"}, headers=KEY)

    assert api.post(path, {"comment": "ok"}, headers=KEY).json() == first.json()
    assert refusal(api.post(path, {"comment": "no"}, headers=KEY))[0] == 409


def test_a_refused_call_keeps_no_answer(people, api):
    path = f"/v1/intents/{make_gate(people.here).intent_id}/resume"

    assert refusal(api.post(path, {}, headers=KEY))[0] == 422
    assert not IdempotencyKey.objects.exists()


def test_a_key_too_long_is_refused(api):
    told = refusal(api.post("/v1/intents", CREATE, headers={"idempotency-key": "k" * 256}))

    assert told[:2] == (422, "schema_invalid")
    assert not Intent.objects.exists()
