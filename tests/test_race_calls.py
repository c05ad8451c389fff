"""Several workers at the same push, the same news and the same subscription: each thing once."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from api.axme.outgoing import KINDS
from approvals.actions import cancel
from events import calls
from events.models import Outbox, Subscription, WebhookEvent
from events.subscribing import Wish, subscribe
from intents import outgoing
from intents.actions import announce, reply
from intents.lifecycle import Status
from intents.models import Intent
from tests.factories import anyone_in, make_called, make_intent, make_people, trail
from tests.racing import racers, rounds
from tests.receiver import receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1"]


def test_workers_that_push_at_once_call_once():
    people = make_people()

    with receiving() as receiver, racers(3) as race:
        make_called(people.here, "desk", receiver.url)
        for number in range(1, rounds(40) + 1):
            now = timezone.now()
            intent = make_intent(people.here, now=now)
            results = race.run(*[lambda now=now: calls.send_next(KINDS, now=now)] * 3)

            assert not [result for result in results if isinstance(result, Exception)], results
            calls.send_next(KINDS, now=now)
            assert len(receiver.got) == number
            assert trail(intent.id).count("intent.acknowledged") == 1


def test_workers_that_work_off_the_same_news_tell_it_once():
    people = make_people()
    start = timezone.now() - timedelta(seconds=5)
    wish = Wish(people.here.id, "", "", "https://hooks.example.com/", ["intent.*"])
    subscribe(wish, now=start)

    with racers(3) as race:
        for _ in range(rounds(30)):
            now = timezone.now()
            intent = make_intent(people.here, now=now)
            results = race.run(*[lambda now=now: announce(now=now)] * 3)
            announce(now=now)

            assert not [result for result in results if isinstance(result, Exception)], results
            told = WebhookEvent.objects.filter(intent_id=intent.id).order_by("seq")
            assert [row.type for row in told] == trail(intent.id)
    assert Outbox.objects.filter(kind="webhook").count() == WebhookEvent.objects.count()


def test_an_end_and_a_push_at_once_leave_one_end_and_nothing_to_push():
    people = make_people()
    actor = anyone_in(people.here)

    with receiving() as receiver, racers(2) as race:
        make_called(people.here, "desk", receiver.url)
        for _ in range(rounds(40)):
            now = timezone.now()
            intent = make_intent(people.here, now=now)
            results = race.run(
                lambda now=now: calls.send_next(KINDS, now=now),
                lambda id=intent.id, now=now: cancel(id, reason="", actor=actor, now=now),
            )

            assert not [result for result in results if isinstance(result, Exception)], results
            calls.send_next(KINDS, now=now)
            assert Intent.objects.get(id=intent.id).status == Status.CANCELED
            assert trail(intent.id)[-1] == "intent.canceled"
            assert not Outbox.objects.filter(state="pending").exists()
    assert all(json.loads(got.body)["payload"] for got in receiver.got)


def test_a_sweep_and_an_action_at_once_leave_one_push():
    people = make_people()
    actor = anyone_in(people.here)
    agent = make_called(people.here, "desk", "http://127.0.0.1:1/")
    rows = type(agent).objects.filter(id=agent.id)

    with racers(3) as race:
        for _ in range(rounds(40)):
            now = timezone.now()
            rows.update(delivery_mode="stream")
            intent = make_intent(people.here, now=now)
            rows.update(delivery_mode="http")
            results = race.run(
                *[lambda now=now: outgoing.push_waiting(now=now)] * 2,
                lambda id=intent.id, now=now: reply(id, message="x", actor=actor, now=now),
            )

            assert not [result for result in results if isinstance(result, Exception)], results
            assert Outbox.objects.filter(kind="push").count() == 1
            Outbox.objects.all().delete()
            cancel(intent.id, reason="", actor=actor, now=now)


def test_the_same_subscription_made_at_once_is_one():
    people = make_people()
    wish = Wish(people.here.id, "", "", "https://hooks.example.com/", ["intent.created"])

    with racers(3) as race:
        for _ in range(rounds(20)):
            now = timezone.now()
            results = race.run(*[lambda now=now: subscribe(wish, now=now)] * 3)

            assert len({row.id for row in results}) == 1, results
            Subscription.objects.all().delete()
