"""Work that was read and never answered: offered again, or given up."""

import math
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from intents import deliveries
from intents.change import Change, error, write
from intents.models import Delivery, DeliveryQuerySet, Intent

# A called agent that never answers gets the work this often, unless its sender set a number.
MOST_PUSHES = 4


@transaction.atomic
def offer_again(delivery_id: UUID, *, now: datetime) -> Delivery | None:
    """Put work at the end of its stream once more, or give up at the sender's limit.

    Returns None when there is nothing to do: paused or over in the meantime.
    """
    return _offer(delivery_id, Delivery.objects.actionable(), now=now)


@transaction.atomic
def offer_unanswered(delivery_id: UUID, *, now: datetime) -> Delivery | None:
    """Do the same for work whose time is up; None when another clock or its agent was first."""
    return _offer(delivery_id, Delivery.objects.unanswered(now), now=now)


def _offer(delivery_id: UUID, offered: DeliveryQuerySet, *, now: datetime) -> Delivery | None:
    """Look at the delivery only after its intent is locked: who was first has changed it."""
    locked = Intent.objects.locked().filter(deliveries=delivery_id).first()
    delivery = offered.filter(id=delivery_id).first()
    if locked is None or delivery is None or locked.is_over:
        return None
    change = Change(locked, actor=Actor.system(), now=now)
    if locked.max_delivery_attempts and delivery.attempt >= locked.max_delivery_attempts:
        message = f"{delivery.literal} took the work {delivery.attempt} times and never answered."
        give_up(change, delivery, reason="no_answer", message=message, now=now)
        topics: set[str] = set()
    else:
        topics = deliveries.offer_again(delivery, now=now)
        change.note(
            "intent.delivered", {"delivery_attempt": delivery.attempt, "to_agent": locked.to_agent}
        )
    write([change], topics=topics)
    return delivery


def give_up(
    change: Change, delivery: Delivery, *, reason: str, message: str, now: datetime
) -> None:
    """End a locked intent that its agent did not take, and say so before."""
    told = {"delivery_attempt": delivery.attempt, "reason": reason}
    change.note("intent.delivery_failed", told)
    change.fail(error("delivery_failed", message, now=now, details=told))
    deliveries.close([delivery.intent_id], now=now)
    Delivery.objects.filter(id=delivery.id).update(last_error=message)


def pushes_allowed(intent: Intent, delivery: Delivery) -> float:
    """Return how many attempts a called agent gets: four, or as many as the sender set.

    One that has taken the work before is called again without an end, as a reader is.
    """
    if intent.max_delivery_attempts:
        return intent.max_delivery_attempts
    return math.inf if delivery.acknowledged_at else MOST_PUSHES
