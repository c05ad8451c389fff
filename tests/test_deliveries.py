"""What is put before an agent: in order, again when unanswered, and never while people are asked."""

from datetime import timedelta

import pytest

from api.axme.deliveries import _put_before
from api.axme.translate import wish
from approvals.actions import cancel, resume
from events.models import Event
from intents.actions import AlreadyOver, offer_again, offer_unanswered, reply
from intents.deliveries import LONGEST, patience
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.factories import HERE, anyone_in, key, make_gate, make_intent, trail

DESK = f"{HERE}/desk"


def read(people, since=0):
    """Read the stream of the desk's address, as its agent does."""
    return _put_before(people.here.id, DESK, since, [])


def the_row(intent):
    return Delivery.objects.get(intent=intent)


def seconds(number):
    return timedelta(seconds=number)


def test_numbers_are_even_and_grow(people):
    for _ in range(5):
        make_intent(people.here)

    numbers = [row.seq for row in read(people)]
    assert numbers == sorted(set(numbers))
    assert all(number % 2 == 0 for number in numbers)


def test_numbers_never_go_backwards_when_the_clock_does(people, now):
    make_intent(people.here, now=now)
    make_intent(people.here, now=now - timedelta(days=1))

    first, second = Delivery.objects.order_by("created_at").values_list("seq", flat=True)[::-1]
    assert second > first


def test_a_reader_gets_what_came_after(people):
    make_intent(people.here)
    (seen,) = read(people)
    late = make_intent(people.here)

    assert [row.intent_id for row in read(people, since=seen.seq)] == [late.id]


def test_a_reader_that_starts_again_gets_every_open_piece_again(people, now):
    kept, gone = make_intent(people.here), make_intent(people.here)
    cancel(gone.id, reason="", actor=anyone_in(people.here), now=now)

    for _ in range(3):
        assert [row.intent_id for row in read(people)] == [kept.id]


def test_what_was_never_read_is_never_counted_as_unanswered(people, now):
    intent = make_intent(people.here, now=now)

    assert not Delivery.objects.unanswered(now + timedelta(days=9)).exists()
    assert (the_row(intent).attempt, the_row(intent).offered_at) == (1, None)


def test_what_was_read_and_not_answered_is_offered_again_with_a_larger_number(people, now):
    intent = make_intent(people.here)
    (first,) = read(people)
    late = the_row(intent).next_try_at

    assert not Delivery.objects.unanswered(late - seconds(1)).exists()
    assert offer_unanswered(first.id, now=late - seconds(1)) is None
    again = offer_unanswered(first.id, now=late)

    assert (again.attempt, again.seq > first.seq, again.offered_at) == (2, True, None)
    assert [row.intent_id for row in read(people, since=first.seq)] == [intent.id]
    assert trail(intent.id)[3:] == ["intent.delivered"]


def test_a_sign_of_life_puts_the_next_offer_off(people, now):
    intent, agent = make_intent(people.here), key(people.here, agent="desk", now=now)
    read(people)

    resume(intent.id, wish=wish({"note": "on it"}), actor=agent, now=now + seconds(30))

    assert the_row(intent).next_try_at == now + seconds(30) + LONGEST
    assert the_row(intent).acknowledged_at == now + seconds(30)


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (42, 60), (32_767, 60)]
)
def test_patience_doubles_up_to_an_hour(attempt, minutes):
    assert patience(attempt=attempt) == timedelta(minutes=minutes)


def test_while_people_are_asked_nothing_is_offered(people, now):
    gate = make_gate(people.here)

    assert read(people) == []
    assert offer_again(the_row(gate.intent).id, now=now) is None


def test_asking_midway_pauses_the_offers(people, now):
    intent, agent = make_intent(people.here), key(people.here, agent="desk", now=now)
    (row,) = read(people)

    resume(intent.id, wish=wish({"status": "pending_human_approval"}), actor=agent, now=now)

    assert read(people) == []
    assert offer_again(row.id, now=now + timedelta(days=1)) is None


def test_the_last_attempt_unanswered_fails_the_intent(people, now):
    intent = make_intent(people.here, max_delivery_attempts=2)
    (row,) = read(people)
    offer_again(row.id, now=now + seconds(60))
    read(people)

    offer_again(row.id, now=now + seconds(300))

    failed = Intent.objects.get(id=intent.id)
    assert (failed.status, failed.error["code"]) == (Status.FAILED, "delivery_failed")
    assert trail(intent.id)[3:] == ["intent.delivered", "intent.delivery_failed", "intent.failed"]
    assert the_row(intent).closed_at is not None
    assert the_row(intent).last_error.endswith("took the work 2 times and never answered.")


def test_a_failed_delivery_is_told_before_the_end_with_a_status_that_is_none(people, now):
    intent = make_intent(people.here, max_delivery_attempts=1)
    (row,) = read(people)

    offer_again(row.id, now=now + seconds(60))

    event = Event.objects.get(intent_id=intent.id, type="intent.delivery_failed")
    assert (event.status, event.data["reason"]) == (Status.DELIVERED, "no_answer")


def test_without_a_limit_it_is_offered_for_ever(people, now):
    intent = make_intent(people.here)
    (row,) = read(people)

    for hour in range(20):
        offer_again(row.id, now=now + timedelta(hours=hour))

    assert Intent.objects.get(id=intent.id).status == Status.DELIVERED
    assert the_row(intent).attempt == 21


def test_what_is_over_is_not_offered(people, now):
    intent = make_intent(people.here)
    (row,) = read(people)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)

    assert offer_again(row.id, now=now + timedelta(days=1)) is None
    assert read(people) == []


def test_a_reply_is_an_event_and_marks_the_thread(people, now):
    intent = make_intent(people.here)

    reply(intent.id, message="On it", actor=anyone_in(people.here), now=now)

    assert trail(intent.id)[-1] == "intent.message"
    assert the_row(intent).acknowledged_at == now


def test_of_several_listeners_at_one_address_all_are_told_and_one_completes(people, now):
    intent = make_intent(people.here, now=now)
    first, second = ([row.intent_id for row in read(people)] for _ in "ab")
    agent = key(people.here, agent="desk", now=now)

    resume(intent.id, wish=wish({"action": "complete", "total": 1}), actor=agent, now=now)
    with pytest.raises(AlreadyOver):
        resume(intent.id, wish=wish({"action": "complete", "total": 2}), actor=agent, now=now)

    assert first == second == [intent.id]
    assert Intent.objects.get(id=intent.id).result == {"total": 1}
    assert trail(intent.id).count("intent.completed") == 1
