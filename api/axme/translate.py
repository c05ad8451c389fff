"""The one place that knows both vocabularies: AXP's words and ours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.addresses import ANYONE, canonical, short
from api.axme.errors import BadRequest
from api.axme.schemas import HumanTask, NewIntent
from approvals.actions.ending import Ended
from approvals.actions.resuming import Resumed
from approvals.forms import BadSchema, check_schema
from approvals.models import Decision, Gate
from approvals.resume_plan import Wish
from events.models import Event
from events.streams import Frame
from intents.actions import Submission
from intents.lifecycle import ENDS, Status
from intents.models import Delivery, Intent

STRIDE = 2
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
# Words that steer a resume and are no part of what it says.
CONTROL = {
    "action", "approve_current_step", "actor", "reason", "expected_policy_generation",
    "internal_scheduler", "owner_agent",
}  # fmt: skip
ASKING = {"pending_human_approval", "pending_approval"}
DECIDING = {"approve": "approved", "reject": "rejected"} | {w: w for w in ("approved", "rejected")}
DONE = {"completed", "done", "success", "resolved"}
BROKEN = {"failed", "error"}
DROPPED = {"canceled", "cancelled"}


def stamp(moment: datetime | None) -> str | None:
    """Return a time as the protocol writes it: UTC with microseconds and a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def wire_seq(seq: int) -> int:
    """Return an event's number on the wire: clients ask for `last + 1` and must not skip one."""
    return seq * STRIDE


def own_seq(wire: int) -> int:
    """Return the number of ours that `since` has seen: 2 is event 1, and so is 3."""
    return wire // STRIDE


def submission(body: NewIntent, *, actor: Actor, now: datetime) -> Submission:
    """Turn a create into a submission. Raises: BadRequest for dates and forms we cannot use."""
    to_agent = (body.to_agent or ANYONE).strip() or ANYONE
    # An agent key speaks for its own address, whatever the body claims.
    sender = (actor.address if actor.is_agent else body.from_agent) or actor.address or actor.name
    return Submission(
        actor=actor,
        type=body.intent_type,
        payload=body.payload,
        from_agent=sender,
        from_address=canonical(sender, org=actor.org, workspace=actor.space),
        to_agent=to_agent,
        to_address=canonical(to_agent, org=actor.org, workspace=actor.space),
        reply_to=body.reply_to or "",
        correlation_id=body.correlation_id,
        deadline_at=_deadline(body, now=now),
        reminders=_reminders(body),
        human_task=_task(body.human_task) if body.human_task else None,
        max_delivery_attempts=body.max_delivery_attempts,
    )


def intent(row: Intent, gate: Gate | None) -> dict[str, Any]:
    """Return both shapes of an intent: the spec's object, and its fields mirrored on top."""
    inner = _intent(row, gate)
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
        "remind_count": gate.reminders_sent if gate else None,
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


def wish(body: dict[str, Any]) -> Wish:
    """Turn a resume body, which is overloaded seven ways, into what it wishes for."""
    result = body.get("task_result")
    task = result if isinstance(result, dict) else {}
    comment = task.get("comment") or body.get("comment") or body.get("reason") or ""
    step = body.get("approve_current_step")
    generation = body.get("expected_policy_generation")
    return Wish(
        body=body,
        data={name: value for name, value in body.items() if name not in CONTROL},
        action=str(body.get("action") or "").lower(),
        outcome=_outcome(body, task),
        comment=str(comment),
        form=_form(task),
        has_task_result=bool(task),
        asks_people=str(body.get("status") or "").lower() in ASKING,
        approve_current_step=step if isinstance(step, bool) else None,
        expected_generation=generation if isinstance(generation, int) else None,
    )


def resolution(body: dict[str, Any], *, now: datetime) -> tuple[Status, dict[str, Any]]:
    """Return the end a resolve body asks for and its result, error or reason.

    Any word the protocol does not know means completed, with the whole body as the result.
    Raises: BadRequest for TIMED_OUT, which only the server says.
    """
    word = str(body.get("status") or "completed").lower()
    rest = {k: v for k, v in body.items() if k not in CONTROL | {"status"}}
    if word == "timed_out":
        raise BadRequest(422, "invalid_transition", "Only the server times an intent out.")
    if word in DROPPED:
        reason = str(body.get("reason") or "")
        return Status.CANCELED, {**rest, "code": "canceled", "message": reason, "reason": reason}
    if word in BROKEN:
        return Status.FAILED, _error(body.get("error", rest), now=now)
    if word not in DONE:
        return Status.COMPLETED, body
    result = body.get("result")
    return Status.COMPLETED, result if isinstance(result, dict) else rest


def decision_word(word: str) -> str:
    """Return our outcome for `approve`, `reject` and their past forms; others stay."""
    return DECIDING.get(word.strip().lower(), word.strip())


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
    return {
        "intent_id": str(row.intent_id),
        "approval_id": str(row.id),
        "task_id": str(row.id),
        "intent_type": row.intent.type,
        "status": "WAITING",
        "from_agent": row.intent.from_agent,
        "assigned_at": stamp(row.opened_at),
        "due_at": stamp(row.due_at),
        "human_task": {
            **(row.intent.human_task or {}),
            "title": row.title,
            "description": row.description,
            "task_type": row.kind,
            "allowed_outcomes": shown,
            "required_comment": row.is_comment_required,
            "evidence_required": row.is_evidence_required,
            "form_schema": row.form_schema,
        },
    }


