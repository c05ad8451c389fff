"""How a gate stands, in words: waiting, approved by Ben, expired, withdrawn."""

from datetime import datetime

from approvals.desk.times import moment
from approvals.desk.words import past
from approvals.kinds import FAIL
from approvals.models import Decision, Gate


def final(gate: Gate) -> Decision | None:
    """Return the answer that closed the gate, if an answer did."""
    decisions = list(gate.decisions.all())
    return decisions[-1] if decisions and gate.state == Gate.State.DECIDED else None


def said(gate: Gate) -> str:
    """Return how the gate stands: "Approved by Ben", "Expired", "Waiting"."""
    decision = final(gate)
    if decision:
        return f"{past(decision.outcome)} by {by(decision)}"
    return past(gate.outcome) if gate.outcome else str(gate.get_state_display())


def said_when(gate: Gate, *, now: datetime) -> str:
    """Return how and when the gate ended: "Approved by Ben, 10:21"."""
    return f"{said(gate)}, {moment(gate.closed_at, now=now)}" if gate.closed_at else said(gate)


def by(decision: Decision) -> str:
    """Return who answered, as people say it; a key is said to be one."""
    name = decision.by
    return f"key “{name.removeprefix('key:')}”" if name.startswith("key:") else name


def tone(gate: Gate) -> str:
    """Return the state's colour by its name: wait, yes, no or off."""
    if gate.is_open:
        return "wait"
    decision = final(gate)
    if decision is None:
        return "off"
    return "no" if decision.effect == FAIL else "yes"
