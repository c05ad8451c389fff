"""Approve against reject against timeout against withdrawal: one outcome, and the losers know."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.actions import cancel, decide, expire
from approvals.models import Decision, Gate, Seat
from approvals.refusals import AlreadyDecided, GateClosed
from events.models import Event
from intents.actions import AlreadyOver
from intents.lifecycle import ENDS
from intents.models import Delivery, Intent
from tests.factories import answer, anyone_in, make_gate, make_people, trail
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)
LOST = (AlreadyDecided, GateClosed, AlreadyOver, type(None))
ROUNDS = 140


def lost(result):
    return isinstance(result, LOST)


def ends_of(gate):
    statuses = Event.objects.filter(intent_id=gate.intent_id).values_list("status", flat=True)
    return [status for status in statuses if status in ENDS]


def test_four_ways_to_end_come_to_one():
    people, now = make_people(), timezone.now()
    owner, soon = anyone_in(people.here), now + timedelta(seconds=1)

    with racers(4) as race:
        for number in range(rounds(ROUNDS)):
            gate = make_gate(people.here, deadline_at=soon, now=now)
            calls = [
                lambda gate=gate: decide(answer(gate, people.bob), now=now),
                lambda gate=gate: decide(answer(gate, people.ann, "rejected"), now=now),
                lambda gate=gate: expire(gate.intent_id, now=soon),
                lambda gate=gate: cancel(gate.intent_id, reason="", actor=owner, now=now),
            ]
            turn = number % 4
            results = race.run(*calls[turn:], *calls[:turn])

            assert [lost(result) for result in results].count(False) == 1, results
            check(gate, results)


def check(gate, results):
    """One terminal event, everything closed, and every loser was told the truth."""
    intent, closed = Intent.objects.get(id=gate.intent_id), Gate.objects.get(id=gate.id)
    decisions = list(Decision.objects.filter(gate=gate))

    assert ends_of(gate) == [intent.status]
    assert len(trail(intent.id)) == intent.seq
    assert not closed.is_open
    assert not Seat.objects.filter(gate=gate).exists()
    assert not Delivery.objects.filter(intent=intent, closed_at=None).exists()
    assert bool(decisions) == (closed.state == Gate.State.DECIDED)
    for result in results:
        if isinstance(result, AlreadyDecided):
            assert [result.decision.id] == [decision.id for decision in decisions]
        if isinstance(result, AlreadyOver):
            assert result.intent.status == intent.status


def test_many_people_and_one_answer():
    people, now = make_people(), timezone.now()

    with racers(6) as race:
        for _ in range(rounds(ROUNDS) // 2):
            gate = make_gate(people.here, now=now)
            voices = [(people.bob, "approved"), (people.ann, "rejected")] * 3
            results = race.run(
                *(
                    lambda gate=gate, who=who, said=said: decide(answer(gate, who, said), now=now)
                    for who, said in voices
                )
            )

            (won,) = [result for result in results if isinstance(result, Decision)]
            told = [result.decision.id for result in results if result is not won]
            assert told == [won.id] * 5
            check(gate, results)
