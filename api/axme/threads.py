"""What the owner of a thread does with it: reply, answer, hand on, read, hide messages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router

from accounts.actor import Actor
from api.axme import auth, calls, reading, translate
from api.axme.auth import actor_of
from api.axme.named import parse_id
from api.axme.schemas import Comment, Delegate, DeleteMessages, Reply
from approvals import actions
from approvals.actions import Answer
from approvals.actions.asking import is_unclaimed
from approvals.models import Gate
from approvals.refusals import NotYours
from intents import actions as intent_actions
from intents.models import Delivery

router = Router(tags=["Inbox"])
# What a call does to the thread it names; what it returns is told beside the thread.
Work = Callable[[Actor, Delivery, datetime], dict[str, Any] | None]


@router.post("/inbox/{thread_id}/reply")
async def reply(
    request: HttpRequest, thread_id: str, body: Reply, owner_agent: str | None = None
) -> dict[str, Any]:
    """Say something in a thread; it decides nothing."""

    def work(actor: Actor, row: Delivery, now: datetime) -> None:
        intent_actions.reply(row.intent_id, message=body.message, actor=actor, now=now)

    return await _do(request, thread_id, owner_agent, body, work)


@router.post("/inbox/{thread_id}/approve")
async def approve(
    request: HttpRequest, thread_id: str, body: Comment, owner_agent: str | None = None
) -> dict[str, Any]:
    """Approve what the thread asks."""
    return await _do(request, thread_id, owner_agent, body, _answering("approved", body))


@router.post("/inbox/{thread_id}/reject")
async def reject(
    request: HttpRequest, thread_id: str, body: Comment, owner_agent: str | None = None
) -> dict[str, Any]:
    """Reject what the thread asks; its intent fails with the reason."""
    return await _do(request, thread_id, owner_agent, body, _answering("rejected", body))


@router.post("/inbox/{thread_id}/delegate")
async def delegate(
    request: HttpRequest, thread_id: str, body: Delegate, owner_agent: str | None = None
) -> dict[str, Any]:
    """Hand a thread on; its owner keeps a copy to read, listed last."""

    def work(actor: Actor, row: Delivery, now: datetime) -> None:
        # A person who is asked by e-mail has no thread of their own, but a right of their own.
        named = auth.owner_of(request, actor, owner_agent)
        owner = named if "@" in named else row.address
        to, note = body.delegate_to, body.note or ""
        actions.delegate(row.intent_id, to=to, note=note, owner=owner, actor=actor, now=now)

    return await _do(request, thread_id, owner_agent, body, work)


@router.post("/inbox/{thread_id}/read")
async def read(
    request: HttpRequest, thread_id: str, owner_agent: str | None = None
) -> dict[str, Any]:
    """Note that the owner has read the thread."""

    def work(actor: Actor, row: Delivery, now: datetime) -> None:
        intent_actions.mark_read(row, actor=actor, now=now)

    return await _do(request, thread_id, owner_agent, None, work)


@router.post("/inbox/{thread_id}/messages/delete")
async def delete_messages(
    request: HttpRequest, thread_id: str, body: DeleteMessages, owner_agent: str | None = None
) -> dict[str, Any]:
    """Hide messages from the owner's view, or from both sides'. The trail keeps them."""

    def work(actor: Actor, row: Delivery, now: datetime) -> dict[str, Any]:
        named = body.message_ids
        seqs = None if named is None else translate.message_seqs(row.intent_id, named)
        gone = intent_actions.hide_messages(
            row, mode=body.mode, seqs=seqs, most=body.limit, actor=actor, now=now
        )
        ids = [translate.message_id(row.intent_id, seq) for seq in gone]
        return {"mode": body.mode, "deleted_count": len(ids), "message_ids": ids}

    return await _do(request, thread_id, owner_agent, body, work)


async def _do(
    request: HttpRequest, thread_id: str, owner_agent: str | None, body: Any, work: Work
) -> dict[str, Any]:
    """Do something to a thread once for each idempotency key, and answer with the thread."""
    actor, id = actor_of(request), parse_id(thread_id)
    owner = auth.owner_of(request, actor, owner_agent)

    @transaction.atomic
    def produce(now: datetime) -> dict[str, Any]:
        row = reading.find(actor, owner, id)
        told = work(actor, row, now) or {}
        return {"ok": True, "thread": reading.thread(actor, row.address, id)["thread"], **told}

    given = body.model_dump(mode="json") if body is not None else None
    return await calls.once(request, actor, [owner, given], produce)


def _answering(outcome: str, body: Comment) -> Work:
    def work(actor: Actor, row: Delivery, now: datetime) -> None:
        if row.delegated_to:
            raise NotYours(f"This was delegated to {row.delegated_to}, who answers it now.")
        gate = Gate.objects.filter(intent=row.intent_id).order_by("-opened_at").first()
        if gate is None and not is_unclaimed(row.intent):
            # Nobody is asked, and an agent has the work: reading it is all there is to confirm.
            intent_actions.acknowledge(row, actor=actor, now=now)
            return
        gate = gate or actions.take_over(row.intent_id, actor=actor, now=now)
        comment = body.comment or body.reason or ""
        actions.decide(Answer(gate.id, outcome, actor, comment=comment), now=now)

    return work
