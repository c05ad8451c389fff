"""Work for an agent that is called: pushed once for each attempt, signed, tried again, given up."""

import hashlib
import hmac
import json
from datetime import timedelta
from itertools import pairwise

import pytest

from api.axme.outgoing import KINDS
from api.axme.translate import wish
from approvals.actions import cancel, decide, resume
from events import calls, outbox
from events.models import Attempt, Event, Outbox
from intents import outgoing
from intents.actions import AlreadyOver, NoSuchIntent, offer_unanswered, push_again
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.factories import (
    HERE,
    answer,
    anyone_in,
    key,
    make_called,
    make_gate,
    make_intent,
    person,
    trail,
)
from tests.receiver import receiving

DESK = f"{HERE}/desk"
SECRET = "a secret of sixteen or more"


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1"]


@pytest.fixture
def agent(people, receiver):
    return make_called(people.here, "desk", receiver.url, secret=SECRET)


def send(now):
    return calls.send_next(KINDS, now=now)


def pushes():
    return list(
        Outbox.objects.filter(kind="push").order_by("number").values_list("state", "number")
    )


def the_row(intent):
    return Delivery.objects.get(intent=intent)


def after(intent):
    return Intent.objects.get(id=intent.id)


def try_again(intent):
    """Let the clock offer the work when its time has come, and push it."""
    at = the_row(intent).next_try_at
    assert offer_unanswered(the_row(intent).id, now=at)
    assert send(at)
    return at


def test_work_is_pushed_with_its_payload_signed_and_taken_as_acknowledged(
    people, agent, receiver, now
):
    intent = make_intent(people.here, now=now)

    assert (send(now), send(now)) == (True, False)

    (got,) = receiver.got
    body, row = json.loads(got.body), the_row(intent)
    assert body["intent_id"] == str(intent.id)
    assert (body["payload"], body["status"]) == ({"amount": 120, "to": "Dora"}, "DELIVERED")
    assert (body["delivery_id"], body["delivery_attempt"]) == (str(row.id), 1)
    assert got.headers["x-axme-delivery-id"] == body["delivery_id"]
    mac = hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-axme-signature"] == f"sha256={mac}"
    assert trail(intent.id)[3:] == ["intent.acknowledged"]
    assert after(intent).status == Status.ACKNOWLEDGED
    assert (row.offered_at, row.acknowledged_at) == (now, now)
    assert pushes() == [("sent", 1)]


def test_an_agent_that_listens_is_not_called(people, now):
    make_intent(people.here, now=now)

    assert pushes() == []


@pytest.mark.parametrize("mode", ["stream", "poll", "inbox", "internal"])
def test_only_an_agent_that_is_called_is_called_and_all_find_the_work_where_they_look(
    people, agent, now, mode
):
    type(agent).objects.filter(id=agent.id).update(delivery_mode=mode)
    make_intent(people.here, now=now)

    assert pushes() == []
    assert Delivery.objects.at(people.here.id, DESK).actionable().count() == 1


def test_other_addresses_and_other_workspaces_are_not_called(people, agent, now):
    make_intent(people.here, to=f"{HERE}/other", now=now)
    make_intent(people.elsewhere, to="desk", now=now)

    assert pushes() == []


def test_work_that_is_pushed_stands_on_the_stream_too(people, agent, now):
    make_intent(people.here, now=now)

    assert Delivery.objects.at(people.here.id, DESK).actionable().count() == 1


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_tried_again_after_half_a_minute_two_and_ten_then_given_up(
    people, agent, receiver, now, status
):
    receiver.status = status
    intent = make_intent(people.here, now=now)
    send(now)
    times = [now, *(try_again(intent) for _ in range(3))]

    assert [(b - a).seconds for a, b in pairwise(times)] == [30, 120, 600]
    assert pushes() == [("retried", 1), ("retried", 2), ("retried", 3), ("dead", 4)]
    failed = after(intent)
    assert (failed.status, failed.error["code"]) == (Status.FAILED, "delivery_failed")
    assert failed.error["message"].endswith(f"did not take the work: It answered {status}.")
    assert trail(intent.id)[3:] == [
        *["intent.delivered"] * 3, "intent.delivery_failed", "intent.failed"
    ]  # fmt: skip
    assert set(Attempt.objects.values_list("status", "error")) == {
        (status, f"It answered {status}.")
    }


