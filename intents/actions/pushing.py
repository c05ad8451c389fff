"""What becomes of work that was pushed to its agent: taken, tried again, or given up.

The delivery counts the attempts, for pushes as for streams; each push is one attempt of it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from events import outbox
from events.models import Outbox
from events.transports import TransportError
from intents import deliveries
from intents.actions.locking import AlreadyOver, NoSuchIntent
from intents.actions.redelivering import give_up, offer_again, pushes_allowed
from intents.change import Change, write
from intents.lifecycle import Status
from intents.models import Delivery, Intent

# How long after a failed push the next one follows.
AGAIN = [timedelta(seconds=seconds) for seconds in (30, 120, 600)]


@transaction.atomic
def settle_push(row: Outbox, failure: TransportError | None, now: datetime) -> None:
    """Write down an answer to a push and draw its consequences.

    Of a push that came too late, because the work was done, taken over or offered again meanwhile,
    only the answer itself is kept.
    """
    intent = Intent.objects.locked().filter(deliveries=row.subject_id).first()
    current = Delivery.objects.actionable().filter(id=row.subject_id, attempt=row.number)
    delivery = current.first()
    if failure is None:
        outbox.settle(row, Outbox.State.SENT, now=now)
        if intent and delivery:
            _taken(intent, delivery, now=now)
    elif intent is None or delivery is None or intent.is_over:
        outbox.settle(row, Outbox.State.DROPPED, now=now, error=str(failure))
    elif failure.permanent or delivery.attempt >= pushes_allowed(intent, delivery):
        outbox.settle(row, Outbox.State.DEAD, now=now, error=str(failure))
        _unreachable(intent, delivery, failure, now=now)
    else:
        again_at = now + AGAIN[min(delivery.attempt, len(AGAIN)) - 1]
        outbox.settle(row, Outbox.State.RETRIED, now=now, error=str(failure), again_at=again_at)
        rows = Delivery.objects.filter(id=delivery.id)
        rows.update(next_try_at=again_at, last_error=str(failure), updated_at=now)


class NothingToPush(Exception):
    """There is no attempt to make now; the text says why."""


@transaction.atomic
def push_again(row_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Push work once more, now, because a person says so.

    Raises: NoSuchIntent, also for another workspace's; AlreadyOver, as an end is final;
    NothingToPush when a later attempt is on its way, or the agent took it, or people are asked.
    """
    row = Outbox.objects.filter(id=row_id, workspace__in=actor.workspaces).first()
    intent = Intent.objects.locked().filter(deliveries=row.subject_id).first() if row else None
    if row is None or intent is None:
        raise NoSuchIntent
    if intent.is_over:
        raise AlreadyOver(intent)
    if outbox.retry_pending(row.id, now=now):
        return
    work = Delivery.objects.actionable().filter(id=row.subject_id).first()
    if work is None:
        raise NothingToPush("People are asked about this work. It is pushed when it goes on.")
    if work.attempt != row.number or row.state == Outbox.State.SENT:
        raise NothingToPush("The agent has this work, or a later attempt is on its way.")
    offer_again(work.id, now=now)


def _taken(intent: Intent, delivery: Delivery, *, now: datetime) -> None:
    """The agent has the work: it is acknowledged, unless it has gone further already."""
    Delivery.objects.filter(id=delivery.id).update(offered_at=now, last_error="")
    if intent.status != Status.DELIVERED:
        return
    change = Change(intent, actor=Actor.system(delivery.address), now=now)
    change.move(Status.ACKNOWLEDGED, {"delivery_attempt": delivery.attempt, "binding": "http"})
    deliveries.answered([intent.id], delivery.address, now=now)
    write([change])


def _unreachable(
    intent: Intent, delivery: Delivery, failure: TransportError, *, now: datetime
) -> None:
    change = Change(intent, actor=Actor.system(), now=now)
    times = "once" if delivery.attempt == 1 else f"{delivery.attempt} times"
    message = f"{delivery.literal} was called {times} and did not take the work: {failure}"
    give_up(change, delivery, reason="unreachable", message=message, now=now)
    write([change])
