"""Resuming on a real database: each row of the protocol's table leaves its trail."""

from datetime import UTC, datetime, timedelta

import pytest

from api.axme.translate import wish
from approvals import gates
from approvals.actions import resume, submit
from approvals.models import Gate
from approvals.refusals import NotYours, OutcomeNotAllowed
from events.models import Event, Outbox
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty, patch
from intents.lifecycle import Status, WaitingFor
from intents.models import Delivery, Intent
from tests.factories import HERE, anyone_in, key, make_gate, make_intent, person, submission, trail

ASKS = {"status": "pending_human_approval", "message": "Deploy to live?", "commit": "5e1c"}


@pytest.fixture
def handler(people, now):
    """The agent at the address the work is sent to."""
    return key(people.here, agent="desk", now=now)


@pytest.fixture
def go(now):
    def go(intent, body, actor):
        return resume(intent.id, wish=wish(body), actor=actor, now=now)

    return go


def last(intent):
    return Event.objects.filter(intent_id=intent.id).order_by("-seq").first()


def test_work_in_progress_is_no_end_and_names_its_handler(people, handler, go):
    intent = make_intent(people.here)

    done = go(intent, {"note": "half way", "status": "done"}, handler).intent

    assert (done.status, done.handler, done.result) == (Status.IN_PROGRESS, f"{HERE}/desk", None)
    assert last(intent).data == {"note": "half way", "status": "done"}
    assert Delivery.objects.get(intent=intent).acknowledged_at is not None


def test_completion_keeps_the_body_without_its_control_keys(people, handler, go):
    intent = make_intent(people.here)

    done = go(intent, {"action": "complete", "status": "captured", "actor": "me"}, handler).intent

    assert (done.status, done.result) == (Status.COMPLETED, {"status": "captured"})
    assert trail(intent.id)[-2:] == ["intent.in_progress", "intent.completed"]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "agent_failed", "The agent failed."),
        ({"code": "disk_full", "message": "No space"}, "disk_full", "No space"),
        ({"reason": "No space"}, "agent_failed", "No space"),
    ],
    ids=["untold", "told", "as a reason"],
)
def test_a_failure_keeps_what_the_agent_said(people, handler, go, body, code, message):
    intent = make_intent(people.here)

    done = go(intent, {"action": "fail", **body}, handler).intent

    assert (done.status, done.error["code"], done.error["message"]) == ("FAILED", code, message)
    assert trail(intent.id)[-1] == "intent.failed"


def test_asking_midway_opens_a_gate_and_pauses_the_agent(people, handler, go):
    intent = make_intent(people.here)

    asked = go(intent, ASKS, handler).intent

    gate = Gate.objects.get(intent=intent)
    assert (asked.status, asked.waiting_reason) == (Status.WAITING, WaitingFor.HUMAN)
    assert (gate.title, gate.asker, gate.context) == ("Deploy to live?", f"{HERE}/desk", ASKS)
    assert trail(intent.id)[-2:] == ["intent.waiting", "intent.human_task_assigned"]
    assert Event.objects.get(intent_id=intent.id, type="intent.waiting").data == ASKS
    assert Delivery.objects.get(intent=intent).is_paused
    assert Outbox.objects.filter(subject_id=gate.id).count() == 2


def test_asking_again_with_the_same_words_changes_nothing(people, handler, go):
    intent = make_intent(people.here)
    go(intent, ASKS, handler)
    before = trail(intent.id)

    go(intent, ASKS, handler)

    assert Gate.objects.get(intent=intent).version == 1
    assert trail(intent.id) == before


def test_asking_again_with_other_words_is_a_new_version_and_no_answer(people, handler, go):
    intent = make_intent(people.here)
    go(intent, ASKS, handler)
    old = Gate.objects.get(intent=intent)

    go(intent, ASKS | {"commit": "90ab", "approved": False}, handler)

    new = Gate.objects.get(intent=intent)
    assert (new.is_open, new.version) == (True, 2)
    assert new.digest != old.digest
    assert trail(intent.id)[-1] == "intent.human_task_changed"
    assert Outbox.objects.filter(subject_id=new.id).count() == 4


