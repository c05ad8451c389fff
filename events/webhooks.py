"""Telling subscribers: which of them hear of something, and what becomes of each message.

Nothing is sent from here, and nothing that is sent tells subscribers anything: there is no loop.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from events import hands, outbox
from events.models import Outbox, OutboxQuerySet, Subscription, WebhookEvent
from events.transports import TransportError

WEBHOOK = "webhook"
OURSELVES = "assent"
# Twelve tries over two days; each pause is up to a fifth longer, so that they do not come at once.
PAUSES = [
    timedelta(seconds=s)
    for s in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 57_600)
]


class NoSuchEvent(Exception):
    """There is no such webhook event."""

    def __init__(self) -> None:
        super().__init__(NoSuchEvent.__doc__)


@dataclass(frozen=True, slots=True)
class Told:
    """A published event, how many messages were queued just now, and how all of them stand."""

    event: WebhookEvent
    queued: int
    delivered: int
    pending: int
    dead: int


@transaction.atomic
def publish(
    *,
    workspace_id: UUID,
    owner: str,
    type: str,
    payload: dict[str, Any],
    now: datetime,
    source: str = OURSELVES,
    literal: str = "",
) -> Told:
    """Tell the subscribers of an owner, and those of the whole workspace, that something happened.

    `owner` is a canonical address; without one only those of the whole workspace hear of it.
    """
    event = WebhookEvent.objects.create(
        workspace_id=workspace_id,
        owner=owner,
        literal=literal or owner,
        type=type,
        source=source,
        payload=payload,
        created_at=now,
    )
    return _counted(event, queue([(event, ears(event, live([workspace_id])))], now=now))


@transaction.atomic
def replay(
    event_id: UUID, *, workspace_id: UUID, owners: Sequence[str] | None, now: datetime
) -> Told:
    """Send an event once more to everybody who wants it now, those included who have had it.

    Raises: NoSuchEvent, also for one of another workspace or of none of these owners.
    """
    events = WebhookEvent.objects.select_for_update().filter(workspace=workspace_id, id=event_id)
    event = (events if owners is None else events.filter(owner__in=owners)).first()
    if event is None:
        raise NoSuchEvent
    known = ears(event, live([workspace_id]))
    old = _messages(event).filter(target_id__in=[each.id for each in known])
    again = old.update(
        state=Outbox.State.PENDING, next_try_at=now, held_until=None, attempts=0, sent_at=None
    )
    heard = set(old.values_list("target_id", flat=True))
    return _counted(
        event, again + queue([(event, [s for s in known if s.id not in heard])], now=now)
    )


def live(workspaces: Iterable[UUID]) -> list[Subscription]:
    rows = Subscription.objects.live().filter(workspace__in=list(workspaces))
    return list(rows.order_by("created_at", "id"))


def ears(
    event: WebhookEvent, subscriptions: Iterable[Subscription], *, owners: Sequence[str] = ()
) -> list[Subscription]:
    """Return who wants this event: of the whole workspace, or of one of its owners."""
    heard_by = {"", event.owner, *owners}
    return [s for s in subscriptions if s.owner in heard_by and s.wants(event.type)]


def queue(told: Iterable[tuple[WebhookEvent, Sequence[Subscription]]], *, now: datetime) -> int:
    """Put a message for each into the outbox, in the transaction of the caller; return how many."""
    wanted = [(event, each) for event, subscriptions in told for each in subscriptions]
    # What is due at the same moment is sent by the order of its ids: so these follow the events.
    ids = sorted(uuid4() for _ in wanted)
    rows = [
        Outbox(
            id=id,
            workspace_id=event.workspace_id,
            queue=Outbox.Queue.CALLS,
            kind=WEBHOOK,
            subject_id=event.id,
            target_id=subscription.id,
            dedupe=f"webhook:{event.id}:{subscription.id}",
            next_try_at=now,
            created_at=now,
        )
        for id, (event, subscription) in zip(ids, wanted, strict=True)
    ]
    Outbox.objects.bulk_create(rows)
    transaction.on_commit(lambda: hands.hurry(hands.CALLS), robust=True)
    return len(rows)


def settle(row: Outbox, failure: TransportError | None, now: datetime) -> None:
    """Write down an answer: sent, to be tried again later and later, or given up."""
    if failure is None:
        outbox.settle(row, Outbox.State.SENT, now=now)
    elif failure.permanent or row.attempts > len(PAUSES):
        outbox.settle(row, Outbox.State.DEAD, now=now, error=str(failure))
    else:
        pause = PAUSES[row.attempts - 1] * uniform(1, 1.2)  # noqa: S311 - only spreads the load.
        state = Outbox.State.PENDING
        outbox.settle(row, state, now=now, error=str(failure), again_at=now + pause)


def _messages(event: WebhookEvent) -> OutboxQuerySet:
    return Outbox.objects.filter(kind=WEBHOOK, subject_id=event.id)


def _counted(event: WebhookEvent, queued: int) -> Told:
    states = Counter(_messages(event).values_list("state", flat=True))
    state = Outbox.State
    return Told(event, queued, states[state.SENT], states[state.PENDING], states[state.DEAD])
