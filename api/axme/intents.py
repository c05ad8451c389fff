"""Intents: create, read, follow, resolve, resume, cancel, controls and policy."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import FiniteFloat

from accounts.actor import Actor
from accounts.keys import KeyRefused
from api.axme import auth, calls, translate
from api.axme.errors import BadRequest
from api.axme.schemas import (
    Cancel,
    Controls,
    NewIntent,
    Policy,
    Resolve,
    Resume,
)
from approvals import actions
from approvals.models import Gate
from events import bus, pool, streams
from intents import actions as intent_actions
from intents.lifecycle import ENDS, OPEN, Status
from intents.models import Intent
from intents.payloads import digest

router = Router(tags=["Intents"])
SSE = "text/event-stream"
KEY = auth.KeyAuth()


@router.post("/intents")
async def create_intent(request: HttpRequest, body: NewIntent) -> dict[str, Any]:
    """Create a durable intent. The answer means it is on disk and its people or agent are told."""
    actor = actor_of(request)
    submission = translate.submission(body, actor=actor, now=timezone.now())
    scope = calls.scope_for(request, actor)
    # Clients invent a correlation id for every call; it does not make a repeated call another one.
    given = body.model_dump(mode="json", exclude={"correlation_id"}) if scope else None
    fingerprint = digest(given)
    return await calls.create(calls.Creation(submission, scope, fingerprint))


@router.get("/intents")
async def list_intents(request: HttpRequest, limit: int = 50, status: str = "") -> dict[str, Any]:
    """List intents, newest first. `status`: one or more statuses, or `pending`."""
    rows = await pool.run(_list, actor_of(request), _statuses(status), max(1, min(limit, 200)))
    return {"ok": True, "intents": [translate.summary(row) for row in rows]}


@router.get("/intents/{intent_id}")
async def get_intent(request: HttpRequest, intent_id: str) -> dict[str, Any]:
    """Read an intent, in the protocol's shape and mirrored at the top level."""
    row = await readable(request, intent_id)
    gate = await pool.run(_gate_of, row) if row.waits_for_a_person or row.is_over else None
    return translate.intent(row, gate)


@router.get("/intents/{intent_id}/events")
async def list_events(request: HttpRequest, intent_id: str, since: int = 0) -> dict[str, Any]:
    """List what happened to an intent after `since`."""
    row = await readable(request, intent_id)
    found = await calls.events_since((row.id, translate.own_seq(max(0, since))))
    return {"ok": True, "events": [translate.event(event) for event in found]}


@router.get("/intents/{intent_id}/events/stream")
async def stream_events(
    request: HttpRequest,
    intent_id: str,
    since: int = 0,
    wait_seconds: FiniteFloat = 15,
) -> StreamingHttpResponse:
    """Follow an intent: server-sent events from `since`, or from the Last-Event-ID."""
    row = await readable(request, intent_id)

    async def read(seen: int) -> list[streams.Frame]:
        found = await calls.events_since((row.id, translate.own_seq(seen)))
        return [translate.event_frame(event) for event in found]

    start = _start(request, since)
    topics = [bus.intent_topic(row.id)]
    return event_stream(request, read, topics, since=start, wait_seconds=wait_seconds)


@router.post("/intents/{intent_id}/resolve")
async def resolve_intent(
    request: HttpRequest, intent_id: str, body: Resolve, owner_agent: str | None = None
) -> dict[str, Any]:
    """End an intent. An unknown `status` means completed, with the whole body as its result."""
    actor, id, given = actor_of(request), parse_id(intent_id), body.model_dump(mode="json")
    auth.owner_of(request, actor, owner_agent)
    given = {k: v for k, v in given.items() if v is not None}
    status, outcome = translate.resolution(given, now=timezone.now())

    def produce(now: Any) -> dict[str, Any]:
        ended = actions.resolve(id, status=status, outcome=outcome, actor=actor, now=now)
        return translate.ended(ended)

    return await calls.once(request, actor, given, produce)


@router.post("/intents/{intent_id}/cancel")
async def cancel_intent(request: HttpRequest, intent_id: str, body: Cancel) -> dict[str, Any]:
    """Withdraw an intent; people who were asked about it are asked no more."""
    actor, id = actor_of(request), parse_id(intent_id)

    def produce(now: Any) -> dict[str, Any]:
        return translate.ended(actions.cancel(id, reason=body.reason, actor=actor, now=now))

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.post("/intents/{intent_id}/resume")
async def resume_intent(
    request: HttpRequest, intent_id: str, body: Resume, owner_agent: str | None = None
) -> dict[str, Any]:
    """Work on, finish, ask people, or answer for them: what it means depends on body and state."""
    actor, id = actor_of(request), parse_id(intent_id)
    auth.owner_of(request, actor, owner_agent)
    given = {k: v for k, v in body.model_dump(mode="json").items() if v is not None}
    wish = translate.wish(given)

    def produce(now: Any) -> dict[str, Any]:
        return translate.resumed(actions.resume(id, wish=wish, actor=actor, now=now))

    return await calls.once(request, actor, given, produce)


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


def actor_of(request: HttpRequest) -> Actor:
    """Return who calls; ninja has put it there before the endpoint ran."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def parse_id(text: str) -> UUID:
    """Return the id in a path. Raises: NoSuchIntent; what is no UUID names nothing."""
    try:
        return UUID(text)
    except ValueError as failure:
        raise intent_actions.NoSuchIntent from failure


async def readable(request: HttpRequest, intent_id: str) -> Intent:
    """Return an intent the caller may read.

    Raises: NoSuchIntent, also for another workspace's; NotAParty for an agent key without a part.
    """
    actor = actor_of(request)
    row = await calls.load((actor, parse_id(intent_id)))
    if actor.is_agent and actor.address != row.reply_to:
        intent_actions.require_party(row, actor, permission="read")
    return row


def event_stream(
    request: HttpRequest,
    read: streams.Read,
    topics: list[str],
    *,
    since: int,
    wait_seconds: float,
) -> StreamingHttpResponse:
    """Stream what `read` finds for as long as the caller's key holds, a minute at most."""

    async def read_if_allowed(seen: int) -> Sequence[streams.Frame]:
        try:
            await KEY(request)
        except KeyRefused as failure:
            raise streams.Closed from failure
        return await read(seen)

    body = streams.stream(
        read_if_allowed, topics=topics, since=since, wait_seconds=min(max(wait_seconds, 1), 60)
    )
    response = StreamingHttpResponse(body, content_type=SSE)
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


def _start(request: HttpRequest, since: int) -> int:
    last = request.headers.get("last-event-id", "")
    return max(0, since, int(last) if last.isdigit() and len(last) < 19 else 0)


def _statuses(text: str) -> list[str]:
    """Return the statuses a list asks for. Raises: BadRequest for an unknown one."""
    if text.lower() == "pending":
        return sorted(OPEN)
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in OPEN | ENDS]:
        known = ", ".join(Status)
        raise BadRequest(422, "schema_invalid", f"No status {unknown[0][:40]}; use: {known}.")
    return names


def _list(actor: Actor, statuses: list[str], limit: int) -> list[Intent]:
    rows = Intent.objects.visible_to(actor).order_by("-created_at", "-id")
    if actor.is_agent:
        rows = rows.filter(from_address=actor.address) | rows.filter(to_address=actor.address)
    return list((rows.filter(status__in=statuses) if statuses else rows)[:limit])


def _gate_of(row: Intent) -> Gate | None:
    return Gate.objects.filter(intent=row).order_by("-opened_at").first()
