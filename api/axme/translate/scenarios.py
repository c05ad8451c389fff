"""From applied scenarios to AXP bodies: the answer to apply, and the steps in a GET."""

from typing import Any

from api.axme.translate.wire import stamp
from approvals.workflows.applying import Applied, Provided
from approvals.workflows.models import Step
from approvals.workflows.plan import Plan


def applied(row: Applied) -> dict[str, Any]:
    """Return the answer to an apply, with every name its readers know a field by."""
    pending = row.intent.pending_with or {}
    by_name = pending.get("name") if pending.get("type") == "human" else pending.get("ref")
    return {
        "ok": True,
        "intent_id": str(row.intent.id),
        "scenario_id": row.intent.scenario_id,
        "status": row.intent.status,
        "compile_id": str(row.workflow.compile_id),
        "workflow_compile_id": str(row.workflow.compile_id),
        "pending_with": by_name,
        "idempotent": False,
        "agents": [
            {"role": part.role, "address": part.address, "created": part.is_new}
            for part in row.agents
        ],
        "agents_provisioned": [_provided(part) for part in row.agents if part.agent],
        "deadline_at": stamp(row.intent.deadline_at),
        "created_at": stamp(row.intent.created_at),
        "warnings": row.warnings,
    }


def steps(plan: Plan, rows: list[Step], compile_id: str) -> dict[str, Any]:
    """Return how each step of a scenario stands."""
    return {"compile_id": compile_id, "steps": [_step(plan, row) for row in rows]}


def _provided(part: Provided) -> dict[str, Any]:
    id = str(part.agent.id) if part.agent else None
    return {
        "role": part.role,
        "address": part.address,
        "agent_address": part.address,
        "service_account_id": id,
        "sa_id": id,
        "created": part.is_new,
    }


def _step(plan: Plan, row: Step) -> dict[str, Any]:
    part = plan.step(row.step_id)
    optional = {
        "intent_id": str(row.child_id) if row.child_id else None,
        "approval_id": str(row.gate_id) if row.gate_id else None,
        "outcome": row.outcome,
        "result": row.result,
        "error": row.error,
        "started_at": stamp(row.started_at),
        "ended_at": stamp(row.ended_at),
        "deadline_at": stamp(row.deadline_at),
    }
    return {
        "step_id": row.step_id,
        "type": row.kind,
        "status": row.state,
        "assigned_to": part.literal or part.name or None,
        "attempt": row.attempt,
        **{name: value for name, value in optional.items() if value not in (None, "")},
    }
