"""From AXP bodies to our words: submissions, wishes, resolutions."""

from datetime import datetime, timedelta
from typing import Any

from accounts.actor import Actor
from accounts.addresses import ANYONE, canonical
from api.axme.errors import BadRequest
from api.axme.schemas import HumanTask, NewIntent
from approvals.forms import BadSchema, check_schema
from approvals.kinds import BadOutcomes, check_outcomes
from approvals.resume_plan import Wish
from intents.actions import Submission
from intents.lifecycle import Status
from intents.models import LONGEST_ADDRESS

CONTROL = {
    "action", "approve_current_step", "actor", "reason", "expected_policy_generation",
    "internal_scheduler", "owner_agent",
}  # fmt: skip
# A date near the end of the calendar cannot be kept in every time zone.
FARTHEST = timedelta(days=3650)
ASKING = {"pending_human_approval", "pending_approval"}
DECIDING = {"approve": "approved", "reject": "rejected"} | {w: w for w in ("approved", "rejected")}
DONE = {"completed", "done", "success", "resolved"}
BROKEN = {"failed", "error"}
DROPPED = {"canceled", "cancelled"}


def submission(body: NewIntent, *, actor: Actor, now: datetime) -> Submission:
    """Turn a create into a submission. Raises: BadRequest for dates and forms we cannot use."""
    to_agent = (body.to_agent or ANYONE).strip() or ANYONE
    # An agent key or a person speaks for its own address, whatever the body claims.
    own = actor.is_agent or actor.session_id
    sender = (actor.address if own else body.from_agent) or actor.address or actor.name
    return Submission(
        actor=actor,
        type=body.intent_type,
        payload=body.payload,
        from_agent=sender,
        from_address=_address(sender, actor),
        to_agent=to_agent,
        to_address=_address(to_agent, actor),
        reply_to=body.reply_to if body.reply_to and _address(body.reply_to, actor) else "",
        correlation_id=body.correlation_id,
        deadline_at=_deadline(body, now=now),
        reminders=_reminders(body),
        human_task=human_task(body.human_task) if body.human_task else None,
        max_delivery_attempts=body.max_delivery_attempts,
    )


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


def _address(literal: str, actor: Actor) -> str:
    """Return the canonical form. Raises: BadRequest when it is longer than an address can be."""
    address = canonical(literal, org=actor.org, workspace=actor.space)
    if len(address) > LONGEST_ADDRESS:
        raise BadRequest(422, "invalid_agent_address", "An address is too long.")
    return address


def _deadline(body: NewIntent, *, now: datetime) -> datetime | None:
    if body.ttl_seconds and body.deadline_at:
        raise BadRequest(422, "schema_invalid", "Send deadline_at or ttl_seconds, not both.")
    if body.ttl_seconds:
        return now + timedelta(seconds=body.ttl_seconds)
    if body.deadline_at is None:
        return None
    if body.deadline_at.tzinfo is None:
        raise BadRequest(422, "schema_invalid", "deadline_at needs a time zone, such as a final Z.")
    if body.deadline_at > now + FARTHEST:
        raise BadRequest(422, "schema_invalid", "deadline_at is more than ten years ahead.")
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


def human_task(spec: HumanTask) -> dict[str, Any]:
    """Return what people are asked as we keep it. Raises: BadRequest for a form we cannot use."""
    try:
        if spec.form_schema:
            check_schema(spec.form_schema)
        check_outcomes(spec.allowed_outcomes or [])
    except (BadSchema, BadOutcomes) as failure:
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
