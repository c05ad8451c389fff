"""The same call again: one piece of work, one answer, and a clear no to another body."""

from datetime import timedelta

import pytest

from accounts.models import Workspace
from api import idempotency
from api.idempotency import KeyReused, once, scope_of
from api.models import IdempotencyKey
from tests.factories import anyone_in, key


class Work:
    """Something that must be done once, and counts how often it was."""

    def __init__(self, fails_with=None):
        self.times, self.fails_with = 0, fails_with

    def __call__(self):
        self.times += 1
        if self.fails_with:
            raise self.fails_with
        return {"ok": True, "number": self.times}


@pytest.fixture
def work():
    return Work()


def test_the_second_call_gets_the_first_answer_and_does_nothing(db, work, now):
    first = once("scope", "body", work, now=now)

    assert once("scope", "body", work, now=now) == first == {"ok": True, "number": 1}
    assert work.times == 1


def test_another_body_under_the_same_key_is_refused(db, work, now):
    once("scope", "body", work, now=now)

    with pytest.raises(KeyReused, match=r"^idempotency key reused with different payload$"):
        once("scope", "another", work, now=now)

    assert work.times == 1


def test_without_a_key_every_call_is_a_new_one(db, work, now):
    once(None, "", work, now=now)
    once(None, "", work, now=now)

    assert work.times == 2
    assert not IdempotencyKey.objects.exists()


def test_a_refusal_is_not_kept_so_it_can_be_tried_again(db, now):
    with pytest.raises(LookupError):
        once("scope", "body", Work(LookupError("not yet")), now=now)

    assert once("scope", "body", Work(), now=now)["ok"]


def test_a_failure_after_the_work_undoes_the_work(people, now):
    def produce():
        Workspace.objects.create(org="half", name="done")
        return {"not json": object()}

    with pytest.raises(TypeError):
        once("scope", "body", produce, now=now)

    assert not Workspace.objects.filter(org="half").exists()


def test_the_scope_is_the_workspace_the_caller_the_endpoint_and_the_key(people, now):
    here, elsewhere = anyone_in(people.here), anyone_in(people.elsewhere)
    agent = key(people.here, agent="shop", now=now)
    namesake = key(people.here, name="shop", now=now)

    assert namesake.address == agent.address
    scopes = {
        scope_of(here, "POST /v1/intents", "k"),
        scope_of(elsewhere, "POST /v1/intents", "k"),
        scope_of(agent, "POST /v1/intents", "k"),
        scope_of(namesake, "POST /v1/intents", "k"),
        scope_of(here, "POST /v1/intents/x/resume", "k"),
        scope_of(here, "POST /v1/intents", "k2"),
    }

    assert len(scopes) == 6
    assert scope_of(here, "POST /v1/intents", "k") in scopes


def test_answers_are_kept_for_two_days(db, work, now):
    once("scope", "body", work, now=now)

    assert idempotency.forget(now=now + timedelta(hours=47)) == 0
    assert idempotency.forget(now=now + timedelta(hours=49)) == 1
