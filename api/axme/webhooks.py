"""Webhooks: who is told of what, events published by hand, and telling them again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.actor import Actor
from api.axme import auth, calls, translate
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.named import parse_id
from api.axme.schemas import PublishedEvent, WantedSubscription
from events import pool, subscribing, webhooks
from events.models import Subscription
from events.subscribing import NoSuchSubscription, Wish
from events.webhooks import OURSELVES, NoSuchEvent
from intents.actions import require_usable

router = Router(tags=["Webhooks"])
MOST = 200
LONGEST_OWNER = 255
Produce = Callable[[datetime], dict[str, Any]]


@router.post("/webhooks/subscriptions")
async def upsert_subscription(
    request: HttpRequest, body: WantedSubscription, owner_agent: str | None = None
) -> dict[str, Any]:
    """Be called when something happens. The same owner and address again changes it.

    A workspace key that names no owner hears of the whole workspace.
    """
    actor = actor_of(request)
    owner, literal = _owner(request, actor, owner_agent)
    wish = _wish(actor, owner, literal, body)

    def produce(now: datetime) -> dict[str, Any]:
        row = subscribing.subscribe(wish, now=now)
        return {"ok": True, "subscription": translate.subscription(row)}

    return await _once(request, actor, [owner, body.model_dump(mode="json")], produce)


@router.get("/webhooks/subscriptions")
async def list_subscriptions(
    request: HttpRequest, owner_agent: str | None = None, include_inactive: bool = False
) -> dict[str, Any]:
    """List an owner's subscriptions and those of the whole workspace."""
    actor = actor_of(request)
    owner, _ = _owner(request, actor, owner_agent)
    rows = await pool.run(_list, actor.workspace_id, _owners(actor, owner), include_inactive)
    return {"ok": True, "subscriptions": [translate.subscription(row) for row in rows]}


@router.delete("/webhooks/subscriptions/{subscription_id}")
async def delete_subscription(
    request: HttpRequest, subscription_id: str, owner_agent: str | None = None
) -> dict[str, Any]:
    """End a subscription; nothing is sent to it from now on."""
    actor = actor_of(request)
    owner, _ = _owner(request, actor, owner_agent)
    id = parse_id(subscription_id, NoSuchSubscription)

    def produce(now: datetime) -> dict[str, Any]:
        owners = _owners(actor, owner)
        ended = subscribing.unsubscribe(id, workspace_id=actor.workspace_id, owners=owners, now=now)
        stamp = translate.stamp(ended.revoked_at)
        return {"ok": True, "subscription_id": str(ended.id), "revoked_at": stamp}

    return await pool.run(_usable(actor, produce), timezone.now())


@router.post("/webhooks/events")
async def publish_event(
    request: HttpRequest, body: PublishedEvent, owner_agent: str | None = None
) -> dict[str, Any]:
    """Tell an owner's subscribers that something happened. Events of intents tell themselves."""
    actor = actor_of(request)
    owner, literal = _owner(request, actor, owner_agent)
    if body.source == OURSELVES:
        raise BadRequest(422, "schema_invalid", f"source: only this server is {OURSELVES}.")

    def produce(now: datetime) -> dict[str, Any]:
        told = webhooks.publish(
            workspace_id=actor.workspace_id,
            owner=owner,
            literal=literal,
            type=body.event_type,
            source=body.source,
            payload=body.payload,
            now=now,
        )
        return translate.published(told)

    return await _once(request, actor, [owner, body.model_dump(mode="json")], produce)


@router.post("/webhooks/events/{event_id}/replay")
async def replay_event(
    request: HttpRequest, event_id: str, owner_agent: str | None = None
) -> dict[str, Any]:
    """Send an event once more to everybody who wants it now."""
    actor = actor_of(request)
    owner, literal = _owner(request, actor, owner_agent)
    id = parse_id(event_id, NoSuchEvent)

    def produce(now: datetime) -> dict[str, Any]:
        owners = _owners(actor, owner)
        told = webhooks.replay(id, workspace_id=actor.workspace_id, owners=owners, now=now)
        return translate.replayed(told, literal, now=now)

    return await _once(request, actor, [owner, event_id], produce)


async def _once(request: HttpRequest, actor: Actor, body: Any, produce: Produce) -> dict[str, Any]:
    return await calls.once(request, actor, body, _usable(actor, produce))


def _usable(actor: Actor, produce: Produce) -> Produce:
    """Do it in one transaction with asking whether the key still holds and its agent may act."""

    @transaction.atomic
    def asked_first(now: datetime) -> dict[str, Any]:
        require_usable(actor, now=now)
        return produce(now)

    return asked_first


def _owner(request: HttpRequest, actor: Actor, owner_agent: str | None) -> tuple[str, str]:
    """Return the canonical owner and as it was written; a workspace key may leave it out.

    Raises: BadRequest for an address that is none, or is not this key's.
    """
    named = owner_agent or request.headers.get("x-owner-agent") or ""
    if len(named) > LONGEST_OWNER or "\0" in named:
        raise BadRequest(422, "invalid_agent_address", "This is not an address.")
    if not named and not actor.is_agent:
        return "", f"agent://{actor.org}/{actor.space}"
    return auth.owner_of(request, actor, owner_agent), named or actor.address or ""


def _wish(actor: Actor, owner: str, literal: str, body: WantedSubscription) -> Wish:
    return Wish(
        actor.workspace_id,
        owner,
        literal,
        body.callback_url,
        body.event_types,
        secret=body.secret or "",
        is_active=body.active is not False,
        description=body.description or "",
    )


def _owners(actor: Actor, owner: str) -> list[str] | None:
    """Return whose things a call is about: an agent's own; for the workspace, its own as well."""
    if actor.is_agent:
        return [owner]
    return ["", owner] if owner else None


def _list(
    workspace_id: UUID, owners: list[str] | None, include_inactive: bool
) -> list[Subscription]:
    rows = Subscription.objects.of(workspace_id, owners)
    rows = rows if include_inactive else rows.live()
    return list(rows.order_by("created_at", "id")[:MOST])
