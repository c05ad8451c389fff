"""Inbox threads as AXP shows them: an intent as one address sees it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from accounts.addresses import short
from api.axme.translate.wire import FARTHEST, stamp
from events.models import Event
from intents.actions.threads import MESSAGE, SAID
from intents.models import Delivery

NOBODY: frozenset[int] = frozenset()


def thread(
    row: Delivery, events: Sequence[Event], hidden: Collection[int] = NOBODY
) -> dict[str, Any]:
    """Return an inbox thread: an intent as one address sees it.

    A long one leaves its older moments out and says how many; the event list has them all.
    """
    item = row.intent
    shown = [event for event in events if event.type != MESSAGE or event.seq not in hidden]
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
        "read_at": stamp(row.read_at),
        "delegated_to": row.delegated_to or None,
        "timeline": [_moment(event) for event in shown],
        "timeline_omitted": max(0, item.seq - len(events)),
        "events_url": f"/v1/intents/{item.id}/events",
    }


def thread_status(row: Delivery) -> str:
    if row.closed_at or row.intent.is_over:
        return "done"
    # What was handed on is somebody else's to do: nothing here waits.
    return "active" if row.acknowledged_at or row.delegated_to else "pending"


def messages(events: Sequence[Event], hidden: Collection[int] = NOBODY) -> list[dict[str, Any]]:
    """Return what was said in a thread: the replies, and the result at the end."""
    return [
        {
            "message_id": message_id(row.intent_id, row.seq),
            "role": short(row.actor),
            "content": row.data.get("message") if row.type == MESSAGE else row.data,
            "at": stamp(row.at),
        }
        for row in events
        if row.type in SAID and row.seq not in hidden
    ]


def message_id(intent_id: UUID, seq: int) -> str:
    """Name an event by its intent and number: clients want a UUID, so it is made of both."""
    return str(UUID(int=intent_id.int ^ seq))


def message_seqs(intent_id: UUID, ids: Iterable[str]) -> list[int]:
    """Return the numbers of the messages named; what names none of this thread is left out."""
    found = [_as_uuid(id) for id in ids]
    return [seq for id in found if id and 0 < (seq := id.int ^ intent_id.int) <= FARTHEST]


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(row: Event) -> dict[str, Any]:
    return {
        "event_id": message_id(row.intent_id, row.seq),
        "event_type": row.type,
        "actor": row.actor.ljust(2, "_"),
        "at": stamp(row.at),
        "details": row.data,
    }
