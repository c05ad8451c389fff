"""Reminders and escalation: each once, at its time, and only while the gate is open."""

from datetime import timedelta

import pytest

from accounts.actions import ensure_agent
from accounts.models import Agent
from approvals.actions import decide, nudge
from approvals.models import Gate, Seat, seat_of
from events.models import Event, Outbox
from tests.factories import HERE, answer, make_gate, trail

TO_BOB = {"assignees": ["bob@example.com"]}


@pytest.fixture
def gate(people, now):
    """Bob is asked, reminded after a minute and after another half, and then Ann is."""
    times = {"after": 60, "every": 30, "most": 2, "escalate_to": "ann@example.com"}
    return make_gate(people.here, task=TO_BOB, reminders=times, now=now)


def row(gate):
    return Gate.objects.get(id=gate.id)


def told(kind):
    return list(Outbox.objects.filter(kind=kind).values_list("recipient_id", flat=True))


def test_nothing_comes_before_its_time(gate, now):
    assert row(gate).nudge_at == now + timedelta(seconds=60)
    assert nudge(gate.id, now=now + timedelta(seconds=59)) is None
    assert told("gate.reminder") == []


def test_a_reminder_goes_to_who_was_asked_once(people, gate, now):
    at = now + timedelta(seconds=60)

    assert nudge(gate.id, now=at) is not None
    assert nudge(gate.id, now=at) is None

    assert told("gate.reminder") == [people.bob.id]
    assert (row(gate).reminders_sent, row(gate).nudge_at) == (1, at + timedelta(seconds=30))
    assert trail(gate.intent_id)[-1] == "intent.reminder"


def test_a_reminder_says_which_it_is_and_is_no_end(gate, now):
    nudge(gate.id, now=now + timedelta(seconds=60))

    event = Event.objects.get(type="intent.reminder")
    assert event.data == {"reminder_count": 1, "max_reminders": 2, "channel": "email"}
    assert (event.status, event.actor) == ("WAITING", "scheduler")


def test_after_the_last_reminder_one_more_person_is_asked_once(people, gate, now):
    seconds = (60, 90, 120, 150, 600)

    for second in seconds:
        nudge(gate.id, now=now + timedelta(seconds=second))

    assert trail(gate.intent_id)[5:] == ["intent.reminder", "intent.reminder", "intent.escalated"]
    assert told("gate.reminder") == [people.bob.id] * 2
    assert told("gate.escalated") == [people.ann.id]
    assert row(gate).nudge_at is None


def test_whom_it_was_escalated_to_may_answer_and_so_may_the_first(people, gate, now):
    for second in (60, 90, 120):
        nudge(gate.id, now=now + timedelta(seconds=second))

    seats = set(Seat.objects.filter(gate=gate).values_list("holder", flat=True))
    assert seats == {seat_of(people.ann.id), seat_of(people.bob.id)}
    assert decide(answer(gate, people.ann), now=now).decider == "ann@example.com"


def test_late_timers_send_one_reminder_and_count_from_then(gate, now):
    """The clock was away for an hour: what was missed is not sent all at once."""
    late = now + timedelta(hours=1)

    nudge(gate.id, now=late)

    assert len(told("gate.reminder")) == 1
    assert row(gate).nudge_at == late + timedelta(seconds=30)


def test_a_decided_gate_is_never_nudged(people, gate, now):
    decide(answer(gate, people.bob), now=now)

    assert nudge(gate.id, now=now + timedelta(hours=1)) is None
    assert told("gate.reminder") == []


def test_an_escalation_to_nobody_we_know_is_told_and_happens_once(people, now):
    gate = make_gate(people.here, reminders={"escalate_to": "boss@example.com"}, now=now)

    for hours in (1, 2, 3):
        nudge(gate.id, now=now + timedelta(hours=hours))

    event = Event.objects.get(intent_id=gate.intent_id, type="intent.escalated")
    assert event.data == {"escalated_to": "boss@example.com", "from": gate.asker, "is_known": False}
    assert told("gate.escalated") == []


def test_an_escalation_comes_halfway_to_the_deadline(people, now):
    times = {"escalate_to": "ann@example.com"}
    due = now + timedelta(minutes=10)
    gate = make_gate(people.here, task=TO_BOB, reminders=times, deadline_at=due, now=now)

    assert row(gate).nudge_at == now + timedelta(minutes=5)


@pytest.mark.parametrize("name", ["agent://cab", f"{HERE}/cab", "Ann@Example.com"])
def test_an_escalation_finds_the_person_by_any_spelling(people, now, name):
    cab = ensure_agent(people.here, f"{HERE}/cab")
    Agent.objects.filter(id=cab.id).update(kind=Agent.Kind.PEOPLE, person=people.ann)
    gate = make_gate(people.here, task=TO_BOB, reminders={"escalate_to": name}, now=now)

    nudge(gate.id, now=now + timedelta(hours=1))

    assert told("gate.escalated") == [people.ann.id]


def test_an_escalation_to_a_stranger_opens_no_door(people, now):
    gate = make_gate(people.here, reminders={"escalate_to": "cid@example.com"}, now=now)

    nudge(gate.id, now=now + timedelta(hours=1))

    assert not Seat.objects.filter(holder=seat_of(people.cid.id)).exists()
    assert told("gate.escalated") == []
