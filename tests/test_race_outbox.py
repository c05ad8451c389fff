"""Several workers at one outbox, and several clocks at one gate: each mail goes out once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from api.axme.deliveries import _put_before
from approvals import notices
from approvals.actions import nudge
from events import outbox
from events.models import Outbox
from intents.actions import offer_unanswered
from intents.models import Delivery
from tests.factories import HERE, make_gate, make_intent, make_people, trail
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)
TO_BOB = {"assignees": ["bob@example.com"]}


@pytest.fixture(autouse=True)
def _in_memory(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


def test_workers_that_claim_at_once_share_the_rows_and_never_one():
    people = make_people()

    with racers(3) as race:
        for _ in range(rounds(40)):
            now = timezone.now()
            wanted = {make_gate(people.here, task=TO_BOB, now=now).id for _ in range(4)}
            results = race.run(*[lambda now=now: outbox.claim(now=now)] * 3)

            claimed = [row.subject_id for row in results if row]
            assert len(claimed) == len(set(claimed))
            assert set(claimed) <= wanted
            while left := outbox.claim(now=now):
                claimed.append(left.subject_id)
            assert sorted(claimed) == sorted(wanted)


def test_workers_that_send_at_once_send_one_mail():
    people = make_people()

    with racers(2) as race:
        for number in range(1, rounds(60) + 1):
            now = timezone.now()
            make_gate(people.here, task=TO_BOB, now=now)
            results = race.run(*[lambda now=now: outbox.send_next(notices.compose, now=now)] * 2)

            # A worker that was locked out of a row has nothing to do; the next tick finds it.
            assert sum(results) <= 1, results
            outbox.send_next(notices.compose, now=now)
            assert len(mail.outbox) == number
    assert set(Outbox.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_clocks_that_nudge_at_once_remind_once():
    people, now = make_people(), timezone.now()
    late = now + timedelta(minutes=2)

    with racers(3) as race:
        for _ in range(rounds(50)):
            gate = make_gate(people.here, task=TO_BOB, reminders={"after": 60, "most": 2}, now=now)
            results = race.run(*[lambda gate=gate: nudge(gate.id, now=late)] * 3)

            assert [result is None for result in results].count(False) == 1, results
            assert trail(gate.intent_id).count("intent.reminder") == 1
            told = Outbox.objects.filter(subject_id=gate.id, kind="gate.reminder")
            assert told.count() == 1


def test_clocks_that_offer_at_once_offer_once():
    people, now = make_people(), timezone.now()

    with racers(3) as race:
        for _ in range(rounds(30)):
            intent = make_intent(people.here, now=now, max_delivery_attempts=3)
            _put_before(people.here.id, f"{HERE}/desk", 0, [])
            row = Delivery.objects.get(intent=intent)
            race.run(*[lambda row=row: offer_unanswered(row.id, now=row.next_try_at)] * 3)

            assert trail(intent.id)[3:] == ["intent.delivered"]
            assert Delivery.objects.get(intent=intent).attempt == 2