def test_attempts_on_the_wire_in_the_trail_and_in_the_row_agree(people, agent, receiver, now):
    receiver.status = 500
    intent = make_intent(people.here, now=now)
    send(now)
    try_again(intent)

    told = Event.objects.filter(intent_id=intent.id, type="intent.delivered").order_by("seq")
    wire = [json.loads(got.body)["delivery_attempt"] for got in receiver.got]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 2
    assert len({got.headers["x-axme-delivery-id"] for got in receiver.got}) == 1
    assert wire == [event.data["delivery_attempt"] for event in told] == [1, 2]
    assert the_row(intent).attempt == 2


def test_the_senders_own_number_of_attempts_counts(people, agent, receiver, now):
    receiver.status = 500
    intent = make_intent(people.here, max_delivery_attempts=2, now=now)
    send(now)
    try_again(intent)

    assert after(intent).status == Status.FAILED


def test_an_agent_that_comes_back_gets_the_work(people, agent, receiver, now):
    receiver.status = 503
    intent = make_intent(people.here, now=now)
    send(now)
    receiver.status = 200

    try_again(intent)

    assert (pushes(), after(intent).status) == ([("retried", 1), ("sent", 2)], "ACKNOWLEDGED")
    assert the_row(intent).last_error == ""


def test_a_private_address_is_given_up_at_once(people, agent, settings, now):
    settings.OUTGOING_HOSTS = []
    intent = make_intent(people.here, now=now)
    send(now)

    assert pushes() == [("dead", 1)]
    assert after(intent).error["code"] == "delivery_failed"


def test_a_redirect_is_not_followed(people, agent, receiver, now):
    receiver.status, receiver.location = 302, receiver.url
    make_intent(people.here, now=now)
    send(now)

    assert (len(receiver.got), pushes()) == (1, [("retried", 1)])


def test_what_an_agent_took_and_never_answered_is_pushed_again_without_an_end(
    people, agent, receiver, now
):
    intent = make_intent(people.here, now=now)
    send(now)
    receiver.status = 500

    for _ in range(6):
        try_again(intent)

    assert after(intent).status == Status.ACKNOWLEDGED
    assert the_row(intent).attempt == 7


def test_an_agent_that_resumed_before_we_noted_its_answer_is_not_set_back(
    people, agent, receiver, now
):
    intent, worker = make_intent(people.here, now=now), key(people.here, agent="desk", now=now)
    row = outbox.claim(now=now, queue="calls")
    KINDS["push"].compose(row, now)
    resume(intent.id, wish=wish({"note": "on it"}), actor=worker, now=now)

    KINDS["push"].settle(row, None, now)

    assert after(intent).status == Status.IN_PROGRESS
    assert "intent.acknowledged" not in trail(intent.id)


def test_a_worker_that_died_after_the_call_calls_again_under_the_same_name(
    people, agent, receiver, now
):
    make_intent(people.here, now=now)

    def die(*given):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calls.send_next({"push": calls.Kind(KINDS["push"].compose, die)}, now=now)
    assert not send(now + timedelta(seconds=119))
    assert send(now + timedelta(seconds=121))

    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert pushes() == [("sent", 1)]


def test_work_that_ended_meanwhile_is_not_pushed(people, agent, receiver, now):
    intent = make_intent(people.here, now=now)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)

    assert send(now)

    assert (receiver.got, pushes()) == ([], [("dropped", 1)])


@pytest.mark.parametrize("change", [{"is_on": False}, {"delivery_mode": "stream"}])
def test_an_agent_that_is_not_called_any_more_is_not_called(people, agent, receiver, now, change):
    make_intent(people.here, now=now)
    type(agent).objects.filter(id=agent.id).update(**change)

    send(now)

    assert (receiver.got, pushes()) == ([], [("dropped", 1)])


