"""Delegating at the desk: who is offered, what happens, and what is refused."""

import pytest
from django.test import Client

from approvals.actions import ask, decide
from approvals.models import Delegation, Gate
from intents.models import Intent
from tests.factories import answer, key, make_gate, make_intent, make_person
from tests.signing_in import at_desk

pytestmark = pytest.mark.django_db
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def gate(people):
    return make_gate(people.here, task={"assignees": [BOB]})


def hand(client, gate, to=ANN, **more):
    return client.post(f"/requests/{gate.id}/delegate", {"to": to, **more})


def shown(client, gate):
    return client.get(f"/requests/{gate.id}").content.decode()


def test_a_request_is_delegated_and_both_pages_say_so(people, gate):
    bob, ann = at_desk(people.bob), at_desk(people.ann)

    answer = hand(bob, gate, note="I am away <until> Monday.")

    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert "Delegated to Ann." in bob.get("/").content.decode()
    for client in (bob, ann):
        page = shown(client, gate)
        assert "Delegated by Bob to Ann" in page
        assert "I am away &lt;until&gt; Monday." in page
    assert "You delegated this to ann@example.com" in shown(bob, gate)
    assert "You, for Bob" in shown(ann, gate)
    assert Gate.objects.get().title in ann.get("/").content.decode()


def test_the_answer_names_both(people, gate):
    ann = at_desk(people.ann)
    hand(at_desk(people.bob), gate)

    ann.post(f"/requests/{gate.id}/decide", {"outcome": "approved", "seen": gate.digest})

    page = shown(ann, gate)
    assert "Approved by Ann, for Bob" in page
    assert '<th scope="row">For</th><td>Bob</td>' in page


def test_reviewers_are_offered_but_not_the_reader_nor_who_had_it(people, gate):
    make_person("Dan", people.here)
    make_person("Eve", people.here, role="auditor")
    assert offered(shown(at_desk(people.bob), gate)) == {ANN, "dan@example.com"}

    hand(at_desk(people.bob), gate)

    assert offered(shown(at_desk(people.ann), gate)) == {"dan@example.com"}
    assert offered(shown(at_desk(people.bob), gate)) == set()


def offered(page):
    names = ("ann", "bob", "cid", "dan", "eve")
    return {f"{n}@example.com" for n in names if f'<option value="{n}@example.com"' in page}


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("", "Nobody was chosen"),
        ("cid@example.com", "no reviewer"),
        ("a\0b", "no reviewer"),
        (BOB, "had this before"),
    ],
)
def test_a_refused_delegation_says_why_and_changes_nothing(people, gate, to, said):
    answer = hand(at_desk(people.bob), gate, to)

    assert answer.status_code == 409
    assert said in answer.content.decode()
    assert not Delegation.objects.exists()


def test_only_members_who_may_answer_delegate_and_only_by_a_press(people, gate):
    assert hand(at_desk(people.cid), gate).status_code == 404
    assert hand(at_desk(people.ann), gate, BOB).status_code == 409
    assert hand(Client(), gate)["Location"].startswith("/sign-in")
    assert at_desk(people.bob).get(f"/requests/{gate.id}/delegate").status_code == 302
    assert not Delegation.objects.exists()


def test_an_older_question_of_the_same_intent_delegates_nothing(people, now):
    desk = key(people.here, agent="desk")
    intent = make_intent(people.here)
    old = ask(intent, {"title": "One?"}, context={}, actor=desk, now=now)
    decide(answer(old, people.ann, then="continue"), now=now)
    ask(Intent.objects.get(), {"title": "Two?"}, context={}, actor=desk, now=now)

    answered = hand(at_desk(people.bob), old)

    assert answered.status_code == 409
    assert "Approved by Ann" in answered.content.decode()
    assert not Delegation.objects.exists()
