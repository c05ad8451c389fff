"""Bad input at the desk: no form without its token, no byte that breaks a page, nothing written."""

import re
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from approvals import notices
from approvals.desk.fields import PREFIX
from approvals.models import Decision, Gate
from events.models import Event, Outbox
from tests.calling import counts
from tests.factories import PASSWORD, make_gate, make_intent
from tests.signing_in import at_desk

NUL, HALF = "a\x00b", "a\ud800b"
FORM = {
    "properties": {
        "days": {"type": "integer"},
        "rate": {"type": "number"},
        "more": {"type": "object"},
        "hosts": {"type": "array"},
        "note": {"type": "string"},
    }
}


@pytest.fixture
def bob(people):
    return at_desk(people.bob)


@pytest.fixture
def gate(people, now):
    return make_gate(people.here, task={"form_schema": FORM}, now=now)


@pytest.fixture
def token(people, gate, now):
    row = Outbox.objects.filter(recipient_id=people.bob.id)[0]
    return re.search(r"/m/([\w-]+)", notices.compose(row, now).text)[1]


def good(gate, **other):
    return {"outcome": "approved", "seen": gate.digest, **other}


def test_no_form_of_the_desk_is_taken_without_its_token(people, gate, now):
    work = make_intent(people.here, now=now)
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.bob)
    before = counts(Event, Decision)
    forms = [
        reverse("decide", args=[gate.id]), reverse("take_over", args=[work.id]),
        reverse("test_request"), reverse("settings"), reverse("theme"), reverse("logout"),
        reverse("password_change"),
    ]  # fmt: skip

    for path in forms:
        answer = client.post(path, good(gate))
        assert answer.status_code == 403, path
        assert "csrf" not in answer.content.decode().lower()
    assert counts(Event, Decision) == before
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["login", "password_reset"])
def test_no_form_before_signing_in_is_taken_without_its_token(people, name):
    client = Client(enforce_csrf_checks=True)
    sent = {"username": "bob@example.com", "email": "bob@example.com", "password": PASSWORD}

    assert client.post(reverse(name), sent).status_code == 403
    assert "_auth_user_id" not in client.session


def test_the_page_of_a_mail_link_takes_no_form_without_its_token(token):
    client = Client(enforce_csrf_checks=True)

    assert client.post(f"/m/{token}", {"outcome": "approved"}).status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete"])
def test_nothing_but_a_press_decides(people, bob, gate, token, method):
    for path in (f"/m/{token}", reverse("decide", args=[gate.id])):
        answer = getattr(bob, method)(path)
        assert answer.status_code in (200, 302, 403, 405), path
    assert not Decision.objects.exists()
    assert Gate.objects.get().is_open


TYPED = {
    "a NUL": {"comment": NUL},
    "a NUL in a field": {"note": NUL},
    "half a surrogate pair": {"comment": HALF},
    "too long a comment": {"comment": "c" * 200_000},
    "an infinite number": {"rate": "1e999"},
    "no number": {"rate": "NaN"},
    "a NUL as an escape": {"hosts": '["\\u0000"]'},
    "half a pair as an escape": {"hosts": '["\\ud800"]'},
    "a number of 5000 digits": {"days": "9" * 5000},
    "depth 5000": {"more": '{"a":' * 5000 + "1" + "}" * 5000},
    "no outcome": {"outcome": ""},
    "an unknown outcome": {"outcome": "perhaps"},
    "an outcome with a NUL": {"outcome": NUL},
    "no digest": {"seen": ""},
    "a digest with a NUL": {"seen": NUL},
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=list(TYPED))
def test_an_answer_of_the_wrong_kind_is_refused_on_its_page(bob, gate, typed):
    answer = press(bob, reverse("decide", args=[gate.id]), {**good(gate), **named(typed)})

    assert answer.status_code in (200, 303, 409, 422), answer.content[:500]
    assert Decision.objects.count() == int(answer.status_code == 303)


@pytest.mark.parametrize("typed", TYPED.values(), ids=list(TYPED))
def test_an_answer_of_the_wrong_kind_by_mail_is_refused_on_its_page(token, typed):
    answer = press(Client(), f"/m/{token}", {"outcome": "approved", **named(typed)})

    assert answer.status_code in (200, 409, 422), answer.content[:500]


def named(typed):
    """Return what was typed under the names the page's form has."""
    own = {"outcome", "comment", "seen"}
    return {name if name in own else PREFIX + name: text for name, text in typed.items()}


def press(client, path, fields):
    """Send what a browser cannot, such as half a surrogate pair, as a hostile client would."""
    body = urlencode(fields, errors="surrogatepass")
    return client.generic("POST", path, body, content_type="application/x-www-form-urlencoded")


ADDRESSES = [
    "/?after=%00", "/?after=x,y", "/?after=2026-01-01T00:00:00Z,nonsense", "/open?after=,", "/done?after=%ff",
    "/done?after=9999-12-31T23:59:59-12:00,5b0c9b1e-6f0a-4a55-8a59-6f4a36b0c001",
    "/unclaimed?after=0001-01-01T00:00:00%2B12:00,5b0c9b1e-6f0a-4a55-8a59-6f4a36b0c001",
    "/live?list=%00&listed=x&since=y&open=z&digest=%00", "/live?since=9999-12-31T23:59:59-12:00",
    "/live?since=2026-13-45T99:00:00Z", f"/live?open={uuid4()}&list=done",
    "/m/%00", "/m/" + "a" * 5000, "/m/%ed%a0%80", f"/requests/{uuid4()}", "/requests/nonsense",
    "/requests/%00", "/sign-in?next=%00", "/sign-in?next=//evil.example", "/settings?x=%00",
    "/password/reset/%00/x", "/password/reset/MQ/set-password",
]  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES, ids=lambda path: path[:50] + str(len(path)))
def test_a_strange_address_has_a_page_and_breaks_none(bob, gate, path):
    answer = bob.get(path)

    assert answer.status_code in (200, 302, 400, 404), path


def test_a_needed_field_left_empty_decides_nothing(people, bob, now):
    form = {"properties": {"vat": {"type": "string"}, "more": {}}, "required": ["vat"]}
    gate = make_gate(people.here, task={"form_schema": form}, now=now)

    answer = press(
        bob, reverse("decide", args=[gate.id]), good(gate, **{"f.vat": "", "f.more": ""})
    )

    assert answer.status_code == 422
    assert "Vat is needed" in answer.content.decode()
    assert not Decision.objects.exists()


def test_signing_in_leads_nowhere_else(people):
    sent = {"username": "bob@example.com", "password": PASSWORD, "next": "//evil.example/x"}

    answer = Client().post(reverse("login"), sent)

    assert (answer.status_code, answer["location"]) == (302, "/")
