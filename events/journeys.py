"""Sends SQL to the database with as few journeys as there can be; `rows` writes the SQL.

Each journey to PostgreSQL wakes two processes, so what is asked together travels together, and what
is written is sent at the end. SQLite is in our own process: there nothing travels.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its values. A write returns no rows."""

    sql: str
    values: Sequence[Any]
    is_write: bool = False


class _HeldBack(threading.local):
    """What this thread has to send at the end of its journey; None when there is no journey."""

    statements: list[Statement] | None = None


_held_back = _HeldBack()


def ask(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Send statements in one journey, in this order, and return the rows of each."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql" or len(statements) < 2:
        return [_answer(s, _run(database, s)) for s in statements]
    database.ensure_connection()
    with database.wrap_database_errors, database.connection.pipeline():
        cursors = [_run(database, s) for s in statements]
    return [_answer(s, cursor) for s, cursor in zip(statements, cursors, strict=True)]


def send(statement: Statement) -> None:
    """Write now or, inside `one_journey`, at its end."""
    if _held_back.statements is None:
        ask(statement)
    else:
        _held_back.statements.append(statement)


@contextmanager
def one_journey() -> Iterator[None]:
    """Hold back what is written inside, and send it at the end, in that order.

    What is written inside cannot be read inside.
    """
    if _held_back.statements is not None:
        yield
        return
    statements: list[Statement] = []
    _held_back.statements = statements
    try:
        yield
    finally:
        _held_back.statements = None
    ask(*statements)


def _run(database: Any, statement: Statement) -> Any:
    """Execute on a cursor of the driver, where the statement is prepared, or on Django's.

    Django's costs as much again as the driver's, but it alone tells a test what was executed.
    """
    if database.vendor != "postgresql" or database.queries_logged:
        cursor = database.cursor()
        cursor.execute(statement.sql, statement.values)
        return cursor
    database.ensure_connection()
    with database.wrap_database_errors:
        cursor = psycopg.Cursor(database.connection)
        return cursor.execute(statement.sql, statement.values, prepare=True)


def _answer(statement: Statement, cursor: Any) -> list[tuple[Any, ...]]:
    return [] if statement.is_write else list(cursor.fetchall())
