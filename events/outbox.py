"""Sending the outbox: claim a batch, send each, and write down what came of it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from events.models import Outbox
from events.transports import email
from events.transports.email import Message, TransportError

BATCH = 50
# A claim lasts this long; a worker that died in it loses the row to the next one.
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 10
BACKOFF = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)]
logger = logging.getLogger(__name__)

# Writes the message for a row, or None when there is nothing to tell any more.
Compose = Callable[[Outbox, datetime], Message | None]


def send_due(compose: Compose, *, now: datetime) -> int:
    """Send one batch of due messages and return how many there were."""
    rows = claim(now=now)
    for row in rows:
        _send(row, compose, now=now)
    return len(rows)


@transaction.atomic
def claim(*, now: datetime, most: int = BATCH) -> Sequence[Outbox]:
    """Take due rows for ourselves for two minutes; no other worker gets them meanwhile."""
    due = Outbox.objects.due(now).order_by("next_try_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    rows = list(due[:most])
    # Counted before the try: a message that kills its worker must not be tried for ever.
    claimed = Outbox.objects.filter(id__in=[row.id for row in rows])
    claimed.update(next_try_at=now + LEASE, attempts=F("attempts") + 1)
    for row in rows:
        row.attempts += 1
    return rows


def retry(ids: Iterable[UUID], *, now: datetime) -> int:
    """Send messages again that are waiting or were given up; return how many there were."""
    states = [Outbox.State.DEAD, Outbox.State.PENDING]
    rows = Outbox.objects.filter(id__in=list(ids), state__in=states)
    return rows.update(state=Outbox.State.PENDING, next_try_at=now, attempts=0)


def _send(row: Outbox, compose: Compose, *, now: datetime) -> None:
    try:
        message = compose(row, now)
        if message is None:
            row.state = Outbox.State.DROPPED
        else:
            email.send(message)
            row.state, row.sent_at, row.last_error = Outbox.State.SENT, now, ""
    except TransportError as failure:
        _failed(row, failure, now=now)
    except Exception as failure:  # A message we cannot even write must not stop the others.
        logger.exception("A message could not be composed")
        _failed(row, TransportError(str(failure)), now=now)
    row.save(update_fields=["state", "sent_at", "last_error", "next_try_at"])


def _failed(row: Outbox, failure: TransportError, *, now: datetime) -> None:
    row.last_error = str(failure)[:2000]
    if failure.permanent or row.attempts >= MOST_ATTEMPTS:
        row.state = Outbox.State.DEAD
    row.next_try_at = now + BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
