"""A scenario step by step: agents and people take turns, and it ends in one right state."""

from datetime import timedelta

import pytest

from accounts.models import Agent
from api.axme.translate import wish
from approvals.actions import cancel, decide, expire, nudge, resolve, resume
from approvals.models import Gate
from approvals.refusals import NotYours
from approvals.workflows import advance
from approvals.workflows.bundle import BadBundle
from approvals.workflows.models import Step
from approvals.workflows.results import OMITTED
from events.models import Event, Outbox
from intents.actions import AlreadyOver
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.calling import counts
from tests.factories import answer, key, trail
from tests.scenarios import (
    CHECKER,
    WORKER,
    advanced,
    agent_step,
    applied,
    bundle,
    person_step,
    states,
    three_steps,
    work_of,
)

STARTED = ["intent.created", "intent.submitted", "intent.delivered"]
WAITING, ASKED = "intent.waiting", "intent.human_task_assigned"


@pytest.fixture
def owner(people, now):
    return key(people.here, now=now)


@pytest.fixture
def worker(people, now):
    return key(people.here, agent="worker", now=now)


@pytest.fixture
def checker(people, now):
    return key(people.here, agent="checker", now=now)


def finish(scenario, step_id, actor, now, **result):
    """Let a step's agent finish its work, and the scenario go on."""
    body = {"action": "complete", **result}
    resume(work_of(scenario, step_id).id, wish=wish(body), actor=actor, now=now)
    return advanced(scenario, now=now)


def gate_of(scenario):
    return Gate.objects.open().select_related("intent").get(intent=scenario)


def fail(scenario, step_id, actor, now, reason="No space"):
    body = {"action": "fail", "reason": reason}
    resume(work_of(scenario, step_id).id, wish=wish(body), actor=actor, now=now)
    return advanced(scenario, now=now)


def test_a_scenario_goes_from_agent_to_agent_to_person_and_completes(
    people, owner, worker, checker, now
):
    scenario = applied(owner, three_steps(), now=now).intent
    assert (scenario.status, scenario.pending_with["ref"]) == ("WAITING", WORKER)

    scenario = finish(scenario, "build", worker, now, image="api:3")
    assert scenario.pending_with["ref"] == CHECKER
    scenario = finish(scenario, "check", checker, now, risk_score="low")
    assert scenario.waits_for_a_person
    decide(answer(gate_of(scenario), people.bob, comment="Go"), now=now)
    scenario = advanced(scenario, now=now)

    assert scenario.status == Status.COMPLETED
    assert trail(scenario.id) == [
        *STARTED, WAITING, WAITING, WAITING, ASKED, "intent.in_progress", "intent.completed",
    ]  # fmt: skip
    assert states(scenario) == ["done"] * 3
    assert scenario.result["outcome"] == "approved"
    assert scenario.result["result"] == {"risk_score": "low"}
    assert [step["step_id"] for step in scenario.result["steps"]] == ["build", "check", "release"]
    assert scenario.reports_to is None


