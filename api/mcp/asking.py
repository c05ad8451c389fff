"""The tools of who asks: put a question to people, wait for the answer, look at an intent."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from pydantic import Field

from accounts.addresses import ANYONE
from api import idempotency
from api.axme import auth, calls, intent_types, translate
from api.axme.errors import BadRequest
from api.axme.named import parse_id
from api.axme.schemas import NewIntent
from api.mcp.arguments import Arguments, Call, Found, Id
from approvals.models import Gate
from events import bus, pool, streams
from intents.models import Intent
from intents.payloads import digest

TYPE = "intent.approval.v1"
# Shorter than what clients wait for an answer, by far.
LONGEST_WAIT = 50


class RequestApproval(Arguments):
    title: Annotated[
        str, Field(min_length=1, max_length=255, description="The question, in one line.")
    ]
    description: Annotated[
        str, Field(max_length=2000, description="What you want to do, why, and what it changes.")
    ] = ""
    payload: Annotated[
        dict[str, Any], Field(description="The facts of it; the answer is bound to them.")
    ] = {}
    assignees: Annotated[
        list[str], Field(max_length=20, description="E-mail addresses of who shall answer.")
    ] = []
    risk: Annotated[str, Field(description="low, medium, high or critical.", max_length=20)] = ""
    required_comment: Annotated[bool, Field(description="The answer needs a reason.")] = False
    expires_in_seconds: Annotated[
        int, Field(ge=0, le=604_800, description="How long it is asked, 60 or more; 0: for ever.")
    ] = 0


class WaitForApproval(Arguments):
    intent_id: Id
    wait_seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT, description="How long.")] = 10


class GetIntent(Arguments):
    intent_id: Id


async def request_approval(call: Call, given: RequestApproval) -> Found:
    """Create an intent that waits for people."""
    actor = call.actor
    if actor.session_id and not actor.reviews:
        said = "This only reads. To ask, send an API key or a reviewer's actor token."
        raise BadRequest(403, "invalid_actor_scope", said)
    warnings = await intent_types.warnings_about(actor, TYPE, given.payload)
    submission = replace(
        translate.submission(_intent(call, given), actor=actor, now=timezone.now()),
        warnings=warnings,
    )
    key = given.idempotency_key
    scope = idempotency.scope_of(actor, f"mcp {TYPE}", key) if key else None
    fingerprint = digest(given.model_dump(mode="json"))
    made = await calls.create(calls.Creation(submission, scope, fingerprint))
    gate = await pool.run(_gate_of, UUID(made["intent_id"]))
    page = settings.PUBLIC_URL + reverse("gate", args=[gate.id], urlconf="config.urls")
    data = {**made, "approval_id": str(gate.id), "review_url": page}
    said = "A person is asked. Call axme.wait_for_approval with this intent_id."
    return Found(said, data)


async def wait_for_approval(call: Call, given: WaitForApproval) -> Found:
    """Wait until people have answered, for as long as the caller may read the intent."""

    async def look() -> Intent | None:
        # Asked again at every look: a key that is revoked meanwhile sees no answer.
        call.request.auth = await auth.caller(call.request)  # type: ignore[attr-defined]
        row = await calls.load((call.actor, parse_id(given.intent_id)))
        return None if row.waits_for_a_person else row

    topic = bus.intent_topic(parse_id(given.intent_id))
    row = await streams.hold(look, topics=[topic], wait_seconds=given.wait_seconds)
    if row is None:
        said = "Nobody has answered yet. Call axme.wait_for_approval again with this intent_id."
        return Found(said, {"intent_id": given.intent_id, "decided": False, "approved": False})
    return _answered(row)


async def get_intent(call: Call, given: GetIntent) -> Found:
    call.request.auth = call.actor  # type: ignore[attr-defined]
    row = await calls.load((call.actor, parse_id(given.intent_id)))
    gate = await pool.run(Gate.objects.filter(intent=row).order_by("-opened_at").first)
    shown: dict[str, Any] = translate.intent(row, gate)["intent"]
    return Found(f"The intent is {row.status}.", shown)


def _intent(call: Call, given: RequestApproval) -> NewIntent:
    task = {
        "task_type": "approval",
        "title": given.title,
        "description": given.description,
        "assignees": given.assignees,
        "required_comment": given.required_comment,
        # Whoever holds the key that asks could answer itself; people are told apart elsewhere.
        "exclude_requester": call.actor.session_id is None,
        **({"risk": given.risk} if given.risk else {}),
    }
    return NewIntent.model_validate(
        {
            "intent_type": TYPE,
            "from_agent": call.owner or None,
            "to_agent": ANYONE,
            "payload": given.payload,
            "ttl_seconds": max(given.expires_in_seconds, 60) if given.expires_in_seconds else None,
            "human_task": task,
        }
    )


def _gate_of(intent_id: UUID) -> Gate:
    return Gate.objects.filter(intent=intent_id).order_by("-opened_at")[0]


def _answered(row: Intent) -> Found:
    """Say what came of an intent; what is not clearly approved is not approved."""
    result, error = row.result or {}, row.error or {}
    told = {**error, **result}
    names = ("outcome", "comment", "data", "decided_by", "decided_at", "approval_id")
    is_approved = bool(row.status == "COMPLETED" and result.get("approved") is True)
    data = {
        "intent_id": str(row.id),
        "status": row.status,
        "decided": row.is_over,
        "approved": is_approved,
        **{name: told.get(name) for name in names},
        "reason": error.get("message"),
    }
    return Found(_sentence(row, data), data)


def _sentence(row: Intent, data: dict[str, Any]) -> str:
    if data["approved"]:
        return f"Approved by {data['decided_by']}. Go on."
    if row.is_over:
        return f"Not approved: {data['reason'] or row.status}. Do not do it."
    return f"No person is asked about this intent now; it is {row.status}."
