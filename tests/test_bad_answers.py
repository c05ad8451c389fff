"""Wrong answers, wrong ids and wrong addresses: refused by name, and nothing is decided."""

from uuid import uuid4

import pytest

from approvals.models import Decision, Gate
from events.models import Event
from tests.calling import counts, refusal
from tests.factories import make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {"required": ["days"], "properties": {"days": {"type": "integer", "maximum": 90}}}


ANSWERS = {
    "an unknown outcome": (
        {},
        {"outcome": "perhaps"},
        "outcome_not_allowed",
        "“perhaps” is not one of the answers: approved, rejected.",
    ),
    "no comment": (
        {"required_comment": True},
        {"outcome": "rejected"},
        "comment_required",
        "This answer needs a comment. Write one or two sentences.",
    ),
    "no evidence": (
        {"evidence_required": True},
        {"outcome": "approved"},
        "evidence_required",
        "This answer needs evidence: a link, a ticket or a file name.",
    ),
    "an incomplete form": (
        {"form_schema": FORM},
        {"outcome": "approved"},
        "form_invalid",
        "The form is not complete: days: is needed",
    ),
    "a form that does not fit": (
        {"form_schema": FORM},
        {"outcome": "approved", "days": "1e999"},
        "form_invalid",
        "The form is not complete: days: must be a integer",
    ),
    "nothing": ({}, {"comment": "hello"}, "outcome_not_allowed", None),
}


@pytest.mark.parametrize(
    ("task", "result", "code", "sentence"), ANSWERS.values(), ids=list(ANSWERS)
)
def test_a_wrong_answer_is_refused_and_decides_nothing(people, api, task, result, code, sentence):
    gate = make_gate(people.here, task=task)
    before = counts(Event, Decision)

    told = refusal(api.post(f"/v1/intents/{gate.intent_id}/resume", {"task_result": result}))

    assert told[:2] == (422, code)
    assert told[2] == (sentence or told[2])
    assert counts(Event, Decision) == before
    assert Gate.objects.get().is_open


def test_a_refused_form_names_its_fields_for_programs(people, api):
    gate = make_gate(people.here, task={"form_schema": FORM})
    sent = {"task_result": {"outcome": "approved"}}

    answer = api.post(f"/v1/intents/{gate.intent_id}/resume", sent)

    assert answer.json()["error"]["details"] == {"fields": {"days": "is needed"}}


@pytest.mark.parametrize("body", [{}, {"decision": 5}, {"decision": "d" * 65}, {"decision": None},
                                  {"decision": "approve", "comment": "c" * 2001}], ids=str)  # fmt: skip
def test_a_decision_of_the_wrong_shape_is_refused(people, api, body):
    gate = make_gate(people.here)

    told = refusal(api.post(f"/v1/approvals/{gate.id}/decision", body))

    assert told[:2] == (422, "schema_invalid")
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{}, {"message": ""}, {"message": 5}, {"message": "m" * 5001}],
    ids=["none", "empty", "number", "long"],
)
def test_a_reply_of_the_wrong_shape_is_refused(people, api, body):
    intent = make_intent(people.here)

    told = refusal(api.post(f"/v1/inbox/{intent.id}/reply", body))

    assert told[:2] == (422, "schema_invalid")


IDS = [str(uuid4()), "nonsense", "1", "x" * 3000, "%2e%2e", "'; DROP TABLE intents_intent; --"]
CALLS = [
    ("GET", "/v1/intents/{}"), ("GET", "/v1/intents/{}/events"),
    ("GET", "/v1/intents/{}/events/stream"), ("POST", "/v1/intents/{}/resolve"),
    ("POST", "/v1/intents/{}/resume"), ("POST", "/v1/intents/{}/cancel"),
    ("POST", "/v1/intents/{}/controls"), ("POST", "/v1/intents/{}/policy"),
    ("GET", "/v1/inbox/{}"), ("POST", "/v1/inbox/{}/reply"), ("POST", "/v1/inbox/{}/approve"),
    ("POST", "/v1/approvals/{}/decision"),
]  # fmt: skip
GOOD = {"message": "x", "decision": "approve"}


def test_an_id_that_names_nothing_is_not_found_anywhere(people, api):
    for method, path in CALLS:
        for id in IDS:
            given = {} if method == "GET" else {"json": GOOD}
            told = refusal(api.call(method, path.format(id), **given))
            assert told[0] == 404, (method, path, id, told)


@pytest.mark.parametrize(
    "query",
    ["since=x", "since=1.5", "wait_seconds=soon", "since=", "since=true"],
)
def test_a_query_of_the_wrong_type_is_refused_before_the_stream(people, api, query):
    intent = make_intent(people.here)

    for path in (f"/v1/intents/{intent.id}/events/stream", "/v1/agents/desk/intents/stream"):
        assert refusal(api.get(f"{path}?{query}"))[:2] == (422, "schema_invalid")


ADDRESSES = [
    "/v1/agents/%00/intents",
    "/v1/agents/desk/intents/stream?status=%00",
    "/v1/inbox?owner_agent=%00",
    "/v1/intents?status=%00",
    "/v1/agents/%ff%fe/intents",
    "/v1/inbox?owner_agent=%ed%a0%80",
    "/v1/agents/%ed%a0%80/intents",
    f"/v1/agents/{'a' * 5000}/intents",
    f"/v1/agents/desk/intents?since={'9' * 40}",
    "/v1/intents?limit=99999999999999999999999",
    "/v1/intents?limit=-1",
    "/v1/agents///intents",
]


def test_a_strange_address_is_answered_and_never_a_failure_of_ours(api, subtests):
    for path in ADDRESSES:
        with subtests.test(path[:60]):
            answer = api.get(path)

            assert answer.status_code in (200, 404, 422), answer.text
            assert isinstance(answer.json(), dict)


def test_a_header_of_any_bytes_is_never_a_failure_of_ours(people, api):
    for name in ("x-owner-agent", "idempotency-key", "x-trace-id", "last-event-id"):
        for value in (b"\xff\xfe", b"a" * 255, "ä".encode(), b"\xed\xa0\x80"):
            answer = api.post("/v1/intents", {"intent_type": "a.b.v1"}, headers={name: value})
            assert answer.status_code in (200, 422), (name, value, answer.text)
        answer = api.get("/v1/inbox", headers={name: b"\xff\xfe"})
        assert answer.status_code in (200, 422)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_a_method_an_address_does_not_take_is_told_which_it_takes(api, method):
    answer = api.call(method, "/v1/intents")

    status, code, sentence = refusal(answer)
    assert (status, code) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}
    assert "GET" in sentence


@pytest.mark.parametrize(
    "path", ["/v1/", "/v1/nothing", "/v1/intents/", "/v1//intents", "/healthy"]
)
def test_an_address_nobody_has_is_not_found_in_the_same_shape(api, path):
    assert refusal(api.get(path))[:2] == (404, "not_found")
