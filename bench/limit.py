"""The limit: the rows of one create, written by bare psycopg loops in one transaction each.

One process and one connection for each client, statements prepared, nothing but the inserts.
"""

import json
import multiprocessing
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.creates import PAYLOAD, WARM_UP_SECONDS, address

INTENT = """
    INSERT INTO intents_intent (id, workspace_id, key_id, type, correlation_id, from_agent,
        from_address, to_agent, to_address, reply_to, payload, status, waiting_reason, handler,
        seq, reminders, controls, policy, policy_generation, scenario_id, step_id, created_at,
        updated_at)
    VALUES (%(id)s, %(workspace)s, %(key)s, 'refund.v1', %(correlation)s, %(sender)s, %(sender)s,
        %(to)s, %(to)s, '', %(payload)s::jsonb, 'DELIVERED', '', '', 3, '{}', '{}', '{}', 0,
        '', '', %(now)s, %(now)s)"""
EVENT = """(%(workspace)s, %(id)s, {seq}, 'intent.{type}', '{status}', %(sender)s, '', '', NULL,
    '{data}', '', %(now)s)"""
EVENTS = (
    "INSERT INTO events_event (workspace_id, intent_id, seq, type, status, actor, handler, "
    "waiting_reason, pending_with, data, trace_id, at) VALUES "
    + ", ".join(
        EVENT.format(seq=seq, type=status.lower(), status=status, data=data)
        for seq, (status, data) in enumerate(
            [("CREATED", "{}"), ("SUBMITTED", "{}"), ("DELIVERED", '{"delivery_attempt": 1}')],
            start=1,
        )
    )
)
MAILBOX = """
    INSERT INTO intents_mailbox (workspace_id, address, seq) VALUES (%(workspace)s, %(to)s, 2)
    ON CONFLICT (workspace_id, address) DO UPDATE SET seq = intents_mailbox.seq + 2
    RETURNING seq"""
DELIVERY = """
    INSERT INTO intents_delivery (id, workspace_id, intent_id, address, literal, seq, purpose,
        attempt, is_paused, last_error, delegated_to, created_at, updated_at)
    VALUES (%(delivery)s, %(workspace)s, %(id)s, %(to)s, %(to)s, %(seq)s, 'work', 1, false, '',
        '', %(now)s, %(now)s)"""


def measure(database_url: str, clients: int, seconds: float) -> float:
    """Return transactions per second of so many loops at once."""
    forked = multiprocessing.get_context("fork")
    starts_at = time.monotonic() + WARM_UP_SECONDS
    answers: Any = forked.Queue()
    args = (database_url, starts_at, starts_at + seconds, answers)
    loops = [forked.Process(target=_loop, args=(n, *args)) for n in range(clients)]
    for loop in loops:
        loop.start()
    total = sum(answers.get(timeout=60) for _ in loops)
    for loop in loops:
        loop.join()
    return float(total / seconds)


def _loop(number: int, url: str, starts_at: float, ends_at: float, answers: Any) -> None:
    with psycopg.connect(url, autocommit=True, prepare_threshold=1) as connection:
        workspace, key = connection.execute(
            "SELECT workspace_id, id FROM accounts_apikey ORDER BY created_at, id LIMIT 1"
        ).fetchone() or (None, None)
        done = 0
        while (now := time.monotonic()) < ends_at:
            _write(connection, number, workspace, key)
            done += now >= starts_at
    answers.put(done)


def _write(connection: psycopg.Connection[Any], number: int, workspace: UUID, key: UUID) -> None:
    row: dict[str, Any] = {
        "id": uuid4(), "workspace": workspace, "key": key, "correlation": uuid4(),
        "delivery": uuid4(), "sender": "key:bench", "to": address(number),
        "payload": json.dumps(PAYLOAD), "now": datetime.now(UTC),
    }  # fmt: skip
    with connection.transaction():
        connection.execute(INTENT, row)
        connection.execute(EVENTS, row)
        # The order of the real thing: the address is locked as late as possible.
        row["seq"] = connection.execute(MAILBOX, row).fetchone()[0]  # type: ignore[index]
        connection.execute(DELIVERY, row)
