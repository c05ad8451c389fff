"""Reads threads for the inbox: which there are, in what order, and a bounded part of each."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.actor import Actor
from api.axme import translate
from api.axme.errors import BadRequest
from events.models import Event
from intents import feed
from intents.actions import NoSuchIntent
from intents.feed import Cursor
from intents.models import Delivery, HiddenMessage

MOST = 200
ORDER = ("pending", "active", "done")
# What is done leaves the plain list after a day: agents read every thread of it, over and over.
DONE_SHOWN_FOR = timedelta(days=1)
# The newest moments of a thread: alone, and in a list of many. The first one is always there.
NEWEST, NEWEST_IN_LIST = 100, 20


def threads(actor: Actor, owner: str, status: str, *, now: datetime) -> list[dict[str, Any]]:
    """Return an address's threads: pending, active, done, oldest first; handed on ones last."""
    rows = Delivery.objects.at(actor.workspace_id, owner).select_related("intent")
    waiting = list(rows.filter(closed_at=None).order_by("seq")[:MOST])
    over = rows.exclude(closed_at=None).order_by("-updated_at", "-id")
    done = list(
        (over if status == "done" else over.filter(closed_at__gt=now - DONE_SHOWN_FOR))[:MOST]
    )
    found = [*waiting, *done][:MOST] if status != "done" else done
    shown = [row for row in found if not status or translate.thread_status(row) == status]
    return _drawn(sorted(shown, key=_place))


def changes(actor: Actor, owner: str, after: Cursor | None, limit: int) -> dict[str, Any]:
    """Return one page of what changed in an inbox."""
    page = feed.changes(actor.workspace_id, owner, after=after, limit=limit)
    drawn = _drawn([row for _, row in page.rows])
    pairs = zip(page.rows, drawn, strict=True)
    return {
        "ok": True,
        "changes": [{"cursor": str(cursor), "thread": shown} for (cursor, _), shown in pairs],
        "next_cursor": str(page.next) if page.next else None,
        "has_more": page.has_more,
    }


def thread(actor: Actor, owner: str, intent_id: UUID) -> dict[str, Any]:
    """Return one thread with its newest messages, as answers of the inbox show it."""
    row = find(actor, owner, intent_id)
    happened = _events([row], most=NEWEST)[row.intent_id]
    hidden = _hidden([row])[row.id]
    return {
        "ok": True,
        "thread": translate.thread(row, happened, hidden),
        "messages": translate.messages(happened, hidden),
    }


def find(actor: Actor, owner: str, intent_id: UUID) -> Delivery:
    """Return the owner's thread of an intent; a workspace key finds it by its recipient too.

    Raises: NoSuchIntent when there is none in the workspace, BadRequest 403 when it is another's.
    """
    rows = Delivery.objects.visible_to(actor).filter(intent=intent_id).select_related("intent")
    found = {row.address: row for row in rows.order_by("purpose", "created_at", "id")}
    if not found:
        raise NoSuchIntent
    if owner in found:
        return found[owner]
    if actor.is_agent:
        raise BadRequest(403, "invalid_actor_scope", "This thread belongs to another address.")
    own = [row for row in found.values() if row.address == row.intent.to_address]
    return next(iter(own or found.values()))


def _place(row: Delivery) -> tuple[Any, ...]:
    stands = ORDER.index(translate.thread_status(row))
    return bool(row.delegated_to), stands, row.created_at, row.id


def _drawn(rows: Sequence[Delivery]) -> list[dict[str, Any]]:
    happened, hidden = _events(rows, most=NEWEST_IN_LIST), _hidden(rows)
    return [translate.thread(row, happened[row.intent_id], hidden[row.id]) for row in rows]


def _events(rows: Sequence[Delivery], *, most: int) -> dict[UUID, list[Event]]:
    """Return the newest events of each thread, and its first."""
    short = [row.intent_id for row in rows if row.intent.seq <= most]
    wanted = Q(intent_id__in=short)
    for row in rows:
        if row.intent.seq > most:
            wanted |= Q(intent_id=row.intent_id, seq__gt=row.intent.seq - most)
            wanted |= Q(intent_id=row.intent_id, seq=1)
    grouped: defaultdict[UUID, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(wanted).order_by("intent_id", "seq"):
        grouped[event.intent_id].append(event)
    return grouped


def _hidden(rows: Sequence[Delivery]) -> dict[UUID, set[int]]:
    hidden: defaultdict[UUID, set[int]] = defaultdict(set)
    found = HiddenMessage.objects.filter(delivery__in=[row.id for row in rows])
    for id, seq in found.order_by("id").values_list("delivery_id", "seq"):
        hidden[id].add(seq)
    return hidden
