"""Inbox threads as AXP shows them: an intent as one address sees it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.addresses import short
from api.axme.translate.wire import stamp
from events.models import Event
from intents.models import Delivery


def thread(row: Delivery, events: Sequence[Event]) -> dict[str, Any]:
    """Return an inbox thread: an intent as one address sees it."""
    item = row.intent
    return {
        "thread_id": str(item.id),
        "intent_id": str(item.id),
        "status": thread_status(row),
        "owner_agent": row.literal,
        "from_agent": item.from_agent,
        "to_agent": item.to_agent,
        "intent_type": item.type,
        "subject": str((item.human_task or {}).get("title") or item.type),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "timeline": [_moment(event) for event in events],
    }


def thread_status(row: Delivery) -> str:
    if row.closed_at or row.intent.is_over:
        return "done"
    return "active" if row.acknowledged_at else "pending"


def messages(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return what was said in a thread: the replies, and the result at the end."""
    said = {"intent.message", "intent.completed", "intent.failed", "intent.canceled"}
    return [
        {
            "message_id": str(_event_id(row)),
            "role": short(row.actor),
            "content": row.data.get("message") if row.type == "intent.message" else row.data,
            "at": stamp(row.at),
        }
        for row in events
        if row.type in said
    ]


def _moment(row: Event) -> dict[str, Any]:
    return {
        "event_id": str(_event_id(row)),
        "event_type": row.type,
        "actor": row.actor.ljust(2, "_"),
        "at": stamp(row.at),
        "details": row.data,
    }


def _event_id(row: Event) -> UUID:
    """An event is named by its intent and number; clients want a UUID, so it is made of both."""
    return UUID(int=row.intent_id.int ^ row.seq)
