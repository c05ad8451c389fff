"""Sending the outbox: claim a message, send it, and write down what came of it."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from events.models import Attempt, Outbox
from events.transports import TransportError, email
from events.transports.email import Message

# A claim lasts this long; a worker that died in it loses the row to the next one.
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 10
BACKOFF = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)]
logger = logging.getLogger(__name__)

# Writes the message for a row, or None when there is nothing to tell any more.
Compose = Callable[[Outbox, datetime], Message | None]


def send_next(compose: Compose, *, now: datetime) -> bool:
    """Send the message that is due longest, and tell whether there was one.

    One at a time: a claim must outlast the slowest mail server, and that is known for one message
    but not for a batch.
    """
    row = claim(now=now)
    if row is not None:
        _send(row, compose, now=now)
    return row is not None


@transaction.atomic
def claim(*, now: datetime, queue: str = Outbox.Queue.MAIL) -> Outbox | None:
    """Take a due row for ourselves for two minutes; no other worker gets it meanwhile."""
    due = Outbox.objects.due(now, queue=queue).order_by("next_try_at", "id")
    if queue == Outbox.Queue.CALLS:
        due = due.free(now)
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    row = due.first()
    if row is not None:
        # Counted before the try: a message that kills its worker must not be tried for ever.
        row.attempts += 1
        row.next_try_at = row.held_until = now + LEASE
        row.save(update_fields=["attempts", "next_try_at", "held_until"])
    return row


def retry(ids: Iterable[UUID], *, now: datetime) -> int:
    """Send messages again that are waiting or were given up; return how many there were."""
    states = [Outbox.State.DEAD, Outbox.State.PENDING]
    rows = Outbox.objects.filter(id__in=list(ids), state__in=states).exclude(held_until__gt=now)
    return rows.update(state=Outbox.State.PENDING, next_try_at=now, held_until=None, attempts=0)


def retry_pending(id: UUID, *, now: datetime) -> bool:
    """Let a message that waits for its next try go now; tell whether it was waiting."""
    rows = Outbox.objects.filter(id=id, state=Outbox.State.PENDING)
    # One that is being sent at this moment is not sent twice because of it.
    rows.exclude(held_until__gt=now).update(next_try_at=now)
    return rows.exists()


def settle(
    row: Outbox,
    state: Outbox.State,
    *,
    now: datetime,
    error: str = "",
    again_at: datetime | None = None,
) -> None:
    """Write down what became of a claimed row, and let go of it."""
    row.state, row.last_error, row.held_until = state, error[:2000], None
    row.next_try_at = again_at or now
    if state == Outbox.State.SENT:
        row.sent_at = now
    row.save(update_fields=["state", "last_error", "held_until", "next_try_at", "sent_at"])


def note_try(row: Outbox, *, now: datetime, began: float, status: int | None, error: str) -> None:
    """Keep what one try came to; `began` is the monotonic clock's time."""
    Attempt.objects.create(
        message=row,
        at=now,
        milliseconds=int((time.monotonic() - began) * 1000),
        status=status,
        error=error[:2000],
    )


def _send(row: Outbox, compose: Compose, *, now: datetime) -> None:
    began, failure = time.monotonic(), None
    try:
        message = compose(row, now)
        if message is None:
            settle(row, Outbox.State.DROPPED, now=now)
            return
        email.send(message)
    except TransportError as refused:
        failure = refused
    except Exception as unexpected:  # A message we cannot even write must not stop the others.
        logger.exception("A message could not be composed")
        failure = TransportError(str(unexpected))
    with transaction.atomic():
        _settle(row, failure, now=now)
        note_try(row, now=now, began=began, status=None, error=str(failure or ""))


def _settle(row: Outbox, failure: TransportError | None, *, now: datetime) -> None:
    if failure is None:
        settle(row, Outbox.State.SENT, now=now)
        return
    is_last = failure.permanent or row.attempts >= MOST_ATTEMPTS
    state = Outbox.State.DEAD if is_last else Outbox.State.PENDING
    again_at = now + BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    settle(row, state, now=now, error=str(failure), again_at=again_at)
