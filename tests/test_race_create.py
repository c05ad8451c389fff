"""Creates at the same instant: one intent for one key, and no delivery a reader misses."""

from threading import Event as Flag

import pytest
from django.utils import timezone

from api.axme.calls import Creation, _create_many
from api.axme.deliveries import _put_before
from api.idempotency import KeyReused, once, scope_of
from api.models import IdempotencyKey
from approvals.actions import submit, submit_many
from intents.models import Delivery, Intent
from tests.factories import HERE, anyone_in, make_people, submission, trail
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_key_makes_one_intent_however_often_it_is_sent_at_once():
    actor = anyone_in(make_people().here)

    with racers(3) as race:
        for number in range(rounds(100)):
            item = Creation(submission(actor), scope_of(actor, "POST", f"key {number}"), "same")
            results = race.run(*[lambda item=item: _create_many([item])] * 3)

            first = results[0]
            assert results == [first] * 3, results
            assert trail(first[0]["intent_id"])[0] == "intent.created"
    assert Intent.objects.count() == IdempotencyKey.objects.count() == rounds(100)


def test_one_key_with_two_bodies_makes_one_intent_and_one_refusal():
    actor = anyone_in(make_people().here)

    with racers(2) as race:
        for number in range(rounds(60)):
            scope = scope_of(actor, "POST", f"key {number}")
            items = [Creation(submission(actor), scope, body) for body in ("one", "another")]
            results = race.run(*(lambda item=item: _create_many([item]) for item in items))

            refused = [answer for (answer,) in results if isinstance(answer, KeyReused)]
            assert len(refused) == 1, results
    assert Intent.objects.count() == rounds(60)


def test_one_key_does_any_other_work_once_too():
    actor, now = anyone_in(make_people().here), timezone.now()

    def produce():
        return {"intent_id": str(submit(submission(actor), now=now).id)}

    with racers(3) as race:
        for number in range(rounds(60)):
            results = race.run(
                *[lambda number=number: once(f"scope {number}", "same", produce, now=now)] * 3
            )

            assert results == [results[0]] * 3, results
    assert Intent.objects.count() == rounds(60)


def test_a_reader_that_follows_misses_no_delivery_while_creates_race():
    people = make_people()
    actor, done = anyone_in(people.here), Flag()
    each = rounds(60)

    def create():
        made = []
        for number in range(each):
            batch = [submission(actor) for _ in range(1 + number % 3)]
            made += [intent.id for intent in submit_many(batch, now=timezone.now())]
        return made

    def follow():
        """Read as an agent does: always from the last number seen, never back."""
        seen, since = [], 0
        while True:
            is_last = done.is_set()
            rows = _put_before(people.here.id, f"{HERE}/desk", since, [])
            seen += [(row.seq, row.intent_id) for row in rows]
            since = rows[-1].seq if rows else since
            if is_last and not rows:
                return seen

    with racers(4) as creators, racers(1) as reader:
        following = reader._threads.submit(follow)
        made = creators.run(*[create] * 4)
        done.set()
        seen = following.result(60)

    assert [seq for seq, _ in seen] == sorted({seq for seq, _ in seen})
    assert sorted(id for _, id in seen) == sorted(id for ids in made for id in ids)
    assert Delivery.objects.count() == len(seen)
