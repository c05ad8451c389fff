"""The steps of a scenario beside one of its questions: what is done, and what is to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.desk import ended, words
from approvals.desk.payload import human
from approvals.desk.times import moment
from approvals.kinds import FAIL
from approvals.models import Gate
from approvals.workflows.models import Step
from approvals.workflows.plan import Kind, Plan, StepPlan

STATE = Step.State
# How a step stands: the class of its line, its icon, and the word at its end.
STANDS = {
    STATE.WAITING: ("todo", "", ""),
    STATE.ACTIVE: ("here", "", "now"),
    STATE.DONE: ("done", "check", "done"),
    STATE.FAILED: ("done done-no", "cross", "failed"),
    STATE.TIMED_OUT: ("done done-off", "off", "too late"),
    STATE.SKIPPED: ("done done-off", "off", "left out"),
}
OURS = {
    Kind.DELAY: "A pause",
    Kind.NOTIFICATION: "A notice by mail",
    Kind.TIMEOUT: "A pause that ends it",
    Kind.CHECK: "Passed unchecked",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step as the page shows it; `is_own` marks the step whose question the page is about."""

    number: int
    name: str
    stands: str
    icon: str
    said: str
    who: str
    is_own: bool


def of(gate: Gate, *, who: str, names: Mapping[str, str], now: datetime) -> list[Line]:
    """Return the steps of the scenario that asks this, or nothing when none does."""
    if not gate.step_id:
        return []
    rows = list(
        Step.objects.filter(workflow=gate.intent_id)
        .select_related("workflow")
        .order_by("position", "id")
    )
    plan = Plan.read(rows[0].workflow.plan)
    return [_line(row, plan.step(row.step_id), gate, who=who, names=names, now=now) for row in rows]


def _line(
    row: Step, plan: StepPlan, gate: Gate, *, who: str, names: Mapping[str, str], now: datetime
) -> Line:
    is_ours = row.gate_id == gate.id or (row.gate_id is None and row.step_id == gate.step_id)
    state = _state(row, gate) if is_ours else STATE(row.state)
    stands, icon, said = STANDS[state]
    if is_ours:
        doer = who if gate.is_open else ended.said_when(gate, now=now)
    else:
        doer = _who(row, plan, names, now=now)
    name = human(row.step_id)
    return Line(row.position + 1, name, stands, icon, said, doer, is_own=is_ours)


def _state(row: Step, gate: Gate) -> Step.State:
    """Take the gate's word for its own step: the scenario hears of an answer a moment later."""
    if row.state != STATE.ACTIVE or gate.is_open:
        return STATE(row.state)
    if gate.state == Gate.State.DECIDED:
        return STATE.FAILED if gate.effect_of(gate.outcome) == FAIL else STATE.DONE
    return STATE.TIMED_OUT if gate.state == Gate.State.EXPIRED else STATE.SKIPPED


def _who(row: Step, plan: StepPlan, names: Mapping[str, str], *, now: datetime) -> str:
    kind = Kind(row.kind)
    ended_at = f", {moment(row.ended_at, now=now)}" if row.ended_at and row.attempt else ""
    tries = f", attempt {row.attempt}" if row.attempt > 1 else ""
    if kind is Kind.AGENT:
        return f"{words.name_of(plan.address)}{tries}{ended_at}"
    if kind is Kind.PERSON:
        return _answered(row, names) + ended_at if row.outcome else plan.name or "A reviewer"
    return OURS[kind] + ended_at


def _answered(row: Step, names: Mapping[str, str]) -> str:
    given: dict[str, Any] = row.result or {}
    by = str(given.get("decided_by") or "")
    said = words.past(row.outcome)
    return f"{said} by {names.get(by) or words.name_of(by)}"
