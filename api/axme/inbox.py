"""The inbox of an address: threads, replies, and answering the question a thread asks."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Router

from accounts.actor import Actor
from api.axme import auth, calls, translate
from api.axme.auth import actor_of, parse_id
from api.axme.errors import BadRequest
from api.axme.schemas import Comment, Reply
from approvals import actions
from approvals.actions import Answer
from approvals.actions.asking import is_unclaimed
from approvals.models import Gate
from events import pool
from events.models import Event
from intents import actions as intent_actions
from intents.actions import NoSuchIntent
from intents.models import Delivery

router = Router(tags=["Inbox"])
MOST = 200
ORDER = ("pending", "active", "done")


@router.get("/inbox")
async def list_inbox(
    request: HttpRequest, owner_agent: str | None = None, status: str = ""
) -> dict[str, Any]:
    """List the threads of an address: waiting ones first, oldest first."""
    actor = actor_of(request)
    owner = auth.owner_of(request, actor, owner_agent)
    if status and status not in ORDER:
        raise BadRequest(422, "schema_invalid", f"status is one of: {', '.join(ORDER)}.")
    return {"ok": True, "threads": await pool.run(_threads, actor, owner, status)}


@router.get("/inbox/{thread_id}")
async def get_thread(
    request: HttpRequest, thread_id: str, owner_agent: str | None = None
) -> dict[str, Any]:
    """Read a thread with its timeline and messages."""
    actor = actor_of(request)
    owner = auth.owner_of(request, actor, owner_agent)
    return await pool.run(_thread, actor, owner, parse_id(thread_id))


@router.post("/inbox/{thread_id}/reply")
async def reply(
    request: HttpRequest, thread_id: str, body: Reply, owner_agent: str | None = None
) -> dict[str, Any]:
    """Say something in a thread; it decides nothing."""
    actor, id = actor_of(request), parse_id(thread_id)
    owner = auth.owner_of(request, actor, owner_agent)

    def produce(now: Any) -> dict[str, Any]:
        _find(actor, owner, id)
        intent_actions.reply(id, message=body.message, actor=actor, now=now)
        return _thread(actor, owner, id)

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.post("/inbox/{thread_id}/approve")
async def approve(
    request: HttpRequest, thread_id: str, body: Comment, owner_agent: str | None = None
) -> dict[str, Any]:
    """Approve what the thread asks."""
    return await _answer(request, thread_id, body, owner_agent, "approved")


@router.post("/inbox/{thread_id}/reject")
async def reject(
    request: HttpRequest, thread_id: str, body: Comment, owner_agent: str | None = None
) -> dict[str, Any]:
    """Reject what the thread asks; its intent fails with the reason."""
    return await _answer(request, thread_id, body, owner_agent, "rejected")


async def _answer(
    request: HttpRequest, thread_id: str, body: Comment, owner_agent: str | None, outcome: str
) -> dict[str, Any]:
    actor, id = actor_of(request), parse_id(thread_id)
    owner = auth.owner_of(request, actor, owner_agent)

    @transaction.atomic
    def produce(now: Any) -> dict[str, Any]:
        delivery = _find(actor, owner, id)
        gate = Gate.objects.filter(intent=id).order_by("-opened_at").first()
        if gate is None and not is_unclaimed(delivery.intent):
            # Nobody is asked, and an agent has the work: reading it is all there is to confirm.
            intent_actions.acknowledge(delivery, actor=actor, now=now)
            return _thread(actor, owner, id)
        gate = gate or actions.take_over(id, actor=actor, now=now)
        comment = body.comment or body.reason or ""
        actions.decide(Answer(gate.id, outcome, actor, comment=comment), now=now)
        return _thread(actor, owner, id)

    return await calls.once(request, actor, [outcome, body.model_dump(mode="json")], produce)


def _threads(actor: Actor, owner: str, status: str) -> list[dict[str, Any]]:
    rows = Delivery.objects.at(actor.workspace_id, owner).select_related("intent")
    waiting = list(rows.filter(closed_at=None).order_by("seq")[:MOST])
    done = list(rows.exclude(closed_at=None).order_by("-updated_at", "-id")[:MOST])
    found = [*waiting, *done][:MOST] if status != "done" else done
    shown = [row for row in found if not status or translate.thread_status(row) == status]
    shown.sort(key=lambda row: (ORDER.index(translate.thread_status(row)), row.created_at, row.id))
    happened = _events(row.intent_id for row in shown)
    return [translate.thread(row, happened[row.intent_id]) for row in shown]


def _thread(actor: Actor, owner: str, intent_id: UUID) -> dict[str, Any]:
    row = _find(actor, owner, intent_id)
    happened = _events([intent_id])[intent_id]
    return {
        "ok": True,
        "thread": translate.thread(row, happened),
        "messages": translate.messages(happened),
    }


def _find(actor: Actor, owner: str, intent_id: UUID) -> Delivery:
    """Return the owner's thread of an intent; a workspace key finds it by its recipient too.

    Raises: NoSuchIntent when there is none in the workspace, BadRequest 403 when it is another's.
    """
    rows = Delivery.objects.visible_to(actor).filter(intent=intent_id).select_related("intent")
    found = {row.address: row for row in rows}
    if not found:
        raise NoSuchIntent
    if owner in found:
        return found[owner]
    if actor.is_agent:
        raise BadRequest(403, "invalid_actor_scope", "This thread belongs to another address.")
    return next(iter(found.values()))


def _events(intent_ids: Iterable[UUID]) -> dict[UUID, list[Event]]:
    grouped: dict[UUID, list[Event]] = {id: [] for id in intent_ids}
    for event in Event.objects.filter(intent_id__in=grouped).order_by("intent_id", "seq"):
        grouped[event.intent_id].append(event)
    return grouped
