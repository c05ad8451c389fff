"""Two workers advancing at once, and an end from outside against a step's own end: one outcome."""

from datetime import timedelta

import pytest
from django.utils import timezone

from api.axme.translate import wish
from approvals.actions import cancel, decide, expire, resume
from approvals.models import Gate
from approvals.workflows import advance
from approvals.workflows.models import Step
from events.models import Event
from intents.actions import AlreadyOver
from intents.lifecycle import ENDS
from intents.models import Delivery, Intent
from tests.factories import answer, key, make_people, trail
from tests.racing import racers, rounds
from tests.scenarios import (
    advanced,
    agent_step,
    applied,
    bundle,
    person_step,
    states,
    three_steps,
    work_of,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 60
DONE = wish({"action": "complete", "total": 1})


@pytest.fixture
def people():
    return make_people()


@pytest.fixture
def owner(people):
    return key(people.here)


def check(scenario):
    """One end at most, dense numbers, nothing left open of what has ended."""
    scenario = advanced(scenario)
    statuses = Event.objects.filter(intent_id=scenario.id).values_list("status", flat=True)
    assert len([status for status in statuses if status in ENDS]) == int(scenario.is_over)
    assert len(trail(scenario.id)) == scenario.seq
    assert states(scenario).count("active") == int(not scenario.is_over)
    for work in Intent.objects.filter(parent=scenario.id):
        assert len(trail(work.id)) == work.seq
        assert work.is_over or not scenario.is_over
    if scenario.is_over:
        rows = Delivery.objects.filter(intent__parent=scenario.id, closed_at=None)
        assert not rows.exists()
        assert not Gate.objects.open().filter(intent=scenario).exists()
    assert not Intent.objects.reporting().exists()
    return scenario


def race_rounds(one_round):
    """Run a round over and over; who comes first changes from one to the next."""
    with racers(3) as race:
        for number in range(rounds(ROUNDS)):

            def turned(*calls, by=number % 3):
                return race.run(*calls[by:], *calls[:by])

            one_round(turned)


def refused(results):
    """Return what was refused, and see to it that nothing failed in another way."""
    failures = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(failure, AlreadyOver) for failure in failures), failures
    return failures


def test_two_workers_advance_at_once_and_each_step_begins_once(people, owner):
    def one_round(run):
        scenario = applied(owner, three_steps()).intent
        work = work_of(scenario, "build")
        resume(work.id, wish=DONE, actor=owner, now=timezone.now())

        calls = [lambda: advance.advance(scenario.id, now=timezone.now())] * 2
        assert run(*calls, lambda: advance.after(work.id, now=timezone.now())) == [None] * 3

        assert Intent.objects.filter(parent=scenario.id, step_id="check").count() == 1
        assert trail(scenario.id).count("intent.waiting") == 2
        check(scenario)

    race_rounds(one_round)


def test_a_scenario_is_canceled_while_its_work_ends(people, owner):
    def one_round(run):
        scenario = applied(owner, bundle(agent_step("build"))).intent
        work, now = work_of(scenario, "build"), timezone.now()

        results = run(
            lambda: cancel(scenario.id, reason="", actor=owner, now=now),
            lambda: resume(work.id, wish=DONE, actor=owner, now=now),
            lambda: advance.advance(scenario.id, now=now),
        )

        assert len(refused(results)) <= 1
        assert check(scenario).status in {"CANCELED", "COMPLETED"}

    race_rounds(one_round)


def test_a_step_runs_out_of_time_while_its_work_ends(people, owner):
    def one_round(run):
        given = bundle(agent_step("build", step_deadline_seconds=5))
        scenario = applied(owner, given).intent
        work, late = work_of(scenario, "build"), timezone.now() + timedelta(seconds=6)
        step = Step.objects.get(workflow=scenario.id)

        results = run(
            lambda: advance.advance(scenario.id, now=late),
            lambda: resume(work.id, wish=DONE, actor=owner, now=late),
            lambda: advance.on_time(step.id, now=late),
        )

        ends = check(scenario).status, Intent.objects.get(id=work.id).status
        is_late = bool(refused(results))
        assert ends == (("FAILED", "TIMED_OUT") if is_late else ("COMPLETED", "COMPLETED"))

    race_rounds(one_round)


def test_an_answer_a_deadline_and_the_clock_come_to_one_end(people, owner):
    def one_round(run):
        start = timezone.now()
        late = start + timedelta(seconds=60)
        given = bundle(person_step("release"), intent={"ttl_seconds": 60})
        scenario = applied(owner, given, now=start).intent
        gate = Gate.objects.select_related("intent").get(intent=scenario)

        run(
            lambda: decide(answer(gate, people.bob), now=start),
            lambda: expire(scenario.id, now=late),
            lambda: advance.advance(scenario.id, now=late),
        )

        scenario = check(scenario)
        gate.refresh_from_db()
        # Answered, the whole may still run out of time before its next step.
        assert (scenario.status, gate.state) in {
            ("COMPLETED", "decided"),
            ("TIMED_OUT", "expired"),
            ("TIMED_OUT", "decided"),
        }

    race_rounds(one_round)
