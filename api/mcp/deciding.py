"""The tools of who answers: a person's own requests, and their decision. Keys have neither."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from accounts.actor import Actor
from api.axme import calls, translate
from api.axme.named import parse_id
from api.mcp.arguments import Arguments, Call, Comment, Found
from approvals import queue
from approvals.actions import Answer
from approvals.models import Decision, Gate
from approvals.refusals import AlreadyDecided, NoSuchGate, NotYours
from events import pool

MOST = 50
NEEDS_A_PERSON = (
    "Only a person's own sign-in has tasks and decides: send the actor token of a reviewer."
)


class ListTasks(Arguments):
    pass


class DecideTask(Arguments):
    task_id: Annotated[str, Field(max_length=64, description="The task_id of axme.list_tasks.")] = (
        ""
    )
    intent_id: Annotated[str, Field(max_length=64, description="Or the intent it is about.")] = ""
    outcome: Annotated[
        str, Field(min_length=1, max_length=64, description="approve, reject or one of its own.")
    ]
    comment: Annotated[Comment, Field(description="Why; some requests need it.")] = ""
    data: Annotated[
        dict[str, Any], Field(description="The fields of its form, and evidence if it needs any.")
    ] = {}
    digest: Annotated[
        str,
        Field(max_length=64, description="As listed: a request that changed since is refused."),
    ] = ""


async def list_tasks(call: Call, given: ListTasks) -> Found:
    _require_person(call.actor)
    rows = await pool.run(queue.tasks, call.actor, most=MOST)
    said = f"{len(rows)} wait for {call.actor.name}." if rows else "Nothing waits."
    return Found(said, {"tasks": [_task(row) for row in rows]})


async def decide_task(call: Call, given: DecideTask) -> Found:
    """Answer as the person. The same answer again gives the same result."""
    _require_person(call.actor)
    gate_id = await pool.run(_gate_id, call.actor, given)
    answer = Answer(
        gate_id,
        translate.decision_word(given.outcome),
        call.actor,
        comment=given.comment,
        data=given.data,
        seen=given.digest or None,
    )
    decision = await _decided(answer)
    said = f"Answered “{decision.outcome}” as {decision.decider}. The agent is told."
    shown = translate.approval(decision) | {"outcome": decision.outcome}
    return Found(said, shown | {"decided_by": decision.decider})


async def _decided(answer: Answer) -> Decision:
    try:
        return await calls.decide(answer)
    except AlreadyDecided as refusal:
        first = refusal.decision
        if (first.outcome, first.decider) != (answer.outcome, answer.actor.name):
            raise
        return first


def _require_person(actor: Actor) -> None:
    """Refuse every key, also those of a workspace: who answers here is a person or nobody."""
    if not (actor.session_id and actor.reviews):
        raise NotYours(NEEDS_A_PERSON)


def _gate_id(actor: Actor, given: DecideTask) -> UUID:
    """Return the gate that is meant. Raises: NoSuchGate, also for another workspace's."""
    if given.task_id:
        return parse_id(given.task_id, NoSuchGate)
    gates = Gate.objects.visible_to(actor).filter(intent=parse_id(given.intent_id, NoSuchGate))
    gate = gates.order_by("-opened_at").first()
    if gate is None:
        raise NoSuchGate
    return gate.id


def _task(row: Gate) -> dict[str, Any]:
    shown = translate.task(row)
    return shown | {"payload": row.intent.payload, "context": row.context, "digest": row.digest}
