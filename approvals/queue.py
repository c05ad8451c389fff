"""What a person may see, as lists: waiting for them, open, done, unclaimed. Reads only.

Every list is read by a key, never by an offset, and every count stops at a hundred.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Self
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.actor import Actor
from approvals.models import Decision, Gate, Seat, reviewers_of, seat_of
from intents.lifecycle import Status
from intents.models import Delivery

PAGE = 50
MOST = 100
# Work is unclaimed when nobody has come for it this long.
PATIENCE = timedelta(seconds=5)
DECIDED = Prefetch("decisions", Decision.objects.select_related("person").order_by("at", "id"))

Key = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, the cursor of the next, and how many there are as far as was read."""

    rows: list[Any]
    after: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row a person has seen; the next page starts behind it."""

    at: datetime
    id: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the cursor in a link, or None for the first page and for nonsense."""
        at, _, id = text.partition(",")
        try:
            moment = datetime.fromisoformat(at)
            return cls(moment.astimezone(UTC), UUID(id)) if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def behind(self, at: str, id: str) -> Q:
        return Q(**{f"{at}__gte": self.at}) & (
            Q(**{f"{at}__gt": self.at}) | Q(**{f"{id}__gt": self.id})
        )

    def before(self, at: str, id: str) -> Q:
        return Q(**{f"{at}__lte": self.at}) & (
            Q(**{f"{at}__lt": self.at}) | Q(**{f"{id}__lt": self.id})
        )


def waiting(actor: Actor, *, after: Cursor | None = None) -> Page:
    """Return the open gates this person may answer, the most urgent first."""
    keys = list(dict.fromkeys(merge(*_seats(actor, after))))[:MOST]
    page = _page(Gate.objects.select_related("workspace"), keys, count=None if after else len(keys))
    # A seat may outlive a role by a moment; who may decide is asked again in any case.
    page.rows[:] = [g for g in page.rows if g.is_open and g.workspace_id in actor.reviews]
    return page


def tasks(actor: Actor, *, most: int) -> list[Gate]:
    """Return what `waiting` does, with its intents and without pages, for a program of theirs."""
    mine = Seat.objects.filter(holder__in=holders(actor)).values("gate")
    rows = Gate.objects.open().filter(workspace__in=actor.reviews, id__in=mine)
    return list(rows.select_related("intent").order_by("rank_at", "id")[:most])


def next_after(gate: Gate, actor: Actor) -> UUID | None:
    """Return the gate that follows this one in a person's queue, or the first there is."""
    here = Cursor(gate.rank_at, gate.id)
    for cursor in (here, None):
        for _, id in dict.fromkeys(merge(*_seats(actor, cursor, most=1))):
            return id
    return None


def open_gates(actor: Actor, *, after: Cursor | None = None) -> Page:
    """Return all open gates of a person's workspaces, the most urgent first."""
    lists = [
        _keys(Gate.objects.open().filter(workspace=space), after, "rank_at", "id")
        for space in _sorted(actor.workspaces)
    ]
    keys = list(islice(merge(*lists), PAGE + 1))
    return _page(Gate.objects.select_related("workspace"), keys)


def done(actor: Actor, *, before: Cursor | None = None) -> Page:
    """Return the closed gates of a person's workspaces, the latest first, with their decisions."""
    lists: list[list[Key]] = []
    for space in _sorted(actor.workspaces):
        rows = Gate.objects.closed().filter(workspace=space)
        rows = rows.filter(before.before("closed_at", "id")) if before else rows
        found = rows.order_by("-closed_at", "-id").values_list("closed_at", "id")
        lists.append([(at, id) for at, id in found[: PAGE + 1] if at])
    keys = list(islice(merge(*lists, reverse=True), PAGE + 1))
    return _page(Gate.objects.select_related("workspace").prefetch_related(DECIDED), keys)


def unclaimed(actor: Actor, *, now: datetime, after: Cursor | None = None) -> Page:
    """Return work that nobody serves, the oldest first."""
    lists = [
        _keys(_unserved(now).filter(workspace=space), after, "created_at", "id")
        for space in _sorted(actor.workspaces)
    ]
    keys = list(islice(merge(*lists), PAGE + 1))
    return _page(Delivery.objects.select_related("intent__workspace"), keys)


