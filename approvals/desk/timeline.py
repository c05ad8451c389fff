"""What happened to a request, event by event, in sentences that name the door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.addresses import RUNTIME
from approvals.desk import words
from approvals.desk.payload import human
from approvals.kinds import FAIL
from approvals.models import Decision
from events.models import Event
from intents.lifecycle import WaitingFor

MOST_LINES = 100
SILENT = frozenset({"intent.submitted", "intent.controls_updated", "intent.policy_updated"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    at: datetime
    icon: str
    tone: str
    words: str
    how: str = ""
    comment: str = ""


def timeline(
    intent_id: UUID, names: Mapping[str, str], decisions: Iterable[Decision] = ()
) -> list[Line]:
    """Return an intent's history, the latest hundred lines of it.

    `names` turns the trail's names into people's. That somebody decided is told by the decisions
    alone: what an event's data says may be an agent's own words.
    """
    newest = Event.objects.filter(intent_id=intent_id).order_by("-seq")[:MOST_LINES]
    return told(list(newest)[::-1], names, decisions)


def told(
    events: Iterable[Event], names: Mapping[str, str], decisions: Iterable[Decision] = ()
) -> list[Line]:
    """Return the events as lines. Pure; a decision stands in for the events it caused."""
    open_decisions = {decision.at: decision for decision in decisions}
    decided_at = frozenset(open_decisions)
    lines: list[Line | None] = []
    for event in events:
        if decision := open_decisions.pop(event.at, None):
            lines.append(_decision(decision, names))
        if event.at not in decided_at:
            lines.append(_line(event, names))
        elif event.type == "intent.completed":
            lines.append(Line(event.at, "agent", "", "Completed, and its asker is told"))
    return [line for line in lines if line]


def _line(event: Event, names: Mapping[str, str]) -> Line | None:
    if event.type in SILENT:
        return None
    who = _who(event.actor, names)
    if event.type == "intent.transfer":
        return _transferred(event, names)
    made = PLAIN.get(event.type)
    if made is not None:
        return made(event, who)
    if event.type == "intent.in_progress" and event.actor == RUNTIME:
        return None  # The end follows at once.
    if event.type == "intent.in_progress":
        return Line(event.at, "agent", "", f"{who} works on it")
    return Line(event.at, "info", "", f"{human(event.type.partition('.')[2])}, by {who}")


def _decision(decision: Decision, names: Mapping[str, str]) -> Line:
    said = f"{words.past(decision.outcome)} by {_who(decision.decider, names)}"
    if decision.on_behalf_of:
        said = f"{said}, for {_who(decision.on_behalf_of, names)}"
    icon, tone = ("cross", "no") if decision.effect == FAIL else ("check", "yes")
    return Line(decision.at, icon, tone, said, words.channel(decision.channel), decision.comment)


def _who(name: str, names: Mapping[str, str]) -> str:
    return names.get(name) or (name if "@" in name else words.name_of(name))


def _created(event: Event, who: str) -> Line:
    return Line(event.at, "api", "", f"{who} asked", "at the desk" if "@" in who else "by API")


def _delivered(event: Event, who: str) -> Line | None:
    if event.data.get("to_agent") == RUNTIME:
        return None
    attempt = event.data.get("delivery_attempt") or 1
    to = words.name_of(str(event.data.get("to_agent") or event.handler or "its agent"))
    if to == "human":
        return None
    again = f" again, attempt {attempt}" if attempt > 1 else ""
    return Line(event.at, "agent", "", f"Sent to {to}{again}")


def _waiting(event: Event, who: str) -> Line | None:
    if event.waiting_reason == WaitingFor.HUMAN:
        return None
    pending = event.pending_with or {}
    if pending.get("type") == "agent":
        again = f", attempt {event.data['attempt']}" if _count(event, "attempt") > 1 else ""
        name = words.name_of(str(pending.get("ref") or ""))
        return Line(event.at, "agent", "", f"Given to {name}{again}")
    if event.waiting_reason == WaitingFor.TIME:
        is_retry = "retry_at" in event.data
        said = "Waits before it tries again" if is_retry else "Pauses"
        return Line(event.at, "clock", "", said)
    waits = human(event.waiting_reason.removeprefix("WAITING_FOR_")).lower()
    return Line(event.at, "clock", "", f"Waits for {waits or 'something'}")


def _taken_over(event: Event, who: str) -> Line:
    return Line(event.at, "person", "", f"{who} took it over")


def _asked(event: Event, who: str) -> Line:
    return Line(event.at, "tray", "held", "Held for a person to answer")


def _changed(event: Event, who: str) -> Line:
    version = event.data.get("version", "")
    return Line(event.at, "edit", "", f"{who} changed it, making version {version}", "by API")


def _reminded(event: Event, who: str) -> Line:
    return Line(event.at, "mail", "", "Reminder sent", "by e-mail")


def _escalated(event: Event, who: str) -> Line:
    to = str(event.data.get("escalated_to") or event.data.get("to") or "")
    return Line(event.at, "up", "held", f"Escalated to {to}" if to else "Escalated")


def _transferred(event: Event, names: Mapping[str, str]) -> Line:
    giver, taker = (_who(str(event.data.get(end) or ""), names) for end in ("from", "to"))
    note = str(event.data.get("note") or "")
    return Line(event.at, "group", "held", f"Delegated by {giver} to {taker}", "", note)


def _message(event: Event, who: str) -> Line:
    said: Any = event.data.get("message")
    text = str(said.get("text") or said) if isinstance(said, dict) else str(said or "")
    return Line(event.at, "comment", "", f"{who} wrote", "", text)


def _completed(event: Event, who: str) -> Line:
    said = "All steps are done" if event.actor == RUNTIME else f"Completed by {who}"
    return Line(event.at, "check", "yes", said)


def _told(event: Event, who: str) -> Line:
    number = _count(event, "told")
    return Line(event.at, "mail", "", f"{number} {'person' if number == 1 else 'people'} told")


def _late(event: Event, who: str) -> Line:
    return Line(event.at, "off", "", f"{_step(event)} was not done in time")


def _nobody(event: Event, who: str) -> Line:
    return Line(event.at, "off", "", f"Nobody took {_step(event, 'the work')}")


def _step(event: Event, otherwise: str = "It") -> str:
    name = event.data.get("step_id")
    return f"“{human(name)}”" if isinstance(name, str) and name else otherwise


def _count(event: Event, name: str) -> int:
    value = event.data.get(name)
    return value if isinstance(value, int) else 0


def _failed(event: Event, who: str) -> Line:
    return Line(event.at, "cross", "no", "Failed", "", str(event.data.get("message") or ""))


def _canceled(event: Event, who: str) -> Line:
    return Line(event.at, "off", "", f"Withdrawn by {who}")


def _timed_out(event: Event, who: str) -> Line:
    return Line(event.at, "off", "", "Nobody answered in time, so it expired")


PLAIN = {
    "intent.created": _created,
    "intent.delivered": _delivered,
    "intent.waiting": _waiting,
    "intent.human_task_assigned": _asked,
    "intent.taken_over": _taken_over,
    "intent.human_task_changed": _changed,
    "intent.reminder": _reminded,
    "intent.escalated": _escalated,
    "intent.message": _message,
    "intent.notification_sent": _told,
    "intent.timeout": _late,
    "intent.delivery_failed": _nobody,
    "intent.completed": _completed,
    "intent.failed": _failed,
    "intent.canceled": _canceled,
    "intent.timed_out": _timed_out,
}