def test_one_agents_step_leaves_the_events_the_protocol_knows(owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build")), now=now).intent

    scenario = finish(scenario, "build", worker, now, total=3)

    assert trail(scenario.id) == [*STARTED, WAITING, "intent.in_progress", "intent.completed"]
    waiting = Event.objects.filter(intent_id=scenario.id, type=WAITING).values_list(
        "waiting_reason", flat=True
    )
    assert list(waiting) == ["WAITING_FOR_AGENT"]
    assert trail(work_of(scenario, "build").id)[:3] == STARTED


def test_an_agent_gets_the_payload_flat_and_whole_and_what_came_before(owner, worker, checker, now):
    scenario = applied(
        owner, bundle(agent_step("build"), agent_step("check", "checker", input={"deep": True}))
    ).intent
    finish(scenario, "build", worker, now, image="api:3")

    work = work_of(scenario, "check")

    assert work.payload == {
        "service": "api",
        "version": 3,
        "deep": True,
        "parent_payload": {"service": "api", "version": 3},
        "parent_intent_id": str(scenario.id),
        "scenario_id": "deploy.demo.v1",
        "step_id": "check",
        "input": {"deep": True},
        "previous_results": {"build": {"image": "api:3"}},
    }
    assert (work.from_agent, work.to_agent, work.type) == (
        "agent://agent_core", "checker", "intent.deploy.v1",
    )  # fmt: skip


def test_a_person_sees_what_the_agents_found_and_the_digest_covers_it(owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build"), person_step("release")), now=now).intent
    scenario = finish(scenario, "build", worker, now, image="api:3")

    gate = gate_of(scenario)

    assert gate.context == {"build": {"image": "api:3"}}
    assert (gate.title, gate.step_id) == ("Agree to release?", "release")
    other = applied(owner, bundle(agent_step("build"), person_step("release")), now=now).intent
    other = finish(other, "build", worker, now, image="api:4")
    assert gate_of(other).digest != gate.digest


def test_a_no_ends_the_scenario_as_rejected(people, owner, now):
    scenario = applied(owner, bundle(person_step("release"), agent_step("ship")), now=now).intent

    decide(answer(gate_of(scenario), people.bob, "rejected", comment="Not today"), now=now)
    scenario = advanced(scenario, now=now)

    assert (scenario.status, scenario.error["code"]) == ("FAILED", "rejected")
    assert scenario.error["step_id"] == "release"
    assert trail(scenario.id)[-1] == "intent.failed"
    assert "intent.in_progress" not in trail(scenario.id)
    assert states(scenario) == ["failed", "skipped"]


def test_a_no_leads_on_where_the_bundle_says_so(people, owner, worker, now):
    steps = person_step("release", on_failure="undo", on_success="end"), agent_step("undo")
    scenario = applied(owner, bundle(*steps), now=now).intent

    decide(answer(gate_of(scenario), people.bob, "rejected"), now=now)
    scenario = advanced(scenario, now=now)
    assert work_of(scenario, "undo").payload["previous_results"]["release"]["approved"] is False
    scenario = finish(scenario, "undo", worker, now, undone=True)

    assert scenario.status == Status.COMPLETED
    assert states(scenario) == ["failed", "done"]
    assert scenario.result["outcome"] == "rejected"


def test_people_decide_one_after_the_other(people, owner, now):
    scenario = applied(owner, bundle(person_step("first"), person_step("second")), now=now).intent
    first = gate_of(scenario)

    decide(answer(first, people.bob), now=now)
    scenario = advanced(scenario, now=now)
    second = gate_of(scenario)
    decide(answer(second, people.bob), now=now)
    scenario = advanced(scenario, now=now)

    assert first.id != second.id
    assert second.context["first"]["outcome"] == "approved"
    assert scenario.status == Status.COMPLETED
    assert trail(scenario.id).count("intent.in_progress") == 2


def test_an_agents_failure_fails_the_scenario_and_names_the_step(owner, worker, now):
    scenario = applied(owner, three_steps(), now=now).intent

    scenario = fail(scenario, "build", worker, now)

    assert (scenario.status, scenario.error["code"]) == ("FAILED", "step_failed")
    assert scenario.error["step_id"] == "build"
    assert scenario.error["reason"]["message"] == "No space"
    assert states(scenario) == ["failed", "skipped", "skipped"]


def test_a_failed_step_is_tried_again_after_a_pause_as_new_work(owner, worker, now):
    retry = {"max_retries": 1, "retry_delay_seconds": 60}
    scenario = applied(owner, bundle(agent_step("build", retry=retry)), now=now).intent
    first = work_of(scenario, "build")

    scenario = fail(scenario, "build", worker, now)
    assert scenario.waiting_reason == "WAITING_FOR_TIME"
    scenario = advanced(scenario, now=now + timedelta(seconds=59))
    assert work_of(scenario, "build").id == first.id
    later = now + timedelta(seconds=60)
    scenario = advanced(scenario, now=later)
    assert work_of(scenario, "build").id != first.id
    scenario = finish(scenario, "build", worker, later, total=1)

    assert scenario.status == Status.COMPLETED
    assert Step.objects.get(workflow=scenario.id).attempt == 2


def test_when_all_attempts_fail_the_step_for_failure_comes(owner, worker, checker, now):
    retry = {"max_retries": 1, "retry_delay_seconds": 1}
    build = agent_step("build", retry=retry, on_failure="report", on_success="end")
    scenario = applied(owner, bundle(build, agent_step("report", "checker")), now=now).intent

    fail(scenario, "build", worker, now)
    later = now + timedelta(seconds=1)
    advanced(scenario, now=later)
    scenario = fail(scenario, "build", worker, later, reason="Still no space")

    given = work_of(scenario, "report").payload["previous_results"]["build"]
    assert given["error"]["message"] == "Still no space"
    scenario = finish(scenario, "report", checker, later, told=True)
    assert scenario.status == Status.COMPLETED


def test_a_step_nobody_takes_runs_out_of_time_and_fails_the_scenario(owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build", step_deadline_seconds=15)), now=now).intent
    work = work_of(scenario, "build")
    assert Step.objects.due(now + timedelta(seconds=14)).count() == 0
    late = now + timedelta(seconds=15)
    step = Step.objects.due(late).get()

    advance.on_time(step.id, now=late)
    scenario.refresh_from_db()

    assert trail(scenario.id)[-3:] == ["intent.delivery_failed", "intent.timeout", "intent.failed"]
    assert scenario.error["code"] == "step_timeout"
    assert trail(work.id)[-2:] == ["intent.delivery_failed", "intent.timed_out"]
    told = Event.objects.get(intent_id=scenario.id, type="intent.timeout")
    assert (told.status, told.data) == ("WAITING", {"step_id": "build", "reason": "step_timeout"})
    with pytest.raises(AlreadyOver):
        resume(work.id, wish=wish({"action": "complete"}), actor=worker, now=late)


def test_a_question_nobody_answers_runs_out_of_time(people, owner, now):
    scenario = applied(
        owner, bundle(person_step("release", step_deadline_seconds=60)), now=now
    ).intent
    gate = gate_of(scenario)
    assert gate.due_at == now + timedelta(seconds=60)

    scenario = advanced(scenario, now=now + timedelta(seconds=60))

    assert (scenario.status, scenario.error["code"]) == ("FAILED", "step_timeout")
    assert Gate.objects.get(id=gate.id).state == Gate.State.EXPIRED
    assert states(scenario) == ["timed_out"]


def test_work_that_ended_in_time_counts_however_late_we_look(owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build", step_deadline_seconds=15)), now=now).intent
    body = wish({"action": "complete", "total": 1})
    resume(work_of(scenario, "build").id, wish=body, actor=worker, now=now)

    scenario = advanced(scenario, now=now + timedelta(hours=1))

    assert scenario.status == Status.COMPLETED


def test_the_deadline_of_the_whole_ends_it_and_its_work(owner, now):
    given = three_steps(intent={"ttl_seconds": 60})
    scenario = applied(owner, given, now=now).intent
    work, late = work_of(scenario, "build"), now + timedelta(seconds=60)

    assert expire(work.id, now=late) is None
    expire(scenario.id, now=late)
    scenario = advanced(scenario, now=late)

    assert scenario.status == Status.TIMED_OUT
    assert Intent.objects.get(id=work.id).status == Status.TIMED_OUT
    assert states(scenario) == ["timed_out", "skipped", "skipped"]
    assert trail(scenario.id)[-1] == "intent.timed_out"


def test_canceling_a_scenario_takes_the_work_and_the_question_away(people, owner, worker, now):
    scenario = applied(owner, three_steps(), now=now).intent
    work = work_of(scenario, "build")
    cancel(scenario.id, reason="Changed my mind", actor=owner, now=now)
    scenario = advanced(scenario, now=now)
    asking = applied(owner, bundle(person_step("release")), now=now).intent
    gate = gate_of(asking)
    cancel(asking.id, reason="", actor=owner, now=now)
    asking = advanced(asking, now=now)

    assert Intent.objects.get(id=work.id).status == Status.CANCELED
    assert not Delivery.objects.filter(intent=work, closed_at=None).exists()
    assert Gate.objects.get(id=gate.id).state == Gate.State.CANCELED
    assert (states(scenario), states(asking)) == (["skipped"] * 3, ["skipped"])
    assert not Intent.objects.reporting().exists()


def test_a_yes_stays_a_yes_when_the_whole_is_canceled_before_the_next_step(people, owner, now):
    scenario = applied(owner, bundle(person_step("release"), agent_step("ship")), now=now).intent

    decide(answer(gate_of(scenario), people.bob), now=now)
    cancel(scenario.id, reason="", actor=owner, now=now)
    scenario = advanced(scenario, now=now)

    assert scenario.status == Status.CANCELED
    assert states(scenario) == ["done", "skipped"]
    assert not Intent.objects.filter(parent=scenario.id).exists()


def test_advancing_again_changes_nothing(owner, worker, now):
    scenario = applied(owner, three_steps(), now=now).intent
    scenario = finish(scenario, "build", worker, now)
    before = (counts(Event, Intent, Delivery, Step), states(scenario))

    for _ in range(3):
        scenario = advanced(scenario, now=now)

    assert (counts(Event, Intent, Delivery, Step), states(scenario)) == before


def test_a_delay_waits_and_goes_on_by_itself(owner, worker, now):
    pause = {
        "step_id": "pause",
        "runtime_type": "delay",
        "config": {"seconds": 10, "reason": "Cool"},
    }
    scenario = applied(owner, bundle(pause, agent_step("build")), now=now).intent
    assert scenario.waiting_reason == "WAITING_FOR_TIME"

    assert not Step.objects.due(now + timedelta(seconds=9)).exists()
    later = now + timedelta(seconds=10)
    advance.on_time(Step.objects.due(later).get().id, now=later)

    assert states(scenario) == ["done", "active"]


def test_a_notification_is_mailed_once_and_holds_nothing_up(people, owner, now):
    config = {
        "channels": ["email", "inbox"],
        "subject": "Begun: {{intent_id}}",
        "body": "{{service}}",
    }
    notice = {"step_id": "tell", "runtime_type": "notification", "config": config}
    scenario = applied(owner, bundle(notice), now=now).intent

    assert scenario.status == Status.COMPLETED
    row = Outbox.objects.get(kind="step.notice")
    assert row.recipient_id == people.bob.id
    assert trail(scenario.id)[3:] == [
        "intent.notification_sent", "intent.in_progress", "intent.completed",
    ]  # fmt: skip


def test_a_step_for_an_agent_that_was_killed_meanwhile_fails_and_is_not_tried_again(
    owner, worker, now
):
    retry = {"max_retries": 5}
    steps = agent_step("build"), agent_step("check", "checker", retry=retry)
    scenario = applied(owner, bundle(*steps), now=now).intent
    Agent.objects.filter(address=CHECKER).update(killed_at=now)

    scenario = finish(scenario, "build", worker, now)

    assert (scenario.status, scenario.error["reason"]["code"]) == ("FAILED", "agent_killed")
    assert not Intent.objects.filter(parent=scenario.id, step_id="check").exists()


def test_a_person_may_be_asked_in_the_middle_of_a_step(people, owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build")), now=now).intent
    work = work_of(scenario, "build")
    asking = wish({"status": "pending_human_approval", "message": "Use the big machine?"})
    resume(work.id, wish=asking, actor=worker, now=now)

    decide(answer(Gate.objects.open().get(intent=work), people.bob), now=now)
    scenario = advanced(scenario, now=now)

    assert scenario.status == Status.COMPLETED
    assert scenario.result["result"]["approved"] is True


def test_a_no_in_the_middle_of_a_step_is_not_tried_again(people, owner, worker, now):
    retry = {"max_retries": 3}
    scenario = applied(owner, bundle(agent_step("build", retry=retry)), now=now).intent
    work = work_of(scenario, "build")
    asking = wish({"status": "pending_human_approval", "message": "Use the big machine?"})
    resume(work.id, wish=asking, actor=worker, now=now)

    decide(answer(Gate.objects.open().get(intent=work), people.bob, "rejected"), now=now)
    scenario = advanced(scenario, now=now)

    assert (scenario.status, scenario.error["reason"]["code"]) == ("FAILED", "rejected")


def test_what_an_agent_says_of_a_steps_work_is_its_result(owner, worker, now):
    scenario = applied(owner, bundle(agent_step("build")), now=now).intent

    resume(work_of(scenario, "build").id, wish=wish({"total": 3}), actor=worker, now=now)

    assert advanced(scenario, now=now).result["result"] == {"total": 3}


def test_only_its_steps_move_a_scenario(owner, now):
    scenario = applied(owner, three_steps(), now=now).intent
    before = trail(scenario.id)

    for body in (
        {},
        {"note": "hurry"},
        {"status": "pending_approval"},
        {"approve_current_step": True},
    ):
        told = resume(scenario.id, wish=wish(body), actor=owner, now=now)
        assert (told.is_applied, told.reason) == (False, "steps_in_progress")

    assert trail(scenario.id) == before


@pytest.mark.parametrize("way", ["resolve", "resume"])
def test_who_may_not_decide_does_not_complete_a_scenario_before_its_people_are_asked(
    people, owner, worker, now, way
):
    applied(owner, three_steps(), now=now)
    scenario = applied(worker, three_steps(), now=now).intent
    forged = {"approved": True, "outcome": "approved", "decided_by": "bob@example.com"}

    given = {
        "resolve": (resolve, {"status": Status.COMPLETED, "outcome": forged}),
        "resume": (resume, {"wish": wish({"action": "complete", **forged})}),
    }
    call, what = given[way]

    with pytest.raises(NotYours, match="steps"):
        call(scenario.id, **what, actor=worker, now=now)

    assert states(scenario) == ["active", "waiting", "waiting"]
    cancel(scenario.id, reason="No longer needed", actor=worker, now=now)
    assert advanced(scenario, now=now).status == Status.CANCELED


def test_a_bad_bundle_leaves_nothing_behind(owner, now):
    given = three_steps()
    given["workflow"]["steps"][2]["assigned_to"] = "nobody"
    before = counts(Intent, Agent, Event, Step)

    with pytest.raises(BadBundle) as refused:
        applied(owner, given, now=now)

    assert refused.value.errors == [
        'workflow.steps[2].assigned_to: no agent or human has the role "nobody"; '
        "write one of: worker, checker, owner"
    ]
    assert counts(Intent, Agent, Event, Step) == before


def test_a_steps_reminders_and_escalation_are_its_own(people, owner, now):
    step = person_step(
        "release", remind_after_seconds=60, max_reminders=1, escalate_to="ann@example.com"
    )
    scenario = applied(owner, bundle(step), now=now).intent

    for seconds in (60, 120):
        nudge(gate_of(scenario).id, now=now + timedelta(seconds=seconds))

    assert trail(scenario.id)[-2:] == ["intent.reminder", "intent.escalated"]
    decide(answer(gate_of(scenario), people.ann), now=now)
    assert advanced(scenario, now=now).status == Status.COMPLETED


def test_a_step_for_time_running_out_fails_or_leads_on(people, owner, now):
    wait = {"step_id": "wait", "runtime_type": "timeout", "config": {"seconds": 5}}
    alone = applied(owner, bundle(wait), now=now).intent
    given = bundle({**wait, "on_failure": "ask"}, person_step("ask"))
    followed = applied(owner, given, now=now).intent

    later = now + timedelta(seconds=5)

    assert advanced(alone, now=later).error["code"] == "step_timeout"
    assert advanced(followed, now=later).waits_for_a_person


def test_results_too_long_to_pass_on_are_named_instead(owner, worker, checker, now):
    steps = [agent_step("a"), agent_step("b"), agent_step("c")]
    scenario = applied(owner, bundle(*steps), now=now).intent
    for step in ("a", "b"):
        scenario = finish(scenario, step, owner, now, text="x" * 60_000)

    passed = work_of(scenario, "c").payload["previous_results"]

    assert passed["b"]["text"] == "x" * 60_000
    assert passed["a"] == {"omitted": OMITTED, "intent_id": str(work_of(scenario, "a").id)}


def test_a_requester_who_is_excluded_cannot_answer_a_step(people, owner, now):
    step = person_step("release", task={"exclude_requester": True})
    scenario = applied(owner, bundle(step), now=now).intent

    with pytest.raises(NotYours):
        decide(answer(gate_of(scenario), owner), now=now)


def test_a_hundred_steps_of_our_own_are_gone_through_at_once(people, owner, now):
    notices = [
        {"step_id": f"tell-{number}", "runtime_type": "notification", "on_failure": ""}
        for number in range(100)
    ]

    scenario = applied(owner, bundle(*notices), now=now).intent

    assert scenario.status == Status.COMPLETED
    assert states(scenario) == ["done"] * 100
    assert Outbox.objects.filter(kind="step.notice", recipient_id=people.bob.id).count() == 100
