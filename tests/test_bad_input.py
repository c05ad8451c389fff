"""Bad input: each kind has its status, its code and a sentence, and writes nothing."""

import json

import pytest
from django.conf import settings

from events.models import Event
from intents.models import Delivery, Intent
from tests.calling import counts, refusal
from tests.factories import make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"content-type": "application/json"}
SHAPE = (422, "schema_invalid")


@pytest.fixture
def refuse(api):
    """Send something wrong; nothing may be written and nobody may be blamed with a 500."""

    def refuse(path, expected, **given):
        before = counts(Intent, Event, Delivery)
        told = refusal(api.call("POST", path, **given))
        assert told[:2] == expected, (given, told)
        assert counts(Intent, Event, Delivery) == before
        return told[2]

    return refuse


def shown(body):
    text = json.dumps(body)
    return f"{text[:60]}-{len(text)}"


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


def create(payload):
    return b'{"intent_type": "a.b.v1", "payload": ' + payload + b"}"


RAW = {
    "no JSON": (b"hello", (400, "invalid_json")),
    "cut off": (b'{"intent_type": "a', (400, "invalid_json")),
    "two values": (b"{}{}", (400, "invalid_json")),
    "a trailing comma": (b'{"intent_type": "a",}', (400, "invalid_json")),
    "NaN": (create(b'{"a": NaN}'), (400, "invalid_json")),
    "Infinity": (create(b'{"a": -Infinity}'), (400, "invalid_json")),
    "too large a number": (create(b'{"a": 1e999}'), (400, "invalid_json")),
    "a number of 5000 digits": (create(b'{"a": ' + b"9" * 5000 + b"}"), (400, "invalid_json")),
    "no UTF-8": (b'{"intent_type": "\xff\xfe"}', (400, "invalid_json")),
    "depth 200": (create(nested(200)), (422, "too_deep")),
    "depth 20000": (create(nested(20_000)), (422, "too_deep")),
    "a list 200 deep": (create(b"[" * 200 + b"]" * 200), (422, "too_deep")),
    "a NUL in a text": (create(b'{"a": "\\u0000"}'), (422, "invalid_text")),
    "a NUL in a name": (create(b'{"\\u0000": 1}'), (422, "invalid_text")),
    "half a surrogate pair": (create(b'{"a": "\\ud800"}'), (422, "invalid_text")),
    "the other half": (create(b'{"a": "\\uDFFF"}'), (422, "invalid_text")),
    "a raw surrogate": (create(b'{"a": "\xed\xa0\x80"}'), (400, "invalid_json")),
    "a raw NUL": (b'{"intent_type": "a\x00b"}', (400, "invalid_json")),
    "a list": (b"[]", SHAPE),
    "a text": (b'"hello"', SHAPE),
    "a number": (b"5", SHAPE),
    "null": (b"null", SHAPE),
    "nothing": (b"", SHAPE),
    "an empty object": (b"{}", SHAPE),
}


def test_a_body_we_cannot_read_is_refused(refuse, subtests):
    for name, (raw, expected) in RAW.items():
        with subtests.test(name):
            refuse("/v1/intents", expected, content=raw, headers=JSON)


@pytest.mark.parametrize("size", [1, 1024, 1024 * 1024])
def test_a_body_too_large_is_refused_wherever_it_goes(people, refuse, size):
    intent = make_intent(people.here)
    raw = create(b'{"a": "' + b"a" * (settings.BODY_LIMIT_BYTES + size) + b'"}')

    for path in ("/v1/intents", f"/v1/intents/{intent.id}/resume", f"/v1/inbox/{intent.id}/reply"):
        said = refuse(path, (413, "payload_too_large"), content=raw, headers=JSON)
        assert said == "The body is larger than 128 KiB."


def test_a_body_just_as_large_as_allowed_is_taken(api):
    raw = create(b'{"a": "')
    room = settings.BODY_LIMIT_BYTES - len(raw) - len(b'"}}')
    body = raw[:-1] + b"a" * (room + 1) + b'"}}'
    assert len(body) == settings.BODY_LIMIT_BYTES

    assert api.call("POST", "/v1/intents", content=body, headers=JSON).status_code == 200


