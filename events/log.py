"""Writes events, and wakes whoever waits for them once the transaction has committed."""

from collections.abc import Iterable

from django.db import transaction

from events import bus, hands
from events.models import Event, Outbox
from events.rows import insert_rows


def record(events: Iterable[Event], *, topics: Iterable[str] = ()) -> None:
    """Insert events and, after the commit, wake their intents, their desks and extra topics."""
    rows = list(events)
    insert_rows(rows)
    wanted = {bus.intent_topic(row.intent_id) for row in rows}
    wanted |= {bus.desk_topic(row.workspace_id) for row in rows}
    wanted |= set(topics)
    transaction.on_commit(lambda: bus.wake(wanted), robust=True)


def tell(messages: Iterable[Outbox]) -> None:
    """Put messages into the outbox; one that is already there is left alone."""
    if rows := list(messages):
        insert_rows(rows, conflict="DO NOTHING")
        transaction.on_commit(hands.hurry, robust=True)