def thread(row: Delivery, events: Sequence[Event]) -> dict[str, Any]:
    """Return an inbox thread: an intent as one address sees it."""
    item = row.intent
    return {
        "thread_id": str(item.id),
        "intent_id": str(item.id),
        "status": thread_status(row),
        "owner_agent": row.literal,
        "from_agent": item.from_agent,
        "to_agent": item.to_agent,
        "intent_type": item.type,
        "subject": str((item.human_task or {}).get("title") or item.type),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "timeline": [_moment(event) for event in events],
    }


def thread_status(row: Delivery) -> str:
    if row.closed_at or row.intent.is_over:
        return "done"
    return "active" if row.acknowledged_at else "pending"


def messages(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return what was said in a thread: the replies, and the result at the end."""
    said = {"intent.message", "intent.completed", "intent.failed", "intent.canceled"}
    return [
        {
            "message_id": str(_event_id(row)),
            "role": short(row.actor),
            "content": row.data.get("message") if row.type == "intent.message" else row.data,
            "at": stamp(row.at),
        }
        for row in events
        if row.type in said
    ]


def _moment(row: Event) -> dict[str, Any]:
    return {
        "event_id": str(_event_id(row)),
        "event_type": row.type,
        "actor": row.actor.ljust(2, "_"),
        "at": stamp(row.at),
        "details": row.data,
    }


def _event_id(row: Event) -> UUID:
    """An event is named by its intent and number; clients want a UUID, so it is made of both."""
    return UUID(int=row.intent_id.int ^ row.seq)


def _deadline(body: NewIntent, *, now: datetime) -> datetime | None:
    if body.ttl_seconds and body.deadline_at:
        raise BadRequest(422, "schema_invalid", "Send deadline_at or ttl_seconds, not both.")
    if body.ttl_seconds:
        return now + timedelta(seconds=body.ttl_seconds)
    if body.deadline_at is None:
        return None
    if body.deadline_at.tzinfo is None:
        raise BadRequest(422, "schema_invalid", "deadline_at needs a time zone, such as a final Z.")
    if body.deadline_at <= now:
        raise BadRequest(422, "deadline_passed", "deadline_at has already passed.")
    return body.deadline_at


def _reminders(body: NewIntent) -> dict[str, Any]:
    known = {
        "after": body.remind_after_seconds,
        "every": body.remind_interval_seconds,
        "most": body.max_reminders,
        "escalate_to": body.escalate_to,
    }
    return {name: value for name, value in known.items() if value is not None}


def _task(spec: HumanTask) -> dict[str, Any]:
    try:
        check_schema(spec.form_schema or {})
    except BadSchema as failure:
        raise BadRequest(422, "schema_invalid", str(failure)) from failure
    return spec.model_dump(exclude_none=True, mode="json")


def _outcome(body: dict[str, Any], task: dict[str, Any]) -> str:
    """Find an explicit decision, in the order the protocol gives these places."""
    if word := task.get("outcome") or body.get("outcome"):
        return decision_word(str(word))
    for place in (task, body):
        if isinstance(place.get("approved"), bool):
            return "approved" if place["approved"] else "rejected"
    if str(body.get("action") or "").lower() in DECIDING:
        return decision_word(str(body["action"]))
    return decision_word(str(body["decision"])) if body.get("decision") else ""


def _form(task: dict[str, Any]) -> dict[str, Any]:
    """Form fields come beside the outcome or in `data`; both are the form."""
    nested = task.get("data")
    flat = {k: v for k, v in task.items() if k not in {"outcome", "comment", "data"}}
    return {**flat, **(nested if isinstance(nested, dict) else {})}


def _error(given: Any, *, now: datetime) -> dict[str, Any]:
    details = given if isinstance(given, dict) else {"message": str(given)}
    return {
        "code": "unspecified",
        "message": "The agent failed.",
        "category": "internal",
        "retryable": False,
        "at": now.isoformat(),
        **details,
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
        **intent(row.intent, None),
        "event": resolve_event(row.change.events[-1]),
        "completion_delivery": (
            delivered if told else {"delivered": False, "reason": "reply_to_not_set"}
        ),
    }


def resumed(row: Resumed) -> dict[str, Any]:
    """Return the answer to a resume; a stale policy generation is told, not refused."""
    stale = {} if row.is_applied else {"reason": "stale_policy_generation"}
    return {
        **intent(row.intent, None),
        "applied": row.is_applied,
        "policy_generation": row.intent.policy_generation,
        **stale,
    }


def patched(applied: bool, generation: int) -> dict[str, Any]:
    stale = {} if applied else {"reason": "stale_policy_generation"}
    return {"ok": True, "applied": applied, "policy_generation": generation, **stale}