TASKS = {
    "a text": "approve",
    "a list": [],
    "a title too long": {"title": "t" * 256},
    "a description too long": {"description": "d" * 2001},
    "outcomes as a text": {"allowed_outcomes": "approved"},
    "an outcome as a number": {"allowed_outcomes": [5]},
    "an empty outcome": {"allowed_outcomes": [""]},
    "an outcome too long": {"allowed_outcomes": ["o" * 65]},
    "too many outcomes": {"allowed_outcomes": [f"o{n}" for n in range(21)]},
    "assignees as an object": {"assignees": {"bob": 1}},
    "an assignee as null": {"assignees": [None]},
    "too many assignees": {"assignees": [f"a{n}" for n in range(21)]},
    "a comment rule as a text": {"required_comment": "perhaps"},
    "a form as a list": {"form_schema": []},
    "a form with a reference": {"form_schema": {"properties": {"a": {"$ref": "#/x"}}}},
    "a form with a pattern": {"form_schema": {"properties": {"a": {"pattern": "(a+)+$"}}}},
    "a form of 51 fields": {"form_schema": {"properties": {f"f{n}": {} for n in range(51)}}},
    "a form without fields": {"form_schema": {"properties": 5}},
    "a form of an unknown type": {"form_schema": {"type": "banana"}},
    "a form with needs as a text": {"form_schema": {"required": "a"}},
    "a type as a list": {"task_type": ["approval"]},
    "a type too long": {"task_type": "t" * 65},
    "a risk as an object": {"risk": {}},
}
FIELDS = {
    "a type as a number": {"intent_type": 5},
    "an empty type": {"intent_type": ""},
    "a type too long": {"intent_type": "t" * 256},
    "a payload as a list": {"payload": []},
    "a payload as a text": {"payload": "x"},
    "a payload as null": {"payload": None},
    "an address as a number": {"to_agent": 5},
    "an address too long": {"to_agent": "a" * 384},
    "a sender as an object": {"from_agent": {}},
    "a reply address too long": {"reply_to": "a" * 384},
    "a correlation id that is none": {"correlation_id": "nonsense"},
    "a deadline that is none": {"deadline_at": "tomorrow"},
    "a deadline without a zone": {"deadline_at": "2999-01-01T00:00:00"},
    "a deadline at the end of time": {"deadline_at": "9999-12-31T23:59:59-12:00"},
    "a deadline as an object": {"deadline_at": {}},
    "a life too short": {"ttl_seconds": 59},
    "a life too long": {"ttl_seconds": 604_801},
    "a life and a deadline": {"ttl_seconds": 60, "deadline_at": "2030-01-01T00:00:00Z"},
    "a reminder at once": {"remind_after_seconds": 0},
    "a reminder after half a second": {"remind_after_seconds": 0.5},
    "a reminder in ages": {"remind_after_seconds": 10**30},
    "too many reminders": {"max_reminders": 101},
    "no attempt": {"max_delivery_attempts": 0},
    "attempts as a text": {"max_delivery_attempts": "many"},
    "attempts without end": {"max_delivery_attempts": 10**18},
}


def test_a_human_task_of_the_wrong_shape_is_refused(refuse, subtests):
    for name, task in TASKS.items():
        with subtests.test(name):
            sent = {"intent_type": "a.b.v1", "human_task": task}
            refuse("/v1/intents", SHAPE, json=sent)


def test_an_intent_of_the_wrong_shape_is_refused(refuse, subtests):
    for name, fields in FIELDS.items():
        with subtests.test(name):
            refuse("/v1/intents", SHAPE, json={"intent_type": "a.b.v1", **fields})


def test_a_deadline_that_has_passed_is_refused(refuse):
    sent = {"intent_type": "a.b.v1", "deadline_at": "2020-01-01T00:00:00Z"}

    assert refuse("/v1/intents", (422, "deadline_passed"), json=sent)


STRANGE_TASKS = [
    {"deadline_seconds": "abc"}, {"reminders": 5}, {"reminders": {"after": "x"}},
    {"title": None}, {"assignees": ["a b", "://", "agent://", "@"]}, {"notify_email": "\ttab"},
    {"outcome_effects": []}, {"allowed_outcomes": []}, {"form_schema": {"properties": {}}},
]  # fmt: skip
STRANGE = [{"to_agent": text, "from_agent": text, "reply_to": text} for text in
           ("a" * 383, "agent://", "/", "a b", "://x", "@", "ä" * 100, "\t")]  # fmt: skip


def test_what_is_only_strange_is_taken_or_refused_and_never_a_failure_of_ours(api, subtests):
    for body in [*({"human_task": task} for task in STRANGE_TASKS), *STRANGE]:
        with subtests.test(shown(body)):
            answer = api.post("/v1/intents", {"intent_type": "a.b.v1", **body})

            assert answer.status_code in (200, 422), answer.text


RESUMES = [
    {"status": "pending_human_approval", "assignees": 5},
    {"status": "pending_human_approval", "assignees": [1, None]},
    {"status": "pending_human_approval", "title": {"a": 1}, "description": [], "risk": {}},
    {"task_result": {"outcome": {"a": 1}}},
    {"task_result": {"outcome": "o" * 5000}},
    {"task_result": {"outcome": "approved", "comment": ["x"]}},
    {"task_result": {"outcome": "approved", "data": [1]}},
    {"action": ["complete"]},
    {"action": "fail", "code": {"a": 1}, "message": [1], "at": 5},
    {"expected_policy_generation": 10**30, "action": "complete"},
    {"approve_current_step": "yes"},
]


def test_a_strange_resume_is_taken_or_refused_and_never_a_failure_of_ours(people, api, subtests):
    for body in RESUMES:
        for row in (make_intent(people.here), make_gate(people.here).intent):
            with subtests.test(shown(body)):
                answer = api.post(f"/v1/intents/{row.id}/resume", body)

                assert answer.status_code in (200, 422), answer.text
                assert api.get(f"/v1/intents/{row.id}").status_code == 200
                assert api.get(f"/v1/intents/{row.id}/events").status_code == 200
