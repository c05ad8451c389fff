"""Puts the rows of the hot paths into SQL: one statement for one row as for sixty.

PostgreSQL gets all rows of a statement as one JSON text: the statement is the same for one row as
for sixty, and neither Django nor the driver has to turn each value into SQL. bulk_create took more
CPU than everything else in a create, bulk_update (a CASE for each field and row) yet more.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from events.journeys import Statement, send

Row = TypeVar("Row", bound=models.Model)
Conversion = tuple[int, Any, Callable[[Any, Any, Any], Any]]
Fields = tuple["models.Field[Any, Any]", ...]

ID: models.UUIDField[Any, Any] = models.UUIDField()


def reading(model: type[Row], rest: str, values: Sequence[Any]) -> Statement:
    """Return what reads rows of a model, by what `rest` says after FROM its table.

    For what every request asks: Django takes longer to put a query into words than PostgreSQL
    takes to answer it. Everything else is asked through the model's manager.
    """
    table = _quoted(model._meta.db_table)
    return Statement(f"SELECT {columns_of(model)} FROM {table} {rest}", values)  # noqa: S608


def rows_of(model: type[Row], found: Iterable[Sequence[Any]]) -> list[Row]:
    """Return rows of a model from their columns, as `columns_of` lists them."""
    names, conversions = _reading(model, connection.vendor)
    lines = [list(line) for line in found]
    for place, field, convert in conversions:
        for line in lines:
            line[place] = convert(line[place], field, connection)
    return [model.from_db(connection.alias, names, line) for line in lines]


@cache
def columns_of(model: type[models.Model]) -> str:
    """Return the columns of a model for a SELECT, each with its table's name."""
    table = _quoted(model._meta.db_table)
    fields = tuple(model._meta.concrete_fields)
    return ", ".join(f"{table}.{column}" for column in _columns(fields))


def in_list(ids: Collection[UUID] | Collection[str]) -> tuple[str, list[Any]]:
    """Return what comes after a column that is one of these, and its parameters."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [list(ids)]  # One text, and so one plan, for any number of them.
    marks = ", ".join(["%s"] * len(ids))
    return f"IN ({marks})", [
        ID.get_db_prep_value(id, connection) if isinstance(id, UUID) else id for id in ids
    ]


def insert_rows(
    rows: Sequence[models.Model], *, conflict: str = "", computed: "Computed | None" = None
) -> None:
    """Insert all rows in one statement; `conflict` is what SQL says after ON CONFLICT.

    Keys that the database counts up are not read back.
    """
    if not rows:
        return
    fields = _stored(type(rows[0]))
    source, values = _source(rows, fields)
    table, columns = _quoted(rows[0]._meta.db_table), ", ".join(_columns(fields))
    if computed:
        source = computed.over(source, fields)
    # Only names of our own columns are put into the text; every value is a parameter.
    sql = f"INSERT INTO {table} ({columns}) {source}"
    sql = f"{sql} ON CONFLICT {conflict}" if conflict else sql
    send(Statement(sql, values, is_write=True))
    for row in rows:
        row._state.adding = False


@dataclass(frozen=True)
class Computed:
    """A column whose value is worked out from the row `r` and a row `m` of another table."""

    column: str
    value: str
    table: str
    on: str

    def over(self, source: str, fields: Fields) -> str:
        """Return SQL that yields the rows of `source` with this column worked out."""
        columns = _columns(fields)
        own = _quoted(self.column)
        picked = ", ".join(self.value if name == own else f"r.{name}" for name in columns)
        return (
            f"WITH r({', '.join(columns)}) AS ({source}) "  # noqa: S608
            f"SELECT {picked} FROM r JOIN {_quoted(self.table)} m ON {self.on} WHERE true"
        )


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
    send(Statement(sql, values, is_write=True))


def write_where(sql: str, ids: Collection[UUID], *, values: Sequence[datetime] = ()) -> None:
    """Send an UPDATE or DELETE for some ids; the SQL ends with the column that is one of them."""
    if not ids:
        return
    some, parameters = in_list(ids)
    # SQLite keeps times as texts, which must all be spelled alike.
    own = [connection.ops.adapt_datetimefield_value(value) for value in values]
    send(Statement(f"{sql} {some}", [*own, *parameters], is_write=True))


def send_along(sql: str, values: list[Any]) -> None:
    """Write what no function above says, written out, as part of a journey."""
    send(Statement(sql, values, is_write=True))


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
def _reading(model: type[models.Model], vendor: str) -> tuple[list[str], list[Conversion]]:
    """Return the names of a model's fields, and how to convert which."""
    conversions = []
    for place, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        own = connection.ops.get_db_converters(column) + field.get_db_converters(connection)
        conversions += [(place, column, convert) for convert in own]
    return [field.attname for field in model._meta.concrete_fields], conversions


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
