"""What moves an intent: resolve, cancel, resume, controls and policy."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.actor import Actor
from api.axme import auth, calls, translate
from api.axme.auth import actor_of
from api.axme.named import parse_id
from api.axme.schemas import Cancel, Controls, Policy, Resolve, Resume
from approvals import actions
from approvals.actions.ending import Ended
from approvals.actions.resuming import Resumed
from approvals.workflows import advance
from events import pool
from intents import actions as intent_actions

Moved = TypeVar("Moved", Ended, Resumed)
router = Router(tags=["Intents"])


@router.post("/intents/{intent_id}/resolve")
async def resolve_intent(
    request: HttpRequest, intent_id: str, body: Resolve, owner_agent: str | None = None
) -> dict[str, Any]:
    """End an intent. An unknown `status` means completed, with the whole body as its result."""
    actor, id, given = actor_of(request), parse_id(intent_id), body.model_dump(mode="json")
    auth.owner_of(request, actor, owner_agent)
    given = {k: v for k, v in given.items() if v is not None}
    status, outcome = translate.resolution(given, now=timezone.now())

    def resolve(now: datetime) -> Ended:
        return actions.resolve(id, status=status, outcome=outcome, actor=actor, now=now)

    return await _moved(request, actor, given, resolve, translate.ended)


@router.post("/intents/{intent_id}/cancel")
async def cancel_intent(request: HttpRequest, intent_id: str, body: Cancel) -> dict[str, Any]:
    """Withdraw an intent; people who were asked about it are asked no more."""
    actor, id = actor_of(request), parse_id(intent_id)

    def cancel(now: datetime) -> Ended:
        return actions.cancel(id, reason=body.reason, actor=actor, now=now)

    return await _moved(request, actor, body.model_dump(mode="json"), cancel, translate.ended)


@router.post("/intents/{intent_id}/resume")
async def resume_intent(
    request: HttpRequest, intent_id: str, body: Resume, owner_agent: str | None = None
) -> dict[str, Any]:
    """Work on, finish, ask people, or answer for them: what it means depends on body and state."""
    actor, id = actor_of(request), parse_id(intent_id)
    auth.owner_of(request, actor, owner_agent)
    given = {k: v for k, v in body.model_dump(mode="json").items() if v is not None}
    wish = translate.wish(given)

    def resume(now: datetime) -> Resumed:
        return actions.resume(id, wish=wish, actor=actor, now=now)

    return await _moved(request, actor, given, resume, translate.resumed)


@router.post("/intents/{intent_id}/controls")
async def update_controls(
    request: HttpRequest, intent_id: str, body: Controls, owner_agent: str | None = None
) -> dict[str, Any]:
    """Merge into an intent's controls, if its policy generation is the expected one."""
    patches = {"controls": body.controls_patch}
    return await _patch(request, intent_id, owner_agent, body, patches)


@router.post("/intents/{intent_id}/policy")
async def update_policy(
    request: HttpRequest, intent_id: str, body: Policy, owner_agent: str | None = None
) -> dict[str, Any]:
    """Merge into an intent's grants and limits, if its policy generation is the expected one."""
    patches = {"grants": body.grants_patch or {}, "envelope": body.envelope_patch or {}}
    return await _patch(request, intent_id, owner_agent, body, patches)


async def _moved(
    request: HttpRequest,
    actor: Actor,
    given: dict[str, Any],
    act: Callable[[datetime], Moved],
    told: Callable[[Moved], dict[str, Any]],
) -> dict[str, Any]:
    """Move an intent once for each idempotency key, and then the scenario that waits for it.

    A worker is nudged too, but here nothing stands in front of it; the next step begins at once.
    """
    rows: list[Moved] = []

    def produce(now: datetime) -> dict[str, Any]:
        rows.append(act(now))
        return told(rows[-1])

    answer = await calls.once(request, actor, given, produce)
    for row in rows:
        if row.intent.moves_a_scenario:
            await pool.run(advance.at_once, row.intent.reports_to, now=timezone.now())
    return answer


async def _patch(
    request: HttpRequest,
    intent_id: str,
    owner_agent: str | None,
    body: Controls | Policy,
    patches: dict[str, Any],
) -> dict[str, Any]:
    actor, id = actor_of(request), parse_id(intent_id)
    auth.owner_of(request, actor, owner_agent)

    def produce(now: Any) -> dict[str, Any]:
        expected = body.expected_policy_generation
        applied, generation = intent_actions.patch(
            id, **patches, expected_generation=expected, actor=actor, now=now
        )
        return translate.patched(applied, generation)

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)
