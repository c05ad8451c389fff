"""Submitting: the row, its first events, its delivery, and the gate it needs."""

import pytest

from accounts.actions import ensure_agent, revoke_key
from accounts.keys import KeyRefused
from accounts.models import Agent, ApiKey
from approvals.actions import submit, submit_many
from approvals.models import Gate, Seat, reviewers_of, seat_of
from events.models import Event, Outbox
from intents.lifecycle import Status, WaitingFor
from intents.models import Delivery, Intent
from tests.factories import HERE, anyone_in, key, make_gate, make_intent, submission, trail

CREATED = ["intent.created", "intent.submitted", "intent.delivered"]
ASKED = [*CREATED, "intent.waiting", "intent.human_task_assigned"]


def test_an_intent_for_an_agent_is_delivered_and_asks_nobody(people, now):
    made = make_intent(people.here, now=now)

    row = Intent.objects.get(id=made.id)
    assert (row.status, row.seq, row.waiting_reason) == (Status.DELIVERED, 3, "")
    assert trail(row.id) == CREATED
    assert Delivery.objects.get(intent=row).address == f"{HERE}/desk"
    assert not Gate.objects.exists()
    assert not Outbox.objects.exists()


def test_an_intent_with_a_human_task_waits_at_a_gate(people, now):
    gate = make_gate(people.here, now=now)

    assert gate.intent.status == Status.WAITING
    assert gate.intent.waiting_reason == WaitingFor.HUMAN
    assert gate.intent.pending_with == {"type": "human", "ref": str(gate.id), "name": "Approval"}
    assert trail(gate.intent_id) == ASKED
    assert Delivery.objects.get(intent=gate.intent).is_paused


def test_every_reviewer_is_told_once_and_shares_one_seat(people, now):
    gate = make_gate(people.here, now=now)

    told = Outbox.objects.filter(subject_id=gate.id, kind="gate.asked")
    assert set(told.values_list("recipient_id", flat=True)) == {people.ann.id, people.bob.id}
    assert [seat.holder for seat in gate.seats.all()] == [reviewers_of(people.here.id)]


def test_a_named_assignee_alone_is_asked_and_told(people):
    gate = make_gate(people.here, task={"assignees": ["Bob@Example.com"]})

    assert [seat.holder for seat in Seat.objects.filter(gate=gate)] == [seat_of(people.bob.id)]
    assert list(Outbox.objects.values_list("recipient_id", flat=True)) == [people.bob.id]


def test_an_assignee_we_cannot_ask_is_named_in_the_trail(people):
    gate = make_gate(people.here, task={"assignees": ["nobody@example.com", "bob@example.com"]})

    event = Event.objects.get(intent_id=gate.intent_id, type="intent.human_task_assigned")
    assert event.data["unknown_assignees"] == ["nobody@example.com"]


def test_another_workspaces_reviewer_is_nobody_here(people):
    gate = make_gate(people.here, task={"assignees": ["cid@example.com"]})

    assert not gate.seats.filter(holder=seat_of(people.cid.id)).exists()
    assert not Outbox.objects.filter(recipient_id=people.cid.id).exists()


def test_notify_email_tells_that_reviewer_alone(people):
    make_gate(people.here, task={"notify_email": "ann@example.com"})

    assert list(Outbox.objects.values_list("recipient_id", flat=True)) == [people.ann.id]


def test_who_wants_no_mail_gets_none(people):
    people.bob.memberships.update(wants_mail=False)

    make_gate(people.here)

    assert list(Outbox.objects.values_list("recipient_id", flat=True)) == [people.ann.id]


@pytest.mark.parametrize("to", ["human", "bob@example.com", f"{HERE}/cab"])
def test_an_address_of_people_opens_a_gate_without_a_task(people, to):
    cab = ensure_agent(people.here, f"{HERE}/cab")
    Agent.objects.filter(id=cab.id).update(kind=Agent.Kind.PEOPLE, person=people.bob)

    intent = make_intent(people.here, to=to)

    assert intent.status == Status.WAITING
    assert trail(intent.id) == ASKED
    assert Gate.objects.get(intent=intent).title == intent.type


def test_the_runtime_waits_for_an_agent(people):
    intent = make_intent(people.here, to="agent://agent_core")

    assert (intent.status, intent.waiting_reason) == (Status.WAITING, WaitingFor.AGENT)
    assert trail(intent.id) == [*CREATED, "intent.waiting"]


def test_an_assignee_by_address_finds_the_thread_under_any_spelling(people):
    gate = make_gate(people.here, task={"assignees": ["agent://legal"]})

    copies = Delivery.objects.filter(intent=gate.intent, purpose=Delivery.Purpose.COPY)
    assert [row.address for row in copies] == [f"{HERE}/legal"]
    assert [row.literal for row in copies] == ["agent://legal"]


@pytest.mark.parametrize("name", [f"{HERE}/cab", "agent://cab", "cab"])
def test_a_person_is_asked_by_any_spelling_of_their_address(people, name):
    cab = ensure_agent(people.here, f"{HERE}/cab")
    Agent.objects.filter(id=cab.id).update(kind=Agent.Kind.PEOPLE, person=people.bob)

    gate = make_gate(people.here, task={"assignees": [name]})

    assert [seat.holder for seat in gate.seats.all()] == [seat_of(people.bob.id)]


def test_a_batch_is_stored_in_order_and_numbers_one_stream(people, now):
    actor = anyone_in(people.here)

    made = submit_many([submission(actor, payload={"n": n}) for n in range(5)], now=now)

    rows = Delivery.objects.filter(address=f"{HERE}/desk").order_by("seq")
    assert [row.intent_id for row in rows] == [intent.id for intent in made]
    assert [row.intent.payload["n"] for row in rows.select_related("intent")] == list(range(5))
    assert all(trail(intent.id) == CREATED for intent in made)


def test_a_revoked_key_submits_nothing_even_while_it_is_remembered(people, now):
    actor = key(people.here, now=now)
    ApiKey.objects.filter(id=actor.key_id).update(revoked_at=now)

    with pytest.raises(KeyRefused):
        submit(submission(actor), now=now)

    assert (Intent.objects.count(), Event.objects.count()) == (0, 0)


def test_a_revoked_key_in_a_batch_hurts_nobody_else(people, now):
    good, bad = key(people.here, name="good", now=now), key(people.here, name="bad", now=now)
    revoke_key(ApiKey.objects.get(id=bad.key_id), now=now)

    answers = submit_many([submission(good), submission(bad), submission(good)], now=now)

    assert [isinstance(answer, KeyRefused) for answer in answers] == [False, True, False]
    assert Intent.objects.count() == 2
