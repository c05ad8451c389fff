"""From "something happened to this intent" to who is told what of it.

An action leaves one row of news; here, in a transaction of its own, it becomes the webhooks.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from events import outbox, webhooks
from events.models import Event, Outbox, Subscription, WebhookEvent
from events.webhooks import OURSELVES, ears, queue
from intents.models import Delivery, Intent

Heard = tuple[WebhookEvent, list[Subscription]]


def announce_next(*, now: datetime) -> bool:
    """Work off the oldest news, and tell whether there was any."""
    row = outbox.claim(now=now, queue=Outbox.Queue.NEWS)
    if row is not None:
        _announce(row, now=now)
    return row is not None


@transaction.atomic
def _announce(claimed: Outbox, *, now: datetime) -> None:
    """Turn one row of news into messages; it is gone with the same commit."""
    rows = Outbox.objects.select_for_update().filter(id=claimed.id, state=Outbox.State.PENDING)
    row = rows.first()
    if row is None:  # Our claim ran out and another worker was quicker.
        return
    known = [s for s in webhooks.live(row.workspace_id) if s.created_at <= row.created_at]
    intent = Intent.objects.filter(id=row.subject_id).first()
    told = list(_heard(intent, row, known)) if intent and known else []
    WebhookEvent.objects.bulk_create([event for event, _ in told])
    if told:
        queue(told, now=now)
    row.delete()


def _heard(intent: Intent, row: Outbox, known: list[Subscription]) -> Iterator[Heard]:
    """Yield what is told to anybody at all."""
    told = set(WebhookEvent.objects.filter(intent_id=intent.id).values_list("seq", flat=True))
    events = Event.objects.filter(intent_id=intent.id, seq__lte=row.number)
    recent = events.filter(at__gte=row.created_at).order_by("seq")
    happened = [event for event in recent if event.seq not in told]
    for event in happened:
        webhook = _webhook(event, event.type)
        if found := ears(webhook, known, owners=sorted(intent.parties)):
            yield webhook, found
    for delivery in intent.deliveries.order_by("created_at", "id") if happened else ():
        for type, event in _of_inbox(delivery, happened, row):
            webhook = _webhook(event, type, delivery)
            if found := ears(webhook, known):
                yield webhook, found


def _of_inbox(
    delivery: Delivery, happened: list[Event], row: Outbox
) -> Iterator[tuple[str, Event]]:
    """Yield what its owner's inbox shows of it: a new thread, or a change of one they have."""
    is_new = delivery.created_at >= row.created_at
    yield ("inbox.thread_created" if is_new else "inbox.thread_updated"), happened[-1]
    for event in happened:
        if event.type == "intent.message" and event.actor != delivery.address:
            yield "inbox.reply_received", event


def _webhook(event: Event, type: str, delivery: Delivery | None = None) -> WebhookEvent:
    return WebhookEvent(
        workspace_id=event.workspace_id,
        owner=delivery.address if delivery else "",
        literal=delivery.literal if delivery else "",
        type=type,
        source=OURSELVES,
        intent_id=event.intent_id,
        seq=event.seq,
        created_at=event.at,
    )
