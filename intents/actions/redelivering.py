"""Work that was read and never answered: offered again, or given up."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from intents import deliveries
from intents.change import Change, error, write
from intents.models import Delivery, DeliveryQuerySet, Intent


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
        _give_up(change, delivery, now=now)
        topics: set[str] = set()
    else:
        topics = deliveries.offer_again(delivery, now=now)
        change.note(
            "intent.delivered", {"delivery_attempt": delivery.attempt, "to_agent": locked.to_agent}
        )
    write([change], topics=topics)
    return delivery


def _give_up(change: Change, delivery: Delivery, *, now: datetime) -> None:
    told = {"delivery_attempt": delivery.attempt, "reason": "no_answer"}
    change.note("intent.delivery_failed", told)
    message = f"{delivery.literal} took the work {delivery.attempt} times and never answered."
    change.fail(error("delivery_failed", message, now=now, details=told))
    deliveries.close([delivery.intent_id], now=now)
    Delivery.objects.filter(id=delivery.id).update(last_error=message)
