"""From our rows to AXP bodies: intents, events, deliveries, tasks and answers."""

from typing import Any

from api.axme.translate.wire import stamp, wire_seq
from approvals.actions.ending import Ended
from approvals.actions.resuming import Resumed
from approvals.models import Decision, Gate
from events.models import Event
from events.streams import Frame
from intents.lifecycle import ENDS, Status
from intents.models import Delivery, Intent

LEGACY = {
    Status.CREATED: "accepted",
    Status.SUBMITTED: "accepted",
    Status.DELIVERED: "accepted",
    Status.ACKNOWLEDGED: "running",
    Status.IN_PROGRESS: "running",
    Status.WAITING: "blocked",
    Status.COMPLETED: "done",
    Status.FAILED: "failed",
    Status.CANCELED: "failed",
    Status.TIMED_OUT: "failed",
}
UNTOUCHED = {Status.CREATED, Status.SUBMITTED, Status.DELIVERED, Status.ACKNOWLEDGED}


def intent(
    row: Intent,
    gate: Gate | None,
    *,
    attempt: int | None = None,
    steps: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return both shapes of an intent: the spec's object, and its fields mirrored on top.

    How often it was delivered and reminded of is told where it was asked for.
    """
    inner = _intent(row, gate) | ({"workflow": steps} if steps else {})
    if attempt is not None:
        reminded = gate.reminders_sent if gate else 0
        inner |= {"delivery_attempt": attempt, "remind_count": reminded}
    mirrored = ("intent_type", "payload", "lifecycle_status", "correlation_id", "from_agent")
    return {
        "ok": True,
        "intent": inner,
        "id": str(row.id),
        "intent_id": str(row.id),
        "status": "pending_action" if row.status in UNTOUCHED else row.status,
        "result": row.result or {},
        **{name: inner[name] for name in mirrored},
        "to_agent": row.to_agent,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


def summary(row: Intent) -> dict[str, Any]:
    return {
        "intent_id": str(row.id),
        "status": row.status,
        "intent_type": row.type,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "from_agent": row.from_agent,
        "to_agent": row.to_agent,
    }


def _intent(row: Intent, gate: Gate | None) -> dict[str, Any]:
    optional = {
        "reply_to": row.reply_to,
        "deadline_at": stamp(row.deadline_at),
        "due_at": stamp(row.deadline_at),
        "max_delivery_attempts": row.max_delivery_attempts,
        "human_task": row.human_task,
        "pending_with": row.pending_with,
        "escalate_to": row.reminders.get("escalate_to"),
        "approval_id": str(gate.id) if gate else None,
    }
    return {
        **summary(row),
        "lifecycle_status": row.status,
        "legacy_status": LEGACY[Status(row.status)],
        "waiting_reason": row.waiting_reason or None,
        "lifecycle_waiting_reason": row.waiting_reason or None,
        "correlation_id": str(row.correlation_id),
        "payload": row.payload,
        "result": row.result,
        "error": row.error,
        "handler": row.handler or None,
        "controls": row.controls,
        "parent_intent_id": str(row.parent_id) if row.parent_id else None,
        "scenario_id": row.scenario_id or None,
        "step_id": row.step_id or None,
        "policy_generation": row.policy_generation,
        **{name: value for name, value in optional.items() if value not in (None, "")},
    }


def event(row: Event) -> dict[str, Any]:
    """Return an event as lists and streams show it; `data` and `details` are the same object."""
    shown = {
        "intent_id": str(row.intent_id),
        "seq": wire_seq(row.seq),
        "event_type": row.type,
        "status": row.status,
        "lifecycle_status": row.status,
        "at": stamp(row.at),
        "actor": row.actor,
        "actor_id": row.actor,
        "handler": row.handler or None,
        "waiting_reason": row.waiting_reason or None,
        "pending_with": row.pending_with,
        "data": row.data,
        "details": row.data,
        "trace_id": row.trace_id or None,
    }
    if row.type == "intent.completed":
        shown["result"] = row.data
    if row.type == "intent.human_task_assigned":
        shown["human_task"] = row.data
    return shown


def resolve_event(row: Event) -> dict[str, Any]:
    """Return an event for the answer of resolve, whose schema is strict."""
    names = (
        "intent_id", "seq", "event_type", "status", "at", "details", "actor", "handler",
        "waiting_reason", "pending_with",
    )  # fmt: skip
    whole = event(row)
    return {name: whole[name] for name in names}


def event_frame(row: Event) -> Frame:
    return Frame(wire_seq(row.seq), row.type, event(row), is_last=row.status in ENDS)


def delivery(row: Delivery) -> dict[str, Any]:
    """Return a stream entry: small, without payload, and always DELIVERED so that agents act."""
    return {
        "intent_id": str(row.intent_id),
        "seq": row.seq,
        "event_type": "intent.delivered",
        "status": "DELIVERED",
        "intent_status": row.intent.status,
        "at": stamp(row.updated_at),
        "intent_type": row.intent.type,
        "from_agent": row.intent.from_agent,
        "to_agent": row.intent.to_agent,
        "delivery_attempt": row.attempt,
        "delivery_id": str(row.id),
    }


def delivery_frame(row: Delivery) -> Frame:
    return Frame(row.seq, "intent.delivered", delivery(row))


def approval(row: Decision) -> dict[str, Any]:
    return {
        "approval_id": str(row.gate_id),
        "decision": "approve" if row.effect == "advance" else "reject",
        "comment": row.comment or None,
        "decided_at": stamp(row.at),
    }


def task(row: Gate) -> dict[str, Any]:
    """Return a gate as a task of the person who lists it."""
    shown = [outcome["value"] for outcome in row.outcomes if not outcome["is_hidden"]]
    # The protocol leaves out what is not set: no due time is null, no list of people is empty.
    due = {"due_at": stamp(row.due_at)} if row.due_at else {}
    asked = {name: value for name, value in (row.intent.human_task or {}).items() if value != []}
    return {
        "intent_id": str(row.intent_id),
        "approval_id": str(row.id),
        "task_id": str(row.id),
        "intent_type": row.intent.type,
        "status": "WAITING",
        "from_agent": row.intent.from_agent,
        "assigned_at": stamp(row.opened_at),
        **due,
        "human_task": {
            **asked,
            "title": row.title,
            "description": row.description,
            "task_type": row.kind,
            "allowed_outcomes": shown,
            "required_comment": row.is_comment_required,
            "evidence_required": row.is_evidence_required,
            "form_schema": row.form_schema,
        },
    }


def created(row: Intent) -> dict[str, Any]:
    """Return the answer to a create."""
    return {
        "ok": True,
        "intent_id": str(row.id),
        "status": row.status,
        "created_at": stamp(row.created_at),
    }


def ended(row: Ended) -> dict[str, Any]:
    """Return the answer to a resolve, with its last event and what `reply_to` was told."""
    told = row.told
    delivered = {
        "delivered": True,
        "reply_to": row.intent.reply_to,
        "thread_id": str(row.intent.id),
        "message_id": str(told.id) if told else None,
    }
    return {
        "ok": True,
        "intent": _intent(row.intent, None),
        "event": resolve_event(row.change.events[-1]),
        "completion_delivery": (
            delivered if told else {"delivered": False, "reason": "reply_to_not_set"}
        ),
    }


def resumed(row: Resumed) -> dict[str, Any]:
    """Return the answer to a resume; that nothing was applied is told, not refused."""
    reason = {"reason": row.reason} if row.reason else {}
    return {
        **intent(row.intent, None),
        "applied": row.is_applied,
        "policy_generation": row.intent.policy_generation,
        **reason,
    }


def patched(applied: bool, generation: int) -> dict[str, Any]:
    stale = {} if applied else {"reason": "stale_policy_generation"}
    return {"ok": True, "applied": applied, "policy_generation": generation, **stale}
