"""How a step ends: what is written down of it, and what is taken back that is still open."""

from typing import Any

from approvals import gates
from approvals.actions.answer import outcome_of
from approvals.actions.ending import finish
from approvals.kinds import FAIL
from approvals.models import Gate
from approvals.workflows.models import Step
from approvals.workflows.plan import Verdict, resting
from approvals.workflows.run import Run
from approvals.workflows.starting import HERE
from intents import deliveries
from intents.change import Change, error
from intents.lifecycle import Status, WaitingFor
from intents.models import Delivery, Intent

ENDED = {
    Verdict.DONE: Step.State.DONE,
    Verdict.FAILED: Step.State.FAILED,
    Verdict.REFUSED: Step.State.FAILED,
    Verdict.TIMED_OUT: Step.State.TIMED_OUT,
}
NOBODY_CAME = {"delivery_attempt": 1, "reason": "no_active_listener"}


def end_active(run: Run, verdict: Verdict) -> None:
    """Write down how the active step ended, and end its work and its question with it."""
    step = run.active
    if step is None:
        return
    if verdict is Verdict.TIMED_OUT:
        _time_out(run, step)
    elif step.child:
        step.result, step.error = step.child.result, step.child.error
        _note_lost(run, step.child)
    _keep_answer(step)
    _close(run, step, ENDED[verdict])


def halt(run: Run) -> None:
    """Do the same for the step that was active when somebody else ended the scenario."""
    step = run.active
    if step is None:
        return
    if step.child and step.child.status == Status.COMPLETED:
        end_active(run, Verdict.DONE)
    elif step.gate and step.gate.state == Gate.State.DECIDED:
        was_no = step.gate.effect_of(step.gate.outcome) == FAIL
        end_active(run, Verdict.REFUSED if was_no else Verdict.DONE)
    else:
        is_late = run.intent.status == Status.TIMED_OUT
        _withdraw(run, step, Status.TIMED_OUT if is_late else Status.CANCELED)
        _close(run, step, Step.State.TIMED_OUT if is_late else Step.State.SKIPPED)


def rest(run: Run, step_id: str) -> None:
    """Let go of a failed attempt, and wait before the next one."""
    step = run.step(step_id)
    if step.child:
        step.error = step.child.error
        _note_lost(run, step.child)
        run.release(step.child)
    step.child = None
    step.resume_at = resting(run.plan.step(step_id), now=run.now)
    step.wake_at = min(at for at in (step.resume_at, step.deadline_at) if at)
    told = {"step_id": step_id, "attempt": step.attempt, "retry_at": step.resume_at.isoformat()}
    run.change.wait(WaitingFor.TIME, pending_with=HERE, data=told)
    run.touch(step)


def skip_rest(run: Run) -> None:
    """The steps that never came are left out."""
    for step in run.steps:
        if step.state == Step.State.WAITING:
            step.state = Step.State.SKIPPED
            run.touch(step)


def _close(run: Run, step: Step, state: Step.State) -> None:
    step.state, step.ended_at, step.wake_at = state, run.now, None
    if step.child:
        run.release(step.child)
    if step.gate:
        deliveries.close([run.intent.id], now=run.now)
    run.touch(step)


def _keep_answer(step: Step) -> None:
    if step.gate is None or step.gate.state != Gate.State.DECIDED:
        return
    last = step.gate.decisions.order_by("at", "id").last()
    step.outcome = step.gate.outcome
    step.result = outcome_of(step.gate, last) if last else None


def _time_out(run: Run, step: Step) -> None:
    """End a late step, and say on the scenario that it was late, or that nobody ever came."""
    told: dict[str, Any] = {"step_id": step.step_id, "reason": "step_timeout"}
    if step.child and not _was_taken(step.child):
        run.change.note("intent.delivery_failed", {**told, **NOBODY_CAME})
    run.change.note("intent.timeout", told)
    plan = run.plan_of(step)
    message = f"Step “{step.step_id}” was not done within {plan.deadline or plan.seconds} seconds."
    step.error = error("step_timeout", message, now=run.now, details=told)
    _withdraw(run, step, Status.TIMED_OUT)


def _withdraw(run: Run, step: Step, status: Status) -> None:
    """End what is open of a step: the work of its agent, or the question to people."""
    is_late = status == Status.TIMED_OUT
    if step.gate and step.gate.is_open and not run.intent.is_over:
        gates.close([step.gate], Gate.State.EXPIRED, now=run.now)
        step.gate.state = Gate.State.EXPIRED
    if step.child and not step.child.is_over:
        child = step.child
        child.reports_to = None
        change = Change(child, actor=run.change.actor, now=run.now)
        if is_late and not _was_taken(child):
            change.note("intent.delivery_failed", dict(NOBODY_CAME))
        late, dropped = ("step_timeout", "Its time is up."), ("canceled", "Its scenario has ended.")
        child.error = error(*(late if is_late else dropped), now=run.now)
        change.move(status, child.error)
        finish(change, Gate.State.EXPIRED if is_late else Gate.State.CANCELED, now=run.now)


def _note_lost(run: Run, child: Intent) -> None:
    """The scenario says too that an agent never answered."""
    why = child.error or {}
    if why.get("code") == "delivery_failed":
        told = {name: why[name] for name in ("delivery_attempt", "reason") if name in why}
        run.change.note("intent.delivery_failed", {"step_id": child.step_id, **told})


def _was_taken(child: Intent) -> bool:
    offered = Delivery.objects.filter(intent=child, purpose=Delivery.Purpose.WORK)
    return offered.filter(offered_at__isnull=False).exists()
