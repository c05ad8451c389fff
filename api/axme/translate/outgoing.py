"""What we say of our own accord, in AXP's words: pushes, webhooks, and how those stand."""

from datetime import datetime
from typing import Any

from api.axme.translate.outward import delivery, event
from api.axme.translate.wire import stamp
from events.models import Event, Subscription, WebhookEvent
from events.webhooks import Told
from intents.models import Delivery, Intent


def push(row: Delivery) -> dict[str, Any]:
    """Return what a called agent gets: the same as on its stream, and the payload."""
    item = row.intent
    return {
        **delivery(row),
        "correlation_id": str(item.correlation_id),
        "reply_to": item.reply_to or None,
        "deadline_at": stamp(item.deadline_at),
        "payload": item.payload,
    }


def webhook(row: WebhookEvent, intent: Intent | None, happened: Event | None) -> dict[str, Any]:
    """Return what a subscriber gets: small, and without the payload of the intent."""
    return {
        "type": row.type,
        "timestamp": stamp(row.created_at),
        "event_id": str(row.id),
        "event_type": row.type,
        "source": row.source,
        "owner_agent": row.literal or None,
        "data": row.payload if intent is None else _about(row, intent, happened),
    }


def subscription(row: Subscription) -> dict[str, Any]:
    return {
        "subscription_id": str(row.id),
        "owner_agent": row.literal,
        "callback_url": row.callback_url,
        "event_types": row.event_types,
        "active": row.is_live,
        "description": row.description or None,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "revoked_at": stamp(row.revoked_at),
        "secret_hint": row.secret_hint or None,
    }


def published(told: Told) -> dict[str, Any]:
    row = told.event
    return {
        "ok": True,
        "accepted_at": stamp(row.created_at),
        "event_type": row.type,
        "source": row.source,
        "owner_agent": row.literal,
        "event_id": str(row.id),
        **_counters(told),
    }


def replayed(told: Told, owner: str, *, now: datetime) -> dict[str, Any]:
    row = told.event
    return {
        "ok": True,
        "event_id": str(row.id),
        "owner_agent": row.literal or owner,
        "event_type": row.type,
        **_counters(told),
        "replayed_at": stamp(now),
    }


def _counters(told: Told) -> dict[str, int]:
    return {
        "queued_deliveries": told.queued,
        "processed_deliveries": told.delivered + told.dead,
        "delivered": told.delivered,
        "pending": told.pending,
        "dead_lettered": told.dead,
    }


def _about(row: WebhookEvent, intent: Intent, happened: Event | None) -> dict[str, Any]:
    said = {
        "intent_id": str(intent.id),
        "intent_type": intent.type,
        "from_agent": intent.from_agent,
        "to_agent": intent.to_agent,
    }
    if row.type.startswith("inbox."):
        said |= {"thread_id": str(intent.id), "owner_agent": row.literal}
    if happened is None:
        return said
    whole = event(happened)
    names = ("seq", "event_type", "status", "at", "actor", "waiting_reason")
    return said | {"event": {name: whole[name] for name in names}}
