"""Deciding over the API, and the list of what there is to decide."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.actor import Actor
from api.axme import calls, translate
from api.axme.auth import actor_of
from api.axme.named import parse_id
from api.axme.schemas import ApprovalDecision
from approvals import queue
from approvals.actions import Answer
from approvals.models import Gate
from approvals.refusals import AlreadyDecided, NoSuchGate, NotYours
from events import pool

router = Router(tags=["Approvals"])
MOST = 200


@router.post("/approvals/{approval_id}/decision")
async def decide_approval(
    request: HttpRequest, approval_id: str, body: ApprovalDecision
) -> dict[str, Any]:
    """Approve or reject. The same decision again gives the same answer; another one is a 409."""
    outcome = translate.decision_word(body.decision)
    comment = body.comment or body.reason or ""
    answer = Answer(parse_id(approval_id, NoSuchGate), outcome, actor_of(request), comment=comment)
    try:
        decision = await calls.decide(answer)
    except AlreadyDecided as refusal:
        decision = refusal.decision
        if (decision.outcome, decision.decider) != (outcome, answer.actor.name):
            raise
    return {"ok": True, "approval": translate.approval(decision)}


@router.get("/me/tasks")
async def my_tasks(request: HttpRequest) -> dict[str, Any]:
    """List the open requests this person or key may answer, soonest due first."""
    rows = await pool.run(_tasks, actor_of(request))
    return {"ok": True, "tasks": [translate.task(row) for row in rows]}


def _tasks(actor: Actor) -> list[Gate]:
    if actor.is_agent:
        raise NotYours("An agent key has no tasks; people and workspace keys do.")
    if actor.user_id:
        return queue.tasks(actor, most=MOST)
    gates = Gate.objects.visible_to(actor).open().select_related("intent")
    return list(gates.order_by("rank_at", "id")[:MOST])
