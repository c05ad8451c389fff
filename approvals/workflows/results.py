"""What a step passes on to the next ones, and what a scenario comes to. Pure over step rows."""

from collections.abc import Sequence
from typing import Any

from approvals.workflows.models import Step
from approvals.workflows.plan import Kind, Plan
from intents.payloads import canonical

# Each result is copied to every later step; beyond this much the older ones are only named.
MOST_BYTES = 96 * 1024
OMITTED = "Too long to be passed on. It is the result of this step's intent."


def previous(steps: Sequence[Step]) -> dict[str, Any]:
    """Return the results of the steps that have ended, by step; the latest have room first.

    Our own steps, such as delays, come to nothing that anybody could use.
    """
    ended = [step for step in steps if step.ended_at and step.attempt and _passes_on(step)]
    left, kept = MOST_BYTES, {}
    for step in sorted(ended, key=lambda step: (step.ended_at, step.position), reverse=True):
        found = _found(step)
        size = len(canonical(found))
        if size <= left:
            left -= size
            kept[step.step_id] = found
        else:
            kept[step.step_id] = {"omitted": OMITTED, "intent_id": str(step.child_id or "")}
    return {step.step_id: kept[step.step_id] for step in steps if step.step_id in kept}


def outcome(plan: Plan, steps: Sequence[Step]) -> dict[str, Any]:
    """Return the result of a scenario that came to a good end."""
    passed = previous(steps)
    ended = [step for step in steps if step.ended_at and step.attempt]
    ended.sort(key=lambda step: (step.ended_at, step.position))
    answers = [step.outcome for step in ended if step.outcome]
    results = [passed[s.step_id] for s in ended if s.kind == Kind.AGENT and s.result is not None]
    return {
        "steps": [_told(plan, step, passed.get(step.step_id, {})) for step in ended],
        **({"outcome": answers[-1]} if answers else {}),
        **({"result": results[-1]} if results else {}),
    }


def _passes_on(step: Step) -> bool:
    return step.kind in {Kind.AGENT, Kind.PERSON} or step.error is not None


def _found(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = step.result or {}
    return {**found, "error": step.error} if step.error else found


def _told(plan: Plan, step: Step, result: dict[str, Any]) -> dict[str, Any]:
    part = plan.step(step.step_id)
    return {
        "step_id": step.step_id,
        "status": step.state,
        "assigned_to": part.literal or part.name,
        **({"outcome": step.outcome} if step.outcome else {}),
        **({"intent_id": str(step.child_id)} if step.child_id else {}),
        "result": result,
    }