def test_a_killed_agent_is_called_when_it_may_work_again(people, agent, receiver, now):
    rows = type(agent).objects.filter(id=agent.id)
    make_intent(people.here, now=now)
    rows.update(killed_at=now)
    send(now)
    outgoing.push_waiting(now=now)
    assert not send(now)
    rows.update(killed_at=None)

    outgoing.push_waiting(now=now)
    send(now)

    assert (len(receiver.got), pushes()) == (1, [("sent", 1)])


def test_what_waited_before_an_agent_is_pushed_when_it_begins_to_be_called(people, receiver, now):
    make_intent(people.here, now=now)
    make_called(people.here, "desk", receiver.url)

    for _ in range(2):
        outgoing.push_waiting(now=now)

    assert pushes() == [("pending", 1)]


def test_while_people_are_asked_nothing_is_pushed(people, agent, receiver, now):
    make_gate(people.here, now=now)

    assert not send(now)


def test_what_an_agent_asks_midway_stops_its_pushes_until_it_goes_on(people, agent, receiver, now):
    intent, worker = make_intent(people.here, now=now), key(people.here, agent="desk", now=now)
    resume(intent.id, wish=wish({"status": "pending_human_approval"}), actor=worker, now=now)
    assert send(now)
    assert (receiver.got, pushes()) == ([], [("dropped", 1)])

    gate = intent.gates.get()
    decide(answer(gate, people.bob, then="continue"), now=now)

    assert send(now)
    assert (len(receiver.got), pushes()) == (1, [("sent", 1)])


def test_a_secret_that_cannot_be_read_sends_nothing_unsigned(people, agent, receiver, now):
    type(agent).objects.filter(id=agent.id).update(push_secret="of another key")
    make_intent(people.here, now=now)

    send(now)

    assert (receiver.got, pushes()) == ([], [("retried", 1)])


def test_a_machine_is_called_once_at_a_time_and_others_meanwhile(people, agent, receiver, now):
    with receiving() as second:
        make_called(people.here, "other", second.url)
        make_intent(people.here, now=now)
        make_intent(people.here, now=now)
        make_intent(people.here, to=f"{HERE}/other", now=now + timedelta(seconds=1))
        held = outbox.claim(now=now, queue="calls")

        assert not send(now)
        assert send(now + timedelta(seconds=1))

        assert (len(receiver.got), len(second.got)) == (0, 1)
        KINDS["push"].settle(held, None, now)
        assert send(now)
        assert len(receiver.got) == 1


def test_when_a_machine_is_away_its_other_work_waits_too(people, agent, receiver, now):
    make_called(people.here, "desk", "http://127.0.0.1:1/")
    first, second = make_intent(people.here, now=now), make_intent(people.here, now=now)

    assert (send(now), send(now)) == (True, False)

    waiting = Outbox.objects.get(state="pending")
    assert waiting.next_try_at == now + calls.REST
    assert {after(first).status, after(second).status} == {Status.DELIVERED}


def test_a_person_may_push_again_while_the_work_is_open(people, agent, receiver, now):
    receiver.status = 500
    intent = make_intent(people.here, now=now)
    send(now)
    receiver.status = 200

    push_again(Outbox.objects.get().id, actor=person(people.ann), now=now + timedelta(seconds=5))
    send(now + timedelta(seconds=5))

    assert (pushes(), after(intent).status) == ([("retried", 1), ("sent", 2)], "ACKNOWLEDGED")


def test_a_push_that_was_given_up_stays_given_up_as_an_end_is_final(people, agent, settings, now):
    settings.OUTGOING_HOSTS = []
    make_intent(people.here, now=now)
    send(now)

    with pytest.raises(AlreadyOver, match="its outcome is final"):
        push_again(Outbox.objects.get().id, actor=person(people.ann), now=now)
    assert pushes() == [("dead", 1)]


def test_a_stranger_finds_no_push(people, agent, now):
    make_intent(people.here, now=now)

    with pytest.raises(NoSuchIntent):
        push_again(Outbox.objects.get().id, actor=person(people.cid), now=now)