def waiting_count(actor: Actor) -> int:
    """Return how many gates wait for this person, a hundred at most."""
    return len(list(islice(dict.fromkeys(merge(*_seats(actor, None))), MOST)))


def open_count(actor: Actor) -> int:
    return len(Gate.objects.open().visible_to(actor).order_by()[:MOST].values_list("id"))


def unclaimed_count(actor: Actor, *, now: datetime) -> int:
    rows = _unserved(now).filter(workspace__in=actor.workspaces)
    return len(rows.order_by()[:MOST].values_list("id"))


def was_ever_asked(actor: Actor) -> bool:
    return Gate.objects.visible_to(actor).order_by().exists()


def find(gate_id: UUID, actor: Actor) -> Gate | None:
    """Return a gate this person may see, with its intent, or None: elsewhere it does not exist."""
    gates = Gate.objects.visible_to(actor).select_related("intent__key", "workspace")
    return gates.filter(id=gate_id).prefetch_related(DECIDED).first()


def changed(actor: Actor, *, since: datetime) -> list[Gate]:
    """Return gates of this person's workspaces that changed, the latest fifty."""
    rows = Gate.objects.visible_to(actor).filter(changed_at__gt=since)
    return list(rows.prefetch_related(DECIDED).order_by("-changed_at", "-id")[:PAGE])


def changed_keys(actor: Actor, *, since: datetime) -> dict[UUID, datetime]:
    """Return which gates of this person's workspaces changed and when, the latest fifty."""
    rows = Gate.objects.visible_to(actor).filter(changed_at__gt=since)
    return dict(rows.order_by("-changed_at", "-id").values_list("id", "changed_at")[:PAGE])


def due_before(actor: Actor, *, until: datetime) -> list[Gate]:
    """Return the open gates whose time is near; their rows count the minutes."""
    rows = Gate.objects.open().visible_to(actor).filter(rank_at__lte=until)
    return list(rows.order_by("rank_at", "id")[:PAGE])


def arrived(actor: Actor, *, since: datetime, is_mine: bool) -> int:
    """Return how many open gates came after a list was read, a hundred at most."""
    rows = Gate.objects.open().visible_to(actor).filter(changed_at__gt=since, opened_at__gt=since)
    if is_mine:
        rows = rows.filter(seats__holder__in=holders(actor), workspace__in=actor.reviews)
    return len(set(rows.order_by().values_list("id", flat=True)[:MOST]))


def holders(actor: Actor) -> list[str]:
    """Return the seats this person may take."""
    return [seat_of(actor.user_id), *(reviewers_of(space) for space in _sorted(actor.reviews))]


def _seats(actor: Actor, after: Cursor | None, *, most: int = MOST) -> list[list[Key]]:
    """One query for each holder: each is a walk along one index, whatever the number of gates."""
    return [
        _keys(Seat.objects.filter(holder=holder), after, "rank_at", "gate_id", most=most)
        for holder in holders(actor)
    ]


def _keys(
    rows: QuerySet[Any], after: Cursor | None, at: str, id: str, *, most: int = PAGE + 1
) -> list[Key]:
    rows = rows.filter(after.behind(at, id)) if after else rows
    return list(rows.order_by(at, id).values_list(at, id)[:most])


def _page(rows: QuerySet[Any], keys: Sequence[Key], *, count: int | None = None) -> Page:
    """Read the rows of these keys by id alone: any other condition tempts a planner into a scan."""
    shown = [id for _, id in keys[:PAGE]]
    found = {row.id: row for row in rows.filter(id__in=shown)} if shown else {}
    at, id = keys[PAGE - 1] if len(keys) > PAGE else (None, None)
    after = f"{at.isoformat()},{id}" if at else ""
    return Page([found[id] for id in shown if id in found], after, count)


def _unserved(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.actionable().filter(
        offered_at=None, created_at__lte=now - PATIENCE, intent__status=Status.DELIVERED
    )


def _sorted(spaces: Iterable[UUID]) -> list[UUID]:
    return sorted(spaces, key=str)
