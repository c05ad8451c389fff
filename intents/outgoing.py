"""What leaves this server because something happened to an intent: pushes to agents, and news.

Written by the database itself in one statement of the action's own transaction, which costs next
to nothing where no agent is called and nobody has subscribed (decision 15).
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Agent
from events import hands
from events.models import Outbox, Subscription
from events.rows import in_list, send_along
from intents.models import Intent

PUSH, NEWS = "push", "news"
# Whoever looks here only wants to know whether hurrying is worth it: a second more or less.
TRUST_SECONDS = 2.0
COLUMNS = """
    id, workspace_id, queue, kind, subject_id, target_id, number, dedupe,
    state, attempts, next_try_at, last_error, created_at"""
# Work before an agent that is called, which nobody has been handed yet; once for each attempt.
PUSHES = """
    SELECT {id}, d.workspace_id, 'calls', 'push', d.id, a.id, d.attempt, {push},
        'pending', 0, %s, '', %s
    FROM accounts_agent a
    JOIN intents_delivery d ON d.workspace_id = a.workspace_id AND d.address = a.address
    WHERE a.delivery_mode = 'http' AND a.callback_url <> '' AND a.is_on AND a.killed_at IS NULL
        AND d.purpose = 'work' AND d.closed_at IS NULL AND NOT d.is_paused
        AND d.offered_at IS NULL AND d.next_try_at IS NULL"""
# That something happened; who is told what of it is worked out later, by `announcing`.
TIDINGS = """
    SELECT {id}, i.workspace_id, 'news', 'news', i.id, NULL, i.seq, {news},
        'pending', 0, %s, '', %s
    FROM intents_intent i
    WHERE EXISTS (SELECT 1 FROM events_subscription WHERE is_active AND revoked_at IS NULL)
        AND EXISTS (
            SELECT 1 FROM events_subscription s WHERE s.workspace_id = i.workspace_id
            AND s.is_active AND s.revoked_at IS NULL)"""
# What was dropped while a person was asked is wanted again once it goes on.
AGAIN = """
    ON CONFLICT (dedupe) DO UPDATE SET state = 'pending', next_try_at = excluded.next_try_at
    WHERE events_outbox.state = 'dropped'"""
NAMES = {
    "push": "'push:' || d.id || ':' || d.attempt",
    "news": "'news:' || i.id || ':' || i.seq",
}
_ears: tuple[float, frozenset[UUID]] = (0.0, frozenset())


def put_out(intents: Sequence[Intent], *, at: Sequence[datetime]) -> None:
    """Leave word of what was just written about these intents, for whoever is called for it."""
    if not intents:
        return
    some, ids = _listed({intent.id for intent in intents})
    since = connection.ops.adapt_datetimefield_value(min(at))
    pushes, tidings = f"{PUSHES} AND d.intent_id {some}", f"{TIDINGS} AND i.id {some}"
    _insert(f"{pushes} UNION ALL {tidings}", [since, since, *ids, since, since, *ids])
    spaces = {intent.workspace_id for intent in intents}
    transaction.on_commit(partial(_hurry, spaces), robust=True)


def push_waiting(*, now: datetime) -> None:
    """Push what already waited when its agent began to be called, or was switched on again."""
    at = connection.ops.adapt_datetimefield_value(now)
    _insert(PUSHES, [at, at])


def _insert(rows: str, values: list[Any]) -> None:
    # Made of our own words only; every value is a parameter.
    sql = f"INSERT INTO {Outbox._meta.db_table} ({COLUMNS}) {rows} {AGAIN}"
    sql = sql.format(**_words())
    send_along(sql, values)


def _listed(ids: set[UUID]) -> tuple[str, list[Any]]:
    """Return how to say "one of these", so that PostgreSQL plans it once and for all.

    What it knows the length of, it plans anew each time, which takes longer than all the rest.
    """
    if connection.vendor == "postgresql":
        some = "SELECT CAST(value AS uuid) FROM json_array_elements_text(CAST(%s AS json))"
        return f"IN ({some})", [json.dumps([str(id) for id in ids])]
    return in_list(ids)


def _words() -> dict[str, str]:
    """Return what this database calls a new id, and the names by which a row is put in once."""
    is_sqlite = connection.vendor == "sqlite"
    return NAMES | {"id": "lower(hex(randomblob(16)))" if is_sqlite else "gen_random_uuid()"}


def _hurry(workspaces: set[UUID]) -> None:
    if workspaces & _with_ears():
        hands.hurry(hands.CALLS)


def _with_ears() -> frozenset[UUID]:
    """Return the workspaces in which somebody is called, as of two seconds ago at most."""
    global _ears
    if time.monotonic() > _ears[0] + TRUST_SECONDS:
        called = Agent.objects.called().values_list("workspace_id")
        told = Subscription.objects.live().values_list("workspace_id")
        _ears = time.monotonic(), frozenset(id for (id,) in called.union(told))
    return _ears[1]
