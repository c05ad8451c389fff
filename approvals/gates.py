"""Stores opened gates with all that belongs to them, and closes them. Inside actions only."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.addresses import ANYONE, canonical
from approvals import rules
from approvals.directory import Directory
from approvals.models import Gate, Seat, reviewers_of, seat_of
from approvals.opening import told
from events import log
from events.models import Outbox
from events.rows import insert_rows
from intents import deliveries
from intents.change import Change
from intents.lifecycle import WaitingFor
from intents.models import Delivery

CHANGES_EVERY = timedelta(minutes=5)
ASKED, REMINDER, ESCALATED = "gate.asked", "gate.reminder", "gate.escalated"
DELEGATED = "gate.delegated"


def hold(change: Change, gate: Gate, *, data: dict[str, Any]) -> None:
    """Let the intent wait for people at this gate."""
    change.wait(WaitingFor.HUMAN, pending_with=pending_with(gate), data=data)
    change.note("intent.human_task_assigned", described(gate))


def pending_with(gate: Gate) -> dict[str, str]:
    return {"type": "human", "ref": str(gate.id), "name": gate.get_kind_display()}


def described(gate: Gate) -> dict[str, Any]:
    """Return what the trail and the agent's stream say of a gate; never the whole payload."""
    return {
        "approval_id": str(gate.id),
        "task_type": gate.kind,
        "title": gate.title,
        "allowed_outcomes": [o["value"] for o in gate.outcomes if not o["is_hidden"]],
        "version": gate.version,
        "digest": gate.digest,
        "due_at": gate.due_at.isoformat() if gate.due_at else None,
    }


def store(gates: Sequence[Gate], directory: Directory, *, now: datetime) -> None:
    """Insert gates with the seats of those who may answer, and a notice to each of them."""
    if not gates:
        return
    insert_rows(gates)
    insert_rows([seat for gate in gates for seat in seats(gate)])
    tell_asked(gates, directory, now=now)


def tell_asked(gates: Sequence[Gate], directory: Directory, *, now: datetime) -> None:
    """Put a notice of each gate, as it is now, into the outbox for each person who hears of it."""
    log.tell(
        notice(gate, ASKED, person.id, now=now)
        for gate in gates
        for person in told(gate, directory, notify=_notify(gate))
    )


def seats(gate: Gate, *, reviewers: Iterable[int] = ()) -> list[Seat]:
    """Return the places of a gate in the queues of those who may answer it.

    Once it was handed on, `reviewers` are named one by one: who gave it away is none of "all".
    """
    stage = gate.rule["stages"][0]
    holders = {seat_of(person) for person in stage["people"]}
    if stage["anyone"] and gate.rule.get("away"):
        holders |= {seat_of(id) for id in reviewers if rules.may_answer(gate.rule, 0, id)}
    elif stage["anyone"]:
        holders.add(reviewers_of(gate.workspace_id))
    return [Seat(gate=gate, holder=holder, rank_at=gate.rank_at) for holder in sorted(holders)]


def notice(gate: Gate, kind: str, person_id: int, *, now: datetime) -> Outbox:
    """Return the message that tells one person of a gate, once for each occasion.

    A question that is changed over and over is told of at most once in five minutes, as it is then.
    """
    is_changed = kind == ASKED and gate.version > 1
    send_at = _next_round(now) if is_changed else now
    occasion = f"{kind}:{gate.id}:{send_at.timestamp() if is_changed else gate.reminders_sent}"
    return Outbox(
        workspace_id=gate.workspace_id,
        kind=kind,
        subject_id=gate.id,
        recipient_id=person_id,
        dedupe=f"{occasion}:{person_id}",
        next_try_at=send_at,
        created_at=now,
    )


def _next_round(now: datetime) -> datetime:
    """Return the end of the five minutes that `now` is in: the same moment for all of them."""
    length = int(CHANGES_EVERY.total_seconds())
    return datetime.fromtimestamp((int(now.timestamp()) // length + 1) * length, tz=UTC)


def close(gates: Iterable[Gate], state: Gate.State, *, now: datetime) -> None:
    """Close open gates that ended without an answer, and take them out of the queues."""
    ids = [gate.id for gate in gates]
    if ids:
        Gate.objects.filter(id__in=ids).update(
            state=state, closed_at=now, changed_at=now, nudge_at=None
        )
        Seat.objects.filter(gate__in=ids).delete()


def assignee_copies(gate: Gate, *, now: datetime) -> list[Delivery]:
    """Return inbox copies for the assignees an agent named by address."""
    intent = gate.intent
    named = [name for name in (intent.human_task or {}).get("assignees", ()) if "://" in name]
    if not named:
        return []
    space = intent.workspace
    wanted = {canonical(name, org=space.org, workspace=space.name): name for name in named}
    for known in (intent.to_address, ANYONE):
        wanted.pop(known, None)
    return deliveries.copies(intent, wanted, now=now)


def _notify(gate: Gate) -> str:
    return str((gate.intent.human_task or {}).get("notify_email") or "")


def open_gate_of(intent_id: UUID) -> Gate | None:
    """Return the gate that holds an intent now, if one does. The intent must be locked."""
    return Gate.objects.open().filter(intent=intent_id).first()
