"""The rows of a list, in groups by time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from approvals.desk import ended, times
from approvals.desk.words import name_of
from approvals.models import Gate


@dataclass(frozen=True, slots=True)
class Row:
    """A gate as a list shows it: what, who asks, by when, and how it stands."""

    gate: Gate
    group: str
    who: str
    due: times.Due
    stands: str


def ahead(gates: Iterable[Gate], *, now: datetime) -> list[tuple[str, list[Row]]]:
    """Return open gates in groups by their deadline."""
    return _grouped(gates, lambda gate: times.ahead(gate.due_at, now=now), now=now)


def behind(gates: Iterable[Gate], *, now: datetime) -> list[tuple[str, list[Row]]]:
    """Return closed gates in groups by the day they ended."""
    return _grouped(gates, lambda gate: times.behind(gate.closed_at or now, now=now), now=now)


def row(gate: Gate, *, now: datetime, group: str = "") -> Row:
    due = times.due(gate.due_at, now=now)
    if gate.closed_at:
        due = times.Due(times.clock(gate.closed_at, now=now), due.said, due.clock)
    return Row(gate, group, name_of(gate.asker), due, stands(gate, now=now))


def stands(gate: Gate, *, now: datetime) -> str:
    """Return the row's last words: how long ago it was asked, or how it ended."""
    if not gate.is_open:
        return ended.said(gate)
    age = now - gate.opened_at
    if age < timedelta(days=1):
        return f"{times.span(age)} ago"
    return f"asked {times.day(gate.opened_at, now=now)}"


def _grouped(
    gates: Iterable[Gate], group_of: Callable[[Gate], str], *, now: datetime
) -> list[tuple[str, list[Row]]]:
    rows = [row(gate, now=now, group=group_of(gate)) for gate in gates]
    return [(title, list(group)) for title, group in groupby(rows, key=lambda row: row.group)]
