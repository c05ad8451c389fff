"""Puts intents before addresses: the stream's order, closing, pausing and offering again.

Everything here runs inside the transaction of an action and writes only delivery rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from events import bus
from events.rows import Computed, insert_rows, write_where
from intents.models import Delivery, Intent, Mailbox

# Work that was read and never answered is offered again after this long, then ever less often.
VISIBLE_FOR = timedelta(seconds=60)
LONGEST = timedelta(hours=1)
# There is one row for each intent and address; being put there again moves it.
PUT_AGAIN = "(intent_id, address) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}"
    for name in ("seq", "updated_at", "closed_at", "purpose", "delegated_to")
)
NUMBER = Computed(
    column="seq",
    value="m.seq - r.seq",
    table="intents_mailbox",
    on="m.workspace_id = r.workspace_id AND m.address = r.address",
)
# Written out, as every answer and every outcome needs it.
CLOSE = (
    "UPDATE intents_delivery SET closed_at = %s, next_try_at = NULL, updated_at = %s "
    "WHERE closed_at IS NULL AND intent_id"
)
Box = tuple[UUID, str]


def place(deliveries: Sequence[Delivery], *, now: datetime) -> set[str]:
    """Insert deliveries at the end of their addresses' streams; return the topics to wake."""
    left: Counter[Box] = Counter()
    for delivery in reversed(deliveries):
        # How far it is from its address's last number, which the database alone knows.
        box = (delivery.workspace_id, delivery.address)
        delivery.seq = left[box]
        left[box] += 2
    _count_up(left, now=now)
    insert_rows(deliveries, conflict=PUT_AGAIN, computed=NUMBER)
    return {bus.address_topic(*box) for box in left}


def offer_again(delivery: Delivery, *, now: datetime) -> set[str]:
    """Move a delivery to the end of its stream as one attempt more; return the topics to wake."""
    box = (delivery.workspace_id, delivery.address)
    _count_up(Counter({box: 2}), now=now)
    delivery.seq = Mailbox.objects.get(workspace=box[0], address=box[1]).seq
    delivery.attempt += 1
    delivery.offered_at = None
    delivery.next_try_at = None
    delivery.updated_at = now
    delivery.save(update_fields=["seq", "attempt", "offered_at", "next_try_at", "updated_at"])
    return {bus.address_topic(*box)}


def offered(deliveries: Iterable[Delivery], *, now: datetime) -> None:
    """Remember that these were written to a reader, and when to try again without an answer."""
    by_attempt: defaultdict[int, list[UUID]] = defaultdict(list)
    for delivery in deliveries:
        by_attempt[delivery.attempt].append(delivery.id)
    # Rows that an action holds are being changed anyway; waiting for them could deadlock.
    fresh = Delivery.objects.filter(closed_at=None, offered_at=None)
    for attempt, ids in by_attempt.items():
        again_at = now + patience(attempt=attempt)
        fresh.filter(id__in=ids).update(offered_at=now, next_try_at=again_at)


def answered(intent_ids: Iterable[UUID], address: str | None, *, now: datetime) -> None:
    """The agent showed a sign: it has the work. Only much later is it offered again."""
    rows = Delivery.objects.filter(intent__in=list(intent_ids), address=address or "")
    rows.update(acknowledged_at=now, next_try_at=now + LONGEST, updated_at=now, is_paused=False)


def reclaim(intent_id: UUID) -> None:
    """A new question is everybody's again, whoever had handed on the one before."""
    Delivery.objects.filter(intent=intent_id).update(delegated_to="")


def touch(intent_ids: Iterable[UUID], *, now: datetime) -> None:
    """Something happened that whoever follows these threads shall see."""
    Delivery.objects.filter(intent__in=list(intent_ids)).update(updated_at=now)


def close(intent_ids: Iterable[UUID], *, now: datetime) -> None:
    """Nothing is left to do for these intents."""
    write_where(CLOSE, list(intent_ids), values=[now, now])


def pause(intent_ids: Iterable[UUID], *, now: datetime) -> None:
    """A person is asked: their agents have nothing to do until that is answered."""
    Delivery.objects.filter(intent__in=list(intent_ids)).update(is_paused=True, updated_at=now)


def resume(intent_ids: Iterable[UUID], *, now: datetime) -> None:
    """The person has answered and the intent goes on with its agent."""
    rows = Delivery.objects.filter(intent__in=list(intent_ids))
    rows.update(is_paused=False, updated_at=now)
    # Who was never handed it uses up no attempt.
    rows.filter(offered_at__isnull=False).update(next_try_at=now + VISIBLE_FOR)


def patience(*, attempt: int) -> timedelta:
    """Return how long an attempt may stay unanswered: a minute, doubling, an hour at most."""
    # Beyond six doublings it is an hour anyway, and thousands of them are no timedelta.
    doubled: int = 2 ** min(max(0, attempt - 1), 6)
    return min(VISIBLE_FOR * doubled, LONGEST)


def copies(intent: Intent, addresses: dict[str, str], *, now: datetime) -> list[Delivery]:
    """Return inbox copies of an intent for more addresses (canonical form to literal)."""
    return [
        Delivery(
            workspace_id=intent.workspace_id,
            intent=intent,
            address=address,
            literal=literal,
            purpose=Delivery.Purpose.COPY,
            closed_at=now if intent.is_over else None,
            created_at=now,
            updated_at=now,
        )
        for address, literal in addresses.items()
    ]


def _count_up(wanted: "Counter[Box]", *, now: datetime) -> None:
    """Move the counters of addresses on, and keep each locked until commit.

    Numbers are even and follow the clock, so they never go backwards, not even after a restore.
    """
    clock = int(now.timestamp() * 500) * 2
    greatest = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    # In the order of the addresses, so that two batches never wait for each other.
    boxes = [
        Mailbox(workspace_id=workspace_id, address=address, seq=clock)
        for workspace_id, address in sorted(wanted)
    ]
    # Numbers may be skipped: rounded up, few different statements have to be planned.
    room = 2 ** max(wanted.values(), default=1).bit_length()
    last = f"{greatest}(intents_mailbox.seq + {room}, excluded.seq)"
    insert_rows(boxes, conflict=f"(workspace_id, address) DO UPDATE SET seq = {last}")
