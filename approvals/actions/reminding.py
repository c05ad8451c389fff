"""Reminders and escalation of one gate whose time for either has come."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from approvals import gates, rules
from approvals.directory import Directory, Person
from approvals.models import Gate, Seat, seat_of
from approvals.opening import told, upcoming
from events import log
from intents import change as changes
from intents import deliveries
from intents.change import Change
from intents.models import Intent


@transaction.atomic
def nudge(gate_id: UUID, *, now: datetime) -> Gate | None:
    """Remind the people of a gate, or escalate it, whichever is due; None when neither is."""
    intent = Intent.objects.locked().open().filter(gates=gate_id).first()
    gate = Gate.objects.to_nudge(now).filter(id=gate_id).first()
    if intent is None or gate is None:
        return None
    gate.intent = intent
    change = Change(intent, actor=Actor.system(), now=now)
    directory = Directory.of([gate.workspace_id])
    step, _ = upcoming(gate, last=gate.opened_at)
    if step == "remind":
        _remind(change, gate, directory, now=now)
    elif step == "escalate":
        _escalate(change, gate, directory, now=now)
    gate.nudge_at = upcoming(gate, last=now)[1]
    gate.save(update_fields=["nudge_at", "reminders_sent", "escalated_at", "rule", "changed_at"])
    deliveries.touch([intent.id], now=now)
    changes.write([change])
    return gate


def _remind(change: Change, gate: Gate, directory: Directory, *, now: datetime) -> None:
    gate.reminders_sent += 1
    gate.changed_at = now
    _tell(gate, gates.REMINDER, told(gate, directory), now=now)
    change.note(
        "intent.reminder",
        {
            "reminder_count": gate.reminders_sent,
            "max_reminders": gate.reminders.get("most", 1),
            "channel": "email",
        },
    )


def _escalate(change: Change, gate: Gate, directory: Directory, *, now: datetime) -> None:
    """Ask one more person. Whom we cannot find here is told by the event alone, and we say so."""
    name = str(gate.reminders["escalate_to"])
    is_to_all = directory.means_anyone(gate.workspace_id, name)
    people = directory.reviewers.get(gate.workspace_id, []) if is_to_all else []
    people = people or directory.find(gate.workspace_id, [name])
    gate.escalated_at = gate.changed_at = now
    gate.rule = rules.also(gate.rule, [person.id for person in people])
    for person in people:
        Seat.objects.get_or_create(
            gate=gate, holder=seat_of(person.id), defaults={"rank_at": gate.rank_at}
        )
    _tell(gate, gates.ESCALATED, people, now=now)
    said = {"escalated_to": name, "from": gate.asker, "is_known": bool(people)}
    change.note("intent.escalated", said)


def _tell(gate: Gate, kind: str, people: list[Person], *, now: datetime) -> None:
    log.tell(gates.notice(gate, kind, person.id, now=now) for person in people)
