"""How each kind of step begins: work for an agent, a question to people, or a wait of our own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from accounts.actor import Actor, Channel
from accounts.actor import Kind as ActorKind
from accounts.addresses import RUNTIME
from approvals import gates, timetable
from approvals.models import Gate
from approvals.opening import open_gate, unknown_assignees, upcoming
from approvals.workflows import results, telling
from approvals.workflows.models import Step
from approvals.workflows.plan import Kind, StepPlan
from approvals.workflows.run import Run
from governance.admission import require_admitted
from governance.verdicts import NotAdmitted
from intents.actions import Submission, begin, first_delivery
from intents.change import error
from intents.lifecycle import WaitingFor
from intents.models import Intent

HERE = {"type": "internal", "ref": RUNTIME, "name": "Assent"}


def start(run: Run, step_id: str) -> None:
    """Begin a step, or begin it once more after a failed attempt."""
    step, plan = run.step(step_id), run.plan.step(step_id)
    is_first = step.state != Step.State.ACTIVE
    step.state, step.error, step.resume_at = Step.State.ACTIVE, None, None
    step.attempt += 1
    if is_first:
        step.started_at = run.now
        limit = plan.seconds if plan.kind is Kind.TIMEOUT else plan.deadline
        step.deadline_at = run.now + timedelta(seconds=limit) if limit is not None else None
    STARTS[plan.kind](run, step, plan)
    step.wake_at = min((at for at in (step.resume_at, step.deadline_at) if at), default=None)
    run.touch(step)


def _dispatch(run: Run, step: Step, plan: StepPlan) -> None:
    """Put the work before its agent as an intent of its own, if the agent may be sent it."""
    work = _work(run.intent, step, plan, run)
    try:
        # Whoever applied the scenario is who sends: rules about the runtime itself there are none.
        sent = replace(work, from_address=run.intent.from_address)
        require_admitted(sent, tally=run.tally, now=run.now)
    except NotAdmitted as refusal:
        step.error = error(refusal.code, str(refusal), now=run.now)
        return
    change = begin(work, now=run.now)
    child = change.intent
    child.parent, child.reports_to = run.intent, run.intent.id
    child.scenario_id, child.step_id = run.intent.scenario_id, step.step_id
    step.child = child
    run.begun.append(change)
    run.placed.append(first_delivery(child, now=run.now))
    run.change.wait(
        WaitingFor.AGENT,
        pending_with={"type": "agent", "ref": plan.address, "name": plan.name},
        data=_told(step) | {"child_intent_id": str(child.id)},
    )


def _work(parent: Intent, step: Step, plan: StepPlan, run: Run) -> Submission:
    """Return the intent for an agent: from the runtime, with all that is known so far."""
    workspace = frozenset({parent.workspace_id})
    ends = [at for at in (step.deadline_at, parent.deadline_at) if at]
    return Submission(
        actor=Actor(ActorKind.SYSTEM, RUNTIME, workspace, Channel.SYSTEM),
        type=parent.type,
        payload={
            **parent.payload,
            **plan.input,
            "parent_payload": parent.payload,
            "parent_intent_id": str(parent.id),
            "scenario_id": parent.scenario_id,
            "step_id": step.step_id,
            "input": plan.input,
            "previous_results": results.previous(run.steps),
        },
        from_agent=RUNTIME,
        from_address=RUNTIME,
        to_agent=plan.literal,
        to_address=plan.address,
        correlation_id=parent.correlation_id,
        deadline_at=min(ends, default=None),
        max_delivery_attempts=parent.max_delivery_attempts,
    )


def _ask(run: Run, step: Step, plan: StepPlan) -> None:
    """Ask people, who see what the earlier steps found; their answer is bound to that too."""
    intent = run.intent
    task = {**plan.task, "assignees": plan.task.get("assignees") or list(plan.people)}
    context = results.previous(run.steps)
    gate = open_gate(
        intent, task, run.people(), asker=intent.from_agent, context=context, now=run.now
    )
    gate.step_id, gate.goes_on_after_no = step.step_id, plan.on_failure is not None
    gate.due_at = min((at for at in (step.deadline_at, intent.deadline_at) if at), default=None)
    gate.rank_at = timetable.rank(run.now, gate.due_at)
    gate.reminders = plan.reminders
    gate.nudge_at = upcoming(gate, last=run.now)[1]
    intent.human_task = task
    step.gate = gate
    run.asked.append(gate)
    run.placed += gates.assignee_copies(gate, now=run.now)
    _hold(run, step, gate, name=plan.name)


def _hold(run: Run, step: Step, gate: Gate, *, name: str) -> None:
    described = gates.described(gate) | {"step_id": step.step_id}
    waiting: dict[str, Any] = _told(step) | {"human_task": described}
    if strangers := unknown_assignees(run.intent, run.intent.human_task or {}, run.people()):
        waiting["unknown_assignees"] = strangers
    pending = gates.pending_with(gate) | ({"name": name} if name else {})
    run.change.wait(WaitingFor.HUMAN, pending_with=pending, data=waiting)
    run.change.note("intent.human_task_assigned", described)


def _delay(run: Run, step: Step, plan: StepPlan) -> None:
    step.resume_at = run.now + timedelta(seconds=plan.seconds)
    reason = str(plan.config.get("reason") or "")[:500]
    told = {**_told(step), "resume_at": step.resume_at.isoformat(), "reason": reason}
    run.change.wait(WaitingFor.TIME, pending_with=HERE, data=told)


def _time_out(run: Run, step: Step, plan: StepPlan) -> None:
    run.change.wait(WaitingFor.TIME, pending_with=HERE, data=_told(step))


def _notify(run: Run, step: Step, plan: StepPlan) -> None:
    """Tell people and go on at once; the mail goes out whenever it can."""
    told = telling.tell(run, step, plan)
    run.change.note("intent.notification_sent", _told(step) | {"told": told})


def _pass(run: Run, step: Step, plan: StepPlan) -> None:
    """Nobody was named for this check; validate has warned of it."""


def _told(step: Step) -> dict[str, Any]:
    return {"step_id": step.step_id, "attempt": step.attempt}


STARTS: dict[Kind, Callable[[Run, Step, StepPlan], None]] = {
    Kind.AGENT: _dispatch,
    Kind.PERSON: _ask,
    Kind.DELAY: _delay,
    Kind.TIMEOUT: _time_out,
    Kind.NOTIFICATION: _notify,
    Kind.CHECK: _pass,
}
