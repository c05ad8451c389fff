"""Ends that no reviewer chose: resolved, withdrawn, or past the deadline."""

from datetime import timedelta

import pytest

from approvals import notices
from approvals.actions import cancel, decide, expire, resolve, take_over
from approvals.models import Gate, Seat
from approvals.refusals import NotYours
from events import outbox
from events.models import Event, Outbox
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.factories import HERE, answer, anyone_in, key, make_gate, make_intent, person, trail

COMPLETED = {"status": Status.COMPLETED, "outcome": {"total": 3}}


def test_a_completion_passes_through_work(people, now):
    intent, handler = make_intent(people.here), key(people.here, agent="desk", now=now)

    ended = resolve(intent.id, **COMPLETED, actor=handler, now=now)

    assert (ended.intent.status, ended.intent.result) == (Status.COMPLETED, {"total": 3})
    assert ended.intent.handler == f"{HERE}/desk"
    assert trail(intent.id)[-2:] == ["intent.in_progress", "intent.completed"]
    assert Delivery.objects.get(intent=intent).closed_at == now


def test_a_reply_to_is_told_in_its_inbox_even_when_nobody_registered_it(people, now):
    intent = make_intent(people.here, reply_to="initiator://cli")

    ended = resolve(intent.id, **COMPLETED, actor=anyone_in(people.here), now=now)

    told = Delivery.objects.get(intent=intent, purpose=Delivery.Purpose.COPY)
    assert ended.told.id == told.id
    assert (told.address, told.literal) == ("initiator://cli", "initiator://cli")


def test_without_a_reply_to_nobody_is_told(people, now):
    ended = resolve(make_intent(people.here).id, **COMPLETED, actor=anyone_in(people.here), now=now)

    assert ended.told is None


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_nobody_goes_around_the_people_who_are_asked(people, now, status):
    gate, actor = make_gate(people.here), anyone_in(people.here)

    with pytest.raises(NotYours, match="it ends with their answer"):
        resolve(gate.intent_id, status=status, outcome={}, actor=actor, now=now)

    assert Gate.objects.get(id=gate.id).is_open


def test_withdrawing_closes_the_gate_and_asks_nobody_any_more(people, now):
    gate = make_gate(people.here, reminders={"after": 60})

    cancel(gate.intent_id, reason="Ordered twice", actor=anyone_in(people.here), now=now)

    intent, closed = Intent.objects.get(id=gate.intent_id), Gate.objects.get(id=gate.id)
    assert (intent.status, intent.error["reason"]) == (Status.CANCELED, "Ordered twice")
    assert (closed.state, closed.nudge_at, closed.closed_at) == ("canceled", None, now)
    assert not Seat.objects.exists()
    assert trail(intent.id)[-1] == "intent.canceled"


def test_the_notices_of_a_withdrawn_gate_are_dropped(people, now):
    gate = make_gate(people.here, now=now)
    cancel(gate.intent_id, reason="", actor=anyone_in(people.here), now=now)

    while outbox.send_next(notices.compose, now=now):
        pass

    assert set(Outbox.objects.values_list("state", flat=True)) == {"dropped"}


def test_the_second_end_is_refused(people, now):
    intent, actor = make_intent(people.here), anyone_in(people.here)
    resolve(intent.id, **COMPLETED, actor=actor, now=now)

    with pytest.raises(AlreadyOver):
        cancel(intent.id, reason="", actor=actor, now=now)

    assert trail(intent.id)[-1] == "intent.completed"


def test_a_stranger_cannot_end_it(people, now):
    intent = make_intent(people.here)

    with pytest.raises(NotAParty):
        cancel(intent.id, reason="", actor=key(people.here, agent="ops", now=now), now=now)
    with pytest.raises(NoSuchIntent):
        cancel(intent.id, reason="", actor=anyone_in(people.elsewhere), now=now)


def test_a_deadline_ends_the_intent_and_its_gate(people, now):
    soon = now + timedelta(seconds=5)
    gate = make_gate(people.here, deadline_at=soon, now=now)

    expire(gate.intent_id, now=soon)

    intent = Intent.objects.get(id=gate.intent_id)
    assert (intent.status, intent.error["code"]) == (Status.TIMED_OUT, "timed_out")
    assert intent.error["category"] == "timeout"
    assert Gate.objects.get(id=gate.id).state == Gate.State.EXPIRED
    assert trail(intent.id)[-1] == "intent.timed_out"
    assert Event.objects.get(type="intent.timed_out").actor == "scheduler"


def test_a_deadline_that_has_not_come_does_nothing(people, now):
    gate = make_gate(people.here, deadline_at=now + timedelta(seconds=5), now=now)

    assert expire(gate.intent_id, now=now + timedelta(seconds=4)) is None
    assert Gate.objects.get(id=gate.id).is_open


def test_a_deadline_after_the_end_does_nothing(people, now):
    soon = now + timedelta(seconds=5)
    gate = make_gate(people.here, deadline_at=soon, now=now)
    decide(answer(gate, people.bob), now=now)

    assert expire(gate.intent_id, now=soon) is None
    assert Intent.objects.get(id=gate.intent_id).status == Status.COMPLETED


def test_a_reviewer_takes_over_what_no_agent_serves(people, now):
    intent = make_intent(people.here)

    gate = take_over(intent.id, actor=person(people.bob), now=now)

    assert take_over(intent.id, actor=person(people.bob), now=now) == gate
    assert Delivery.objects.get(intent=intent).is_paused
    assert trail(intent.id)[-2:] == ["intent.waiting", "intent.human_task_assigned"]
    assert Outbox.objects.filter(recipient_id=people.ann.id).count() == 0
    assert decide(answer(gate, people.bob), now=now).outcome == "approved"


def test_work_is_taken_over_by_reviewers_only_and_before_its_end(people, now):
    intent, agent = make_intent(people.here), key(people.here, agent="desk", now=now)

    with pytest.raises(NotYours):
        take_over(intent.id, actor=agent, now=now)
    with pytest.raises(NoSuchIntent):
        take_over(intent.id, actor=person(people.cid), now=now)
    cancel(intent.id, reason="", actor=agent, now=now)
    with pytest.raises(AlreadyOver):
        take_over(intent.id, actor=person(people.bob), now=now)
