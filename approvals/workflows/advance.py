"""The only place that moves a workflow. Asked twice, it does nothing the second time.

A step's work and a step's question end in transactions of their own, which lock only them or only
the scenario's intent; after that commit this is called, or the clock finds what a crash left. It
locks the scenario's intent first and the work second: the other way round, it and a cancellation
would wait for each other.
"""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from approvals.workflows import results, stopping
from approvals.workflows.models import Step
from approvals.workflows.plan import Do, Move, next_move
from approvals.workflows.run import Run
from approvals.workflows.starting import start
from intents.change import error
from intents.models import Intent

logger = logging.getLogger(__name__)


@transaction.atomic
def advance(intent_id: UUID, *, now: datetime) -> None:
    """Carry a scenario as far as it can go now; nothing when it waits or has long ended.

    Also nothing while somebody else has it: another worker is doing this, or an action that asks
    for this again after its commit. Waiting for them would queue up every worker behind one.
    """
    can_skip = connection.features.has_select_for_update_skip_locked
    rows = Intent.objects.select_for_update(skip_locked=can_skip)
    intent = rows.filter(id=intent_id, reports_to=intent_id).first()
    if intent is not None:
        go_on(Run.of(intent, now=now))


def after(intent_id: UUID, *, now: datetime) -> None:
    """Advance the scenario that this intent reports to: its own, or that of the step it is for."""
    found = Intent.objects.filter(id=intent_id).values_list("reports_to", flat=True).first()
    if found is not None:
        advance(found, now=now)


def on_time(step_id: UUID, *, now: datetime) -> None:
    """Advance the scenario of a step whose time for something has come."""
    found = Step.objects.filter(id=step_id).values_list("workflow", flat=True).first()
    if found is not None:
        advance(found, now=now)


def at_once(intent_id: UUID, *, now: datetime) -> None:
    """Advance where a person looks at what comes next, instead of a moment later by a worker.

    Their answer is kept already: whatever is in the way of this, the clock does it then.
    """
    try:
        advance(intent_id, now=now)
    except Exception:
        logger.exception("A scenario did not go on at once; the clock will see to it")


def go_on(run: Run) -> None:
    """Make one move after another until the scenario waits or has ended."""
    move = next_move(run.plan, run.standing())
    while move.do in {Do.START, Do.REST}:
        if move.ended:
            stopping.end_active(run, move.ended)
        if move.do is Do.START:
            start(run, move.step)
        else:
            stopping.rest(run, move.step)
        move = next_move(run.plan, run.standing())
    if move.do is Do.WAIT:
        run.write()
    else:
        _end(run, move)


def _end(run: Run, move: Move) -> None:
    """Bring the scenario to its end, or tidy up after somebody else did."""
    if move.ended:
        stopping.end_active(run, move.ended)
    elif run.active:
        stopping.halt(run)
    stopping.skip_rest(run)
    run.release(run.intent)
    if move.do is Do.COMPLETE:
        run.change.complete(results.outcome(run.plan, run.steps))
    elif move.do is Do.FAIL:
        run.change.fail(_failure(run, run.step(move.step)))
    run.write()


def _failure(run: Run, step: Step) -> dict[str, Any]:
    """Return why a scenario failed: the step, and what was the matter with it."""
    why = step.error or {}
    told = {"step_id": step.step_id, "attempts": step.attempt, "reason": why or step.outcome}
    if step.state == Step.State.TIMED_OUT:
        told["reason"] = "step_timeout"
        return error("step_timeout", str(why.get("message")), now=run.now, details=told)
    message = why.get("message") or step.outcome or "it came to no good end."
    return error(
        "step_failed", f"Step “{step.step_id}” failed: {message}", now=run.now, details=told
    )
