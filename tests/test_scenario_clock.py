"""The clock finds what a crash between two steps left, and one scenario never holds up another."""

from datetime import timedelta

import pytest

from api.axme.translate import wish
from approvals import tasks
from approvals.actions import cancel, decide, resume
from approvals.models import Gate
from approvals.workflows.models import Step, Workflow
from intents.models import Intent
from tests.factories import answer, key
from tests.scenarios import agent_step, applied, bundle, person_step, states, three_steps, work_of

pytestmark = pytest.mark.django_db
DONE = wish({"action": "complete", "total": 1})


@pytest.fixture
def owner(people, now):
    return key(people.here, now=now)


def test_the_clock_finds_ended_work_answers_and_ended_scenarios(people, owner, now):
    worked = applied(owner, three_steps(), now=now).intent
    resume(work_of(worked, "build").id, wish=DONE, actor=owner, now=now)
    answered = applied(owner, bundle(person_step("release"), agent_step("ship")), now=now).intent
    gate = Gate.objects.select_related("intent").get(intent=answered)
    decide(answer(gate, people.bob), now=now)
    canceled = applied(owner, three_steps(), now=now).intent
    cancel(canceled.id, reason="", actor=owner, now=now)

    tasks.advance()

    assert states(worked) == ["done", "active", "waiting"]
    assert states(answered) == ["done", "active"]
    assert states(canceled) == ["skipped"] * 3
    assert work_of(canceled, "build").status == "CANCELED"
    assert not Intent.objects.reporting().exists()


def test_the_clock_ends_what_is_late(owner, now):
    early = now - timedelta(minutes=5)
    given = bundle(agent_step("build", step_deadline_seconds=60))
    late = applied(owner, given, now=early).intent
    in_time = applied(owner, given, now=now).intent

    tasks.advance()

    assert (states(late), states(in_time)) == (["timed_out"], ["active"])


def test_work_that_its_agent_goes_on_with_is_not_looked_at(owner, now):
    scenario = applied(owner, three_steps(), now=now).intent
    resume(work_of(scenario, "build").id, wish=wish({}), actor=owner, now=now)

    assert work_of(scenario, "build").status == "IN_PROGRESS"
    assert not Intent.objects.reporting().exists()


def test_a_scenario_that_cannot_go_on_holds_up_no_other(owner, now, caplog):
    first, second = (applied(owner, three_steps(), now=now).intent for _ in range(2))
    for scenario in (first, second):
        resume(work_of(scenario, "build").id, wish=DONE, actor=owner, now=now)
    Workflow.objects.filter(intent=first).update(plan={"steps": [], "entry": "lost"})

    tasks.advance()

    assert states(second) == ["done", "active", "waiting"]
    assert states(first) == ["active", "waiting", "waiting"]
    assert "could not be handled" in caplog.text
    tasks._failed.clear()


def test_a_step_wakes_the_clock_at_the_earlier_of_its_times(owner, now):
    retry = {"max_retries": 3, "retry_delay_seconds": 30}
    given = bundle(agent_step("build", retry=retry, step_deadline_seconds=10))
    scenario = applied(owner, given, now=now).intent
    body = wish({"action": "fail"})
    resume(work_of(scenario, "build").id, wish=body, actor=owner, now=now)
    tasks.advance()

    step = Step.objects.get(workflow=scenario.id)

    assert step.wake_at == step.deadline_at == now + timedelta(seconds=10)
    assert step.resume_at > step.deadline_at
