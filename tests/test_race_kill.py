"""A kill against creates that are under way: after its answer none is committed any more."""

import pytest
from django.utils import timezone

from accounts.actions import ensure_agent
from approvals.actions import submit_many
from governance import actions
from governance.models import Usage
from governance.verdicts import NotAdmitted
from intents.models import Intent
from tests.factories import anyone_in, key, make_people, submission
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_create_is_committed_after_a_kill_has_answered():
    people = make_people()
    owner, sender = key(people.here), anyone_in(people.here)
    desk = ensure_agent(people.here, "desk")

    def create():
        return [submit_many([submission(sender)], now=timezone.now())[0] for _ in range(8)]

    def kill():
        actions.kill(desk, actor=owner, now=timezone.now())
        return Intent.objects.count()

    with racers(4) as race:
        for _ in range(rounds(12)):
            *created, seen = race.run(create, create, create, kill)

            taken = [one for many in created for one in many if isinstance(one, Intent)]
            refused = [one for many in created for one in many if isinstance(one, NotAdmitted)]
            assert len(taken) + len(refused) == 24, created
            assert Intent.objects.count() == seen
            actions.resume(desk, actor=owner, now=timezone.now())


def test_creates_at_once_stop_exactly_at_the_limit():
    people = make_people()
    owner, sender = key(people.here), anyone_in(people.here)
    desk = ensure_agent(people.here, "desk")
    actions.set_limits(desk, limits={"max_intents_per_day": 20}, actor=owner, now=timezone.now())

    def create():
        many = [submission(sender) for _ in range(3)]
        return [one for _ in range(5) for one in submit_many(many, now=timezone.now())]

    with racers(4) as race:
        created = [one for many in race.run(*[create] * 4) for one in many]

    assert sum(isinstance(one, Intent) for one in created) == 20 == Intent.objects.count()
    assert sum(row.intents for row in Usage.objects.all()) == 20
