"""Intents: create, list, read and follow."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import FiniteFloat

from accounts.actor import Actor
from api.axme import calls, intent_types, scenarios, translate
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.following import EventStream, event_stream, start_of
from api.axme.named import parse_id
from api.axme.schemas import (
    NewIntent,
)
from approvals.models import Gate
from events import bus, pool, streams
from intents.lifecycle import ENDS, OPEN, Status
from intents.models import Intent
from intents.payloads import digest

router = Router(tags=["Intents"])


@router.post("/intents")
async def create_intent(request: HttpRequest, body: NewIntent) -> dict[str, Any]:
    """Create a durable intent. The answer means it is on disk and its people or agent are told."""
    actor = actor_of(request)
    submission = translate.submission(body, actor=actor, now=timezone.now())
    warnings = await intent_types.warnings_about(actor, body.intent_type, body.payload)
    if warnings:
        submission = replace(submission, warnings=warnings)
    scope = calls.scope_for(request, actor)
    # Clients invent a correlation id for every call; it does not make a repeated call another one.
    given = body.model_dump(mode="json", exclude={"correlation_id"}) if scope else None
    fingerprint = digest(given)
    answer = await calls.create(calls.Creation(submission, scope, fingerprint))
    return {**answer, "warnings": warnings} if warnings else answer


@router.get("/intents")
async def list_intents(request: HttpRequest, limit: int = 50, status: str = "") -> dict[str, Any]:
    """List intents, newest first. `status`: one or more statuses, or `pending`."""
    rows = await pool.run(_list, actor_of(request), _statuses(status), max(1, min(limit, 200)))
    return {"ok": True, "intents": [translate.summary(row) for row in rows]}


@router.get("/intents/{intent_id}")
async def get_intent(request: HttpRequest, intent_id: str) -> dict[str, Any]:
    """Read an intent, in the protocol's shape and mirrored at the top level."""
    row = await calls.load((actor_of(request), parse_id(intent_id)))
    gate, attempt = await pool.run(_beside, row)
    steps = await pool.run(scenarios.steps_of, row) if row.is_scenario else None
    return translate.intent(row, gate, attempt=attempt, steps=steps)


@router.get("/intents/{intent_id}/events")
async def list_events(request: HttpRequest, intent_id: str, since: int = 0) -> dict[str, Any]:
    """List what happened to an intent after `since`."""
    wanted = (actor_of(request), parse_id(intent_id), translate.own_seq(max(0, since)))
    found = await calls.open_events(wanted)
    return {"ok": True, "events": [translate.event(event) for event in found]}


@router.get("/intents/{intent_id}/events/stream")
async def stream_events(
    request: HttpRequest,
    intent_id: str,
    since: int = 0,
    wait_seconds: FiniteFloat = 15,
) -> EventStream:
    """Follow an intent: server-sent events from `since`, or from the Last-Event-ID."""
    id, actor = parse_id(intent_id), actor_of(request)
    is_open = False

    async def read(seen: int) -> list[streams.Frame]:
        nonlocal is_open
        last = translate.own_seq(seen)
        found = await (
            calls.events_since((id, last)) if is_open else calls.open_events((actor, id, last))
        )
        is_open = True
        return [translate.event_frame(event) for event in found]

    start = start_of(request, since)
    topics = [bus.intent_topic(id)]
    return event_stream(request, read, topics, since=start, wait_seconds=wait_seconds)


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
    rows = Intent.objects.visible_to(actor).defer("payload", "result", "error", "human_task")
    rows = rows.order_by("-created_at", "-id")
    if actor.is_agent:
        rows = rows.filter(from_address=actor.address) | rows.filter(to_address=actor.address)
    return list((rows.filter(status__in=statuses) if statuses else rows)[:limit])


def _beside(row: Intent) -> tuple[Gate | None, int]:
    """Return the gate of an intent that has one, and how often its work was delivered."""
    gates = Gate.objects.filter(intent=row).order_by("-opened_at")
    gate = gates.first() if row.waits_for_a_person or row.is_over else None
    return gate, max(row.deliveries.values_list("attempt", flat=True), default=1)
