"""What changed in an inbox since a cursor: every change once, and none missed. Reads only.

Changes are in the order of `updated_at`, which a writer takes before it commits: an older one may
appear behind a cursor that has passed it. So a cursor also keeps a mark of what had been committed
when it was made, and a reader looks some way back for what came in later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from events.models import Event
from intents.models import Delivery

# No writer is this late: clients, locks and statements have all given up before.
LOOK_BACK = timedelta(minutes=2)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WRITTEN = re.compile(r"(\d{1,18}):([0-9a-fA-F-]{36})(?::(\d{1,18}))?", re.ASCII)
# Transaction ids go round; what is newer than the mark is the half of the circle ahead of it. That
# an event came with it tells a change from a reader's own marks on the row.
NEWER = "({}.xmin::text::bigint - %s + 4294967296) %% 4294967296 < 2147483648"
EVENT_TOO = "EXISTS (SELECT 1 FROM events_event e WHERE e.intent_id = intents_delivery.intent_id"
AFTER_MARK = f"{NEWER.format('intents_delivery')} AND {EVENT_TOO} AND {NEWER.format('e')})"
NEWEST_COMMIT = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class BadCursor(Exception):
    """This is no cursor of this inbox. Take it from `next_cursor`, or start without one."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed, `<microseconds>:<id of the delivery>`, and the mark it was made at."""

    at: datetime
    id: UUID
    mark: int | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the cursor a client sends back. Raises: BadCursor."""
        found = WRITTEN.fullmatch(text)
        try:
            micros, id, mark = found.groups() if found else ("", "", None)
            return cls(EPOCH + int(micros) * MICROSECOND, UUID(id), int(mark) if mark else None)
        except (ValueError, OverflowError) as failure:
            raise BadCursor(BadCursor.__doc__) from failure

    def __str__(self) -> str:
        place = f"{(self.at - EPOCH) // MICROSECOND}:{self.id}"
        return place if self.mark is None else f"{place}:{self.mark}"


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of the feed: the changed threads, and where to go on."""

    rows: Sequence[tuple[Cursor, Delivery]]
    next: Cursor | None
    has_more: bool


def changes(workspace_id: UUID, address: str, *, after: Cursor | None, limit: int) -> Changes:
    """Return what changed at an address behind a cursor, or all there is without one.

    Late ones come on top of the limit: were they counted, a page could hold nothing else while
    some transaction stays open, and the reader would not get on.
    """
    mark = _mark()  # Before the rows: what is committed in between comes twice, never not at all.
    rows = Delivery.objects.at(workspace_id, address).select_related("intent")
    late, ahead = ([], rows) if after is None else (_late(rows, after), rows.filter(_ahead(after)))
    found = list(ahead.order_by("updated_at", "id")[: limit + 1])
    told = [(Cursor(row.updated_at, row.id, mark), row) for row in [*late, *found[:limit]]]
    place = replace(after, mark=mark) if after else None
    if found:
        place = told[-1][0]
    return Changes(told, place, len(found) > limit)


def _ahead(after: Cursor) -> Q:
    return Q(updated_at__gt=after.at) | Q(updated_at=after.at, id__gt=after.id)


def _late(rows: QuerySet[Delivery], after: Cursor) -> list[Delivery]:
    """Return what stands before the cursor and was committed after it was made."""
    if after.mark is None:
        return []
    behind = rows.filter(updated_at__gte=after.at - LOOK_BACK).exclude(_ahead(after))
    return list(behind.filter(_committed_after(after.mark)).order_by("updated_at", "id"))


def _mark() -> int:
    """Return what everything committed so far is below, as far as a reader can know."""
    if connection.vendor != "postgresql":
        newest = Event.objects.order_by("-id").values_list("id", flat=True).first()
        return newest or 0
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_COMMIT)
        return int(cursor.fetchone()[0])


def _committed_after(mark: int) -> Any:
    """PostgreSQL knows which transaction wrote a row. SQLite has one writer at a time, so that
    the numbers of its events are in the order of their commits."""
    if connection.vendor != "postgresql":
        return Exists(Event.objects.filter(intent_id=OuterRef("intent_id"), id__gt=mark))
    return RawSQL(AFTER_MARK, [mark % 2**32] * 2, output_field=BooleanField())  # noqa: S611 - fixed text
