"""Everything that writes to the same agents at once: nothing waits in a circle, all ends are right.

New work, scenarios, handing on, answers, withdrawals, kills and pushes touch the same counters,
mailboxes and intents. Whatever two of them do, they take them in one order.
"""

import pytest
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.keys import KeyRefused
from api.axme.translate import wish
from approvals.actions import delegate, submit
from approvals.refusals import Refusal
from governance import actions
from governance.models import Usage
from governance.verdicts import NotAdmitted
from intents.actions import AlreadyOver, NoSuchIntent
from tests.factories import HERE, key, make_people, submission
from tests.racing import racers, rounds
from tests.scenarios import agent_step, applied, bundle

pytestmark = pytest.mark.django_db(transaction=True)

WORKER, CHECKER = f"{HERE}/worker", f"{HERE}/checker"
DONE = wish({"action": "complete", "total": 1})
EXPECTED = AlreadyOver, NotAdmitted, NoSuchIntent, KeyRefused, Refusal
LIMITS = {"max_intents_per_day": 100_000}


@pytest.fixture(params=["without limits", "with limits"])
def people(request):
    found = make_people()
    owner = key(found.here)
    for name in ("worker", "checker"):
        agent = ensure_agent(found.here, name)
        if request.param == "with limits":
            actions.set_limits(agent, limits=LIMITS, actor=owner, now=timezone.now())
    return found


def surprises(results):
    """Return what failed otherwise than by a refusal that the product means."""
    flat = [one for each in results for one in (each if isinstance(each, list) else [each])]
    return [one for one in flat if isinstance(one, BaseException) and not isinstance(one, EXPECTED)]


def test_creates_and_scenarios_of_two_agents_never_wait_for_each_other_in_a_circle(people):
    worker, checker = key(people.here, agent="worker"), key(people.here, agent="checker")
    owner = key(people.here)

    def create():
        return [
            submit(submission(owner, sender=a, to=b), now=timezone.now())
            for _ in range(6)
            for a, b in ((WORKER, CHECKER), (CHECKER, WORKER))
        ]

    def applying(actor, role):
        def run():
            return [applied(actor, bundle(agent_step("one", role))) for _ in range(8)]

        return run

    def hand_on():
        made = [submit(submission(owner, to=WORKER), now=timezone.now()) for _ in range(6)]
        return [
            delegate(row.id, to=CHECKER, owner=WORKER, actor=owner, now=timezone.now())
            for row in made
        ]

    with racers(4) as race:
        for _ in range(rounds(8)):
            results = race.run(
                create, applying(worker, "checker"), applying(checker, "worker"), hand_on
            )
            assert not surprises(results), surprises(results)

    counted = sum(Usage.objects.values_list("intents", flat=True))
    assert counted == rounds(8) * (12 * 2 + 8 * 3 + 8 * 3 + 6 * 1 + 6 * 1)


def test_bundles_that_bring_the_same_agents_in_another_order_all_apply(people):
    owner = key(people.here)

    def applying(*names):
        agents = [
            {"role": name, "address": name, "create_if_missing": True, "delivery_mode": "stream"}
            for name in names
        ]
        given = bundle(agent_step("one", names[0])) | {"agents": agents}
        return lambda: applied(owner, given).intent

    with racers(2) as race:
        for number in range(rounds(20)):
            names = [f"new-{number}-{letter}" for letter in "abcdef"]
            results = race.run(applying(*names), applying(*reversed(names)))
            assert not surprises(results), surprises(results)
