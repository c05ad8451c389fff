"""Reads and writes the rows of the hot paths: one statement for many rows, one journey for many.

PostgreSQL gets all rows of a statement as one JSON text: the statement is the same for one row as
for sixty, and neither Django nor the driver has to turn each value into SQL. bulk_create took more
CPU than everything else in a create, bulk_update (a CASE for each field and row) yet more.
"""

import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models.sql import DeleteQuery, UpdateQuery

Row = TypeVar("Row", bound=models.Model)
Statement = tuple[str, list[Any]]
Conversion = tuple[int, Any, Callable[[Any, Any, Any], Any]]
Fields = tuple["models.Field[Any, Any]", ...]

ID: models.UUIDField[Any, Any] = models.UUIDField()


class _HeldBack(threading.local):
    """What this thread has to send at the end of its journey; None when there is no journey."""

    statements: list[Statement] | None = None


_held_back = _HeldBack()


def read_rows(model: type[Row], rest: str, values: Sequence[Any]) -> list[Row]:
    """Return rows of a model by what `rest` says after FROM its table; `in_list` writes lists.

    For what every request asks: Django takes longer to put a query into words than PostgreSQL
    takes to answer it. Everything else is asked through the model's manager.
    """
    names, sql, conversions = _reading(model, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} {rest}", values)
        found = [list(row) for row in cursor.fetchall()]
    for place, field, convert in conversions:
        for row in found:
            row[place] = convert(row[place], field, connection)
    return [model.from_db(connection.alias, names, row) for row in found]


def in_list(ids: Collection[UUID]) -> tuple[str, list[Any]]:
    """Return `IN (…)` for some ids, and its parameters in the database's own form."""
    marks = ", ".join(["%s"] * len(ids))
    return f"IN ({marks})", [ID.get_db_prep_value(id, connection) for id in ids]


def insert_rows(rows: Sequence[models.Model], *, conflict: str = "") -> None:
    """Insert all rows in one statement; `conflict` is what SQL says after ON CONFLICT.

    Keys that the database counts up are not read back.
    """
    if not rows:
        return
    fields = _stored(type(rows[0]))
    source, values = _source(rows, fields)
    table, columns = _quoted(rows[0]._meta.db_table), ", ".join(_columns(fields))
    # Only names of our own columns are put into the text; every value is a parameter.
    sql = f"INSERT INTO {table} ({columns}) {source}"
    _send(f"{sql} ON CONFLICT {conflict}" if conflict else sql, values)
    for row in rows:
        row._state.adding = False


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of all rows in one UPDATE. The rows must be locked or new to us."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = _named(type(rows[0]), tuple(names))
    source, values = _source(rows, fields)
    table, (key, *columns) = _quoted(meta.db_table), _columns(fields)
    sql = (
        f"WITH v({', '.join([key, *columns])}) AS ({source}) UPDATE {table} "  # noqa: S608
        f"SET {', '.join(f'{name} = v.{name}' for name in columns)} "
        f"FROM v WHERE {table}.{key} = v.{key}"
    )
    _send(sql, values)


def update_where(rows: models.QuerySet[Any], **values: Any) -> None:
    """Do what `rows.update(**values)` does, as part of a journey."""
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(values)
    _send_query(query)


def delete_where(rows: models.QuerySet[Any]) -> None:
    """Delete rows that nothing points to, as part of a journey."""
    _send_query(rows.query.chain(DeleteQuery))


def send_along(sql: str, values: list[Any]) -> None:
    """Do what no function above says, written out, as part of a journey."""
    _send(sql, values)


@contextmanager
def one_journey() -> Iterator[None]:
    """Hold back what the functions above write inside, and send it at the end, in that order.

    Each journey to PostgreSQL costs waking two processes; SQLite is in ours and needs none. What
    is written inside cannot be read inside.
    """
    if connection.vendor != "postgresql" or _held_back.statements is not None:
        yield
        return
    statements: list[Statement] = []
    _held_back.statements = statements
    try:
        yield
    finally:
        _held_back.statements = None
    if statements:
        _execute("; ".join(sql for sql, _ in statements), [v for _, vs in statements for v in vs])


def _send_query(query: Any) -> None:
    with suppress(EmptyResultSet):
        sql, values = query.get_compiler(connection=connection).as_sql()
        _send(sql, list(values))


def _send(sql: str, values: list[Any]) -> None:
    if _held_back.statements is None:
        _execute(sql, values)
    else:
        _held_back.statements.append((sql, values))


def _execute(sql: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _source(rows: Sequence[models.Model], fields: Fields) -> tuple[str, list[Any]]:
    """Return SQL that yields these fields of the rows, and its parameters."""
    if connection.vendor == "postgresql":
        table = _quoted(rows[0]._meta.db_table)
        columns = ", ".join(_columns(fields))
        sql = f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)"  # noqa: S608
        return sql, [_as_json(rows, fields)]
    line = "(" + ", ".join(["%s"] * len(fields)) + ")"
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for row in rows
        for field in fields
    ]
    return f"VALUES {', '.join([line] * len(rows))}", values


def _as_json(rows: Sequence[models.Model], fields: Fields) -> str:
    """Return the rows as JSON objects. What is left out, because it is None, is NULL."""
    names = [(field.attname, field.column) for field in fields]
    lines = [
        {column: value for name, column in names if (value := getattr(row, name)) is not None}
        for row in rows
    ]
    # Ids and times become their text, which PostgreSQL reads in the column's own type.
    return json.dumps(lines, default=str, separators=(",", ":"), allow_nan=False)


@cache
def _reading(model: type[models.Model], vendor: str) -> tuple[list[str], str, list[Conversion]]:
    """Return the names of a model's fields, the SQL that reads them, and how to convert which."""
    fields = tuple(model._meta.concrete_fields)
    columns = ", ".join(_columns(fields))
    conversions = []
    for place, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        own = connection.ops.get_db_converters(column) + field.get_db_converters(connection)
        conversions += [(place, column, convert) for convert in own]
    sql = f"SELECT {columns} FROM {_quoted(model._meta.db_table)}"  # noqa: S608
    return [field.attname for field in fields], sql, conversions


@cache
def _stored(model: type[models.Model]) -> Fields:
    """Return the fields of a new row: all but a key that the database counts up."""
    return tuple(f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField))


@cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> Fields:
    meta = model._meta
    return (meta.pk, *(meta.get_field(name) for name in names))  # type: ignore[arg-type]


@cache
def _columns(fields: Fields) -> tuple[str, ...]:
    return tuple(_quoted(str(field.column)) for field in fields)


@cache
def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
