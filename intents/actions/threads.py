"""What the owner of a thread does to their own view of it: reading, and hiding messages."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet

from accounts.actor import Actor
from events.models import Event
from intents.actions.locking import lock
from intents.models import Delivery, HiddenMessage, Intent

MESSAGE = "intent.message"
SAID = frozenset({MESSAGE, "intent.completed", "intent.failed", "intent.canceled"})


@transaction.atomic
def mark_read(delivery: Delivery, *, actor: Actor, now: datetime) -> None:
    """Note that the owner has read the thread. Raises: NoSuchIntent, KeyRefused."""
    lock(delivery.intent_id, actor=actor, now=now)
    Delivery.objects.filter(id=delivery.id).update(read_at=now)


@transaction.atomic
def hide_messages(
    delivery: Delivery,
    *,
    mode: Literal["self", "both"],
    seqs: Collection[int] | None,
    most: int,
    actor: Actor,
    now: datetime,
) -> list[int]:
    """Hide messages from the owner's view of a thread, or from everybody's; return which.

    The newest ones without `seqs`. An agent hides from others only what it wrote itself. The
    events stay: the desk, the trail and the event list go on showing them.
    Raises: NoSuchIntent, KeyRefused.
    """
    intent = lock(delivery.intent_id, actor=actor, now=now)
    views = (
        [delivery.id] if mode == "self" else list(intent.deliveries.values_list("id", flat=True))
    )
    found = _messages(intent, views)
    if mode == "both" and actor.is_agent:
        found = found.filter(type=MESSAGE, actor=actor.name)
    if seqs is not None:
        found = found.filter(seq__in=seqs)
    hidden = list(found.order_by("-seq").values_list("seq", flat=True)[:most])
    rows = [HiddenMessage(delivery_id=view, seq=seq) for view in views for seq in hidden]
    HiddenMessage.objects.bulk_create(rows, ignore_conflicts=True)
    return hidden


def _messages(intent: Intent, views: list[UUID]) -> QuerySet[Event]:
    """Return the messages that at least one of these views still shows."""
    counts = HiddenMessage.objects.filter(delivery__in=views).values("seq").annotate(n=Count("id"))
    gone = counts.filter(n=len(views)).values("seq")
    return Event.objects.filter(intent_id=intent.id, type__in=SAID).exclude(seq__in=gone)
