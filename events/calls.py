"""Calling other machines: take a message, make the call, write down what came of it.

One call at a time to each machine, in order, so that a slow one is waited for by one thread only.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from events import outbox
from events.models import Outbox
from events.transports import TransportError, http
from events.transports.http import Call

# When a machine cannot be reached, what else is due for it waits this long.
REST = timedelta(seconds=15)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What is done with one kind of message.

    `compose` writes the call, or returns None when there is nothing to tell any more. `settle`
    draws the consequences of an answer, or of a failure, in one transaction.
    """

    compose: Callable[[Outbox, datetime], Call | None]
    settle: Callable[[Outbox, TransportError | None, datetime], None]


def send_next(kinds: Mapping[str, Kind], *, now: datetime) -> bool:
    """Make the call that is due longest, and tell whether there was one."""
    row = outbox.claim(now=now, queue=Outbox.Queue.CALLS)
    if row is not None:
        _send(row, kinds[row.kind], now=now)
    return row is not None


def _send(row: Outbox, kind: Kind, *, now: datetime) -> None:
    began, status, failure = time.monotonic(), None, None
    try:
        call = kind.compose(row, now)
        if call is None:
            outbox.settle(row, Outbox.State.DROPPED, now=now)
            return
        status = http.send(call)
    except TransportError as refused:
        status, failure = refused.status, refused
    except Exception as unexpected:  # A message we cannot even write must not stop the others.
        logger.exception("A call could not be composed")
        failure = TransportError(f"It could not be written: {type(unexpected).__name__}.")
    with transaction.atomic():
        kind.settle(row, failure, now)
        outbox.note_try(row, now=now, began=began, status=status, error=str(failure or ""))
    if failure is not None and status is None:
        _let_rest(row, now=now)


@transaction.atomic
def _let_rest(row: Outbox, *, now: datetime) -> None:
    """Do not let everything that is due for a machine that is away run into its silence."""
    due = Outbox.objects.due(now, queue=row.queue).filter(target_id=row.target_id)
    if connection.features.has_select_for_update_skip_locked:
        # What an action is writing is left to it: waiting for each other, one of us would fail.
        due = due.select_for_update(skip_locked=True)
    resting = list(due.values_list("id", flat=True))
    Outbox.objects.filter(id__in=resting).update(next_try_at=now + REST)
