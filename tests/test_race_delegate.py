"""Handing on against answering, and against handing on: one order of events, and no circle."""

import pytest
from django.utils import timezone

from approvals.actions import decide, delegate
from approvals.delegates import HadItBefore
from approvals.models import Decision, Delegation, Gate
from approvals.refusals import AlreadyDecided, NotYours
from tests.factories import answer, make_gate, make_people, make_person, person, trail
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)
ANN, BOB, DAN = "ann@example.com", "bob@example.com", "dan@example.com"
ROUNDS = 200


def hand(gate, by, to, now):
    return delegate(gate.intent_id, to=to, actor=person(by), now=now)


def test_handing_on_and_answering_come_one_after_the_other():
    people, now = make_people(), timezone.now()

    with racers(3) as race:
        for number in range(rounds(ROUNDS)):
            gate = make_gate(people.here, task={"assignees": [BOB]}, now=now)
            calls = [
                lambda gate=gate: hand(gate, people.bob, ANN, now),
                lambda gate=gate: decide(answer(gate, people.bob), now=now),
                lambda gate=gate: decide(answer(gate, people.ann, "rejected"), now=now),
            ]
            turn = number % 3
            results = race.run(*calls[turn:], *calls[:turn])

            given, by_bob, by_ann = results[-turn:] + results[:-turn] if turn else results
            check(gate, given, by_bob, by_ann)


def check(gate, given, by_bob, by_ann):
    """Who answered could, in the order of events, and the others were told the truth."""
    happened = trail(gate.intent_id)
    if isinstance(by_bob, Decision):
        assert isinstance(given, AlreadyDecided), given
        assert isinstance(by_ann, NotYours | AlreadyDecided), by_ann
        assert "intent.transfer" not in happened
        return
    assert isinstance(given, Delegation), given
    assert isinstance(by_bob, NotYours | AlreadyDecided), by_bob
    decisions = list(Decision.objects.filter(gate=gate))
    if isinstance(by_ann, Decision):
        assert happened.index("intent.transfer") < happened.index("intent.failed")
        assert [row.on_behalf_of for row in decisions] == [BOB]
    else:
        assert isinstance(by_ann, NotYours), by_ann
        assert decisions == []
        assert Gate.objects.get(id=gate.id).is_open


def test_two_who_hand_it_to_each_other_make_no_circle():
    people, now = make_people(), timezone.now()
    dan = make_person("Dan", people.here)

    with racers(3) as race:
        for _ in range(rounds(ROUNDS)):
            gate = make_gate(people.here, task={"assignees": [ANN, BOB]}, now=now)
            results = race.run(
                lambda gate=gate: hand(gate, people.bob, ANN, now),
                lambda gate=gate: hand(gate, people.ann, BOB, now),
                lambda gate=gate: hand(gate, people.bob, DAN, now),
            )

            steps = list(Delegation.objects.filter(gate=gate).order_by("depth", "at", "id"))
            assert len(steps) == sum(isinstance(result, Delegation) for result in results)
            for result in results:
                assert isinstance(result, Delegation | HadItBefore | NotYours), result
            assert_no_circle(steps)
            rule = Gate.objects.get(id=gate.id).rule
            able = [p for p in (people.ann, people.bob, dan) if p.id in rule["stages"][0]["people"]]
            assert able
            assert not {str(p.id) for p in able} & set(rule["away"])


def assert_no_circle(steps):
    onward = {step.giver: step.taker for step in steps}
    assert len(onward) == len(steps)
    for start in onward:
        here, hops = start, 0
        while here in onward:
            here, hops = onward[here], hops + 1
            assert hops <= len(onward), "It goes round."
