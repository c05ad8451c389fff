"""Deciding: what an answer does, and that the first one wins."""

from datetime import timedelta

import pytest

from approvals.actions import Answer, decide, decide_many
from approvals.models import Decision, Gate, Seat
from approvals.refusals import AlreadyDecided
from events.models import Event
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.factories import HERE, answer, key, make_gate, person, trail

DECIDED = ["intent.in_progress", "intent.completed"]


def state_of(gate):
    return Gate.objects.get(id=gate.id)


def test_an_approval_completes_the_intent_and_tells_who_said_what(people, now):
    gate = make_gate(people.here, now=now)

    decision = decide(answer(gate, people.bob, comment=" Fine by me "), now=now)

    intent, closed = Intent.objects.get(id=gate.intent_id), state_of(gate)
    assert (intent.status, closed.state, closed.outcome) == ("COMPLETED", "decided", "approved")
    assert intent.result == {
        "outcome": "approved",
        "approved": True,
        "comment": "Fine by me",
        "data": {},
        "decided_by": "bob@example.com",
        "decided_at": now.isoformat(),
        "via": "desk",
        "approval_id": str(gate.id),
        "version": 1,
        "digest": gate.digest,
    }
    assert trail(intent.id)[-2:] == DECIDED
    assert (decision.person, decision.digest, decision.channel) == (people.bob, gate.digest, "desk")


def test_a_rejection_fails_the_intent_without_passing_through_work(people, now):
    gate = make_gate(people.here)

    decide(answer(gate, people.bob, "rejected", comment="Too much"), now=now)

    intent = Intent.objects.get(id=gate.intent_id)
    assert (intent.status, intent.result) == (Status.FAILED, None)
    assert trail(intent.id)[-2:] == ["intent.human_task_assigned", "intent.failed"]
    assert intent.error["code"] == "rejected"
    assert intent.error["message"] == "Bob answered “rejected”: Too much"
    assert (intent.error["decided_by"], intent.error["approved"]) == ("bob@example.com", False)


def test_a_decision_takes_the_gate_out_of_every_queue_and_ends_its_deliveries(people, now):
    gate = make_gate(people.here, reminders={"after": 60})

    decide(answer(gate, people.bob), now=now)

    assert not Seat.objects.filter(gate=gate).exists()
    assert state_of(gate).nudge_at is None
    assert not Delivery.objects.filter(intent=gate.intent_id, closed_at=None).exists()


def test_second_answer_is_refused_and_says_who_was_first(people, now):
    gate = make_gate(people.here)
    decide(answer(gate, people.bob), now=now)
    before = Event.objects.count()

    with pytest.raises(AlreadyDecided) as refused:
        decide(answer(gate, people.ann, "rejected"), now=now + timedelta(seconds=1))

    assert str(refused.value) == f"Bob already answered “approved” at {now:%H:%M} UTC."
    assert refused.value.decision.person == people.bob
    assert (Decision.objects.count(), Event.objects.count()) == (1, before)
    assert Intent.objects.get(id=gate.intent_id).status == Status.COMPLETED


def test_an_answer_is_told_to_whoever_should_hear_the_reply(people, now):
    gate = make_gate(people.here, reply_to="reply-target")

    decide(answer(gate, people.bob), now=now)

    copy = Delivery.objects.get(intent=gate.intent_id, purpose=Delivery.Purpose.COPY)
    assert (copy.address, copy.literal) == (f"{HERE}/reply-target", "reply-target")
    assert copy.closed_at is not None


def test_an_answer_that_goes_on_gives_the_work_back_to_its_agent(people, now):
    gate = make_gate(people.here)

    decide(answer(gate, people.bob, then="continue"), now=now)

    intent, work = Intent.objects.get(id=gate.intent_id), Delivery.objects.get(intent=gate.intent)
    assert (intent.status, intent.pending_with) == (Status.IN_PROGRESS, None)
    assert (work.is_paused, work.closed_at) == (False, None)
    assert trail(intent.id)[-1] == "intent.in_progress"


def test_a_rejection_that_would_go_on_fails_all_the_same(people, now):
    gate = make_gate(people.here)

    decide(answer(gate, people.bob, "rejected", then="continue"), now=now)

    assert Intent.objects.get(id=gate.intent_id).status == Status.FAILED


def test_a_key_of_the_workspace_may_decide_and_is_named_as_a_key(people, now):
    gate, robot = make_gate(people.here), key(people.here, name="deploy", now=now)

    decision = decide(answer(gate, robot), now=now)

    assert (decision.decider, decision.key_id) == ("key:deploy", robot.key_id)
    assert (decision.person, decision.channel) == (None, "api")


def test_a_batch_answers_each_gate_by_itself(people, now):
    first, second = make_gate(people.here), make_gate(people.here)
    bob, ann = person(people.bob), person(people.ann)

    results = decide_many(
        [
            Answer(first.id, "approved", bob),
            Answer(first.id, "rejected", ann),
            Answer(second.id, "nonsense", bob),
            Answer(second.id, "rejected", ann),
        ],
        now=now,
    )

    shown = [type(result).__name__ for result in results]
    assert shown == ["Decision", "AlreadyDecided", "OutcomeNotAllowed", "Decision"]
    assert results[1].decision.person_id == people.bob.id
    assert (state_of(first).outcome, state_of(second).outcome) == ("approved", "rejected")
    assert [len(trail(gate.intent_id)) for gate in (first, second)] == [7, 6]