@pytest.mark.parametrize(
    "body",
    [
        {"task_result": {"outcome": "approved"}},
        {"approved": True},
        {"approve_current_step": True},
        {"action": "complete"},
        {"note": "still there"},
        {},
    ],
    ids=str,
)
def test_the_agent_that_asked_cannot_answer_or_go_around(people, handler, go, body):
    intent = make_intent(people.here)
    go(intent, ASKS, handler)
    before = trail(intent.id)

    with pytest.raises(NotYours):
        go(intent, body, handler)

    assert trail(intent.id) == before
    assert Gate.objects.get(intent=intent).is_open


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"task_result": {"outcome": "approved", "comment": "ok"}}, Status.COMPLETED),
        ({"outcome": "approved", "task_result": {"approved": True}}, Status.COMPLETED),
        ({"approved": True}, Status.COMPLETED),
        ({"action": "approve"}, Status.COMPLETED),
        ({"task_result": {"approved": False}}, Status.FAILED),
        ({"approve_current_step": False}, Status.FAILED),
        ({"approve_current_step": True, "note": "x"}, Status.IN_PROGRESS),
    ],
    ids=str,
)
def test_a_decision_over_the_api_ends_it_or_lets_it_go_on(people, go, body, status):
    gate = make_gate(people.here)

    done = go(gate.intent, body, person(people.bob)).intent

    assert done.status == status
    assert not Gate.objects.get(id=gate.id).is_open


@pytest.mark.parametrize("body", [{}, {"note": "hello"}, {"reason": "x"}], ids=str)
def test_an_empty_body_never_approves(people, go, body):
    gate = make_gate(people.here)

    with pytest.raises(OutcomeNotAllowed, match="approved, rejected"):
        go(gate.intent, body, person(people.bob))

    assert Gate.objects.get(id=gate.id).is_open


def test_a_task_result_nobody_asked_for_is_a_person_taking_over(people, go):
    intent = make_intent(people.here)

    done = go(intent, {"task_result": {"outcome": "approved"}}, person(people.bob)).intent

    gate = Gate.objects.get(intent=intent)
    assert (done.status, gate.outcome) == (Status.COMPLETED, "approved")
    assert "intent.human_task_assigned" in trail(intent.id)


def test_the_handlers_task_result_is_plain_data(people, handler, go):
    intent = make_intent(people.here)

    done = go(intent, {"task_result": {"outcome": "approved"}}, handler).intent

    assert done.status == Status.IN_PROGRESS
    assert not Gate.objects.filter(intent=intent).exists()


def test_a_stale_generation_applies_nothing(people, go, now):
    intent, actor = make_intent(people.here), anyone_in(people.here)
    patch(intent.id, controls={"timeout_seconds": 5}, actor=actor, now=now)
    before = trail(intent.id)

    told = go(intent, {"action": "complete", "expected_policy_generation": 0}, actor)

    assert (told.is_applied, told.intent.policy_generation) == (False, 1)
    assert trail(intent.id) == before


def test_a_finished_intent_is_final(people, handler, go):
    intent = make_intent(people.here)
    go(intent, {"action": "complete"}, handler)

    with pytest.raises(AlreadyOver, match="already COMPLETED; its outcome is final"):
        go(intent, {"action": "fail"}, handler)

    assert Intent.objects.get(id=intent.id).status == Status.COMPLETED


def test_an_agent_that_takes_no_part_is_refused_until_it_is_granted(people, go, now):
    intent, other = make_intent(people.here), key(people.here, agent="ops", now=now)

    with pytest.raises(NotAParty):
        go(intent, {"note": "x"}, other)
    grants = {f"delegate:{other.address}": {"allow": ["resume"]}}
    patch(intent.id, grants=grants, actor=anyone_in(people.here), now=now)

    assert go(intent, {"note": "x"}, other).intent.status == Status.IN_PROGRESS


def test_another_workspaces_intent_does_not_exist(people, go):
    intent = submit(submission(anyone_in(people.here)), now=people.here.created_at)

    with pytest.raises(NoSuchIntent):
        go(intent, {"note": "x"}, anyone_in(people.elsewhere))


def test_a_question_changed_over_and_over_is_mailed_once_in_five_minutes():
    start = datetime(2026, 5, 14, 10, 0, tzinfo=UTC)
    rounds = {
        gates._next_round(start + timedelta(seconds=s, microseconds=s * 7)) for s in range(300)
    }

    assert rounds == {start + timedelta(minutes=5)}
