"""What happened to a request, event by event, in sentences that name the door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.desk import words
from approvals.desk.payload import human
from events.models import Event
from intents.lifecycle import WaitingFor

# Shown once: a decision is in the event that let the work go on, and again in its end.
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


def timeline(intent_id: UUID, names: Mapping[str, str]) -> list[Line]:
    """Return an intent's history; `names` turns the trail's names into people's."""
    events = Event.objects.filter(intent_id=intent_id).order_by("seq")
    return told(events, names)


def told(events: Iterable[Event], names: Mapping[str, str]) -> list[Line]:
    """Return the events as lines. Pure; decisions are told once."""
    lines: list[Line] = []
    decided = ""
    for event in events:
        outcome = str(event.data.get("outcome") or "")
        if outcome and outcome == decided and event.type == "intent.completed":
            line: Line | None = Line(event.at, "agent", "", "Completed, and its asker is told")
        else:
            line = _line(event, names)
        decided = outcome or decided
        if line:
            lines.append(line)
    return lines


def _line(event: Event, names: Mapping[str, str]) -> Line | None:
    if event.type in SILENT:
        return None
    if event.data.get("outcome") and event.data.get("decided_by"):
        return _decision(event, names)
    who = _who(event.actor, names)
    made = PLAIN.get(event.type)
    if made is not None:
        return made(event, who)
    if event.type == "intent.in_progress":
        return Line(event.at, "agent", "", f"{who} works on it")
    return Line(event.at, "info", "", f"{human(event.type.partition('.')[2])}, by {who}")


def _decision(event: Event, names: Mapping[str, str]) -> Line:
    data = event.data
    is_yes = bool(data.get("approved", event.type != "intent.failed"))
    said = f"{words.past(str(data['outcome']))} by {_who(str(data['decided_by']), names)}"
    how = words.channel(str(data.get("via", "")))
    icon, tone = ("check", "yes") if is_yes else ("cross", "no")
    return Line(event.at, icon, tone, said, how, str(data.get("comment") or ""))


def _who(name: str, names: Mapping[str, str]) -> str:
    return names.get(name) or (name if "@" in name else words.name_of(name))


def _created(event: Event, who: str) -> Line:
    return Line(event.at, "api", "", f"{who} asked", "at the desk" if "@" in who else "by API")


def _delivered(event: Event, who: str) -> Line | None:
    attempt = event.data.get("delivery_attempt") or 1
    to = words.name_of(str(event.data.get("to_agent") or event.handler or "its agent"))
    if to == "human":
        return None
    again = f" again, attempt {attempt}" if attempt > 1 else ""
    return Line(event.at, "agent", "", f"Sent to {to}{again}")


def _waiting(event: Event, who: str) -> Line | None:
    if taker := event.data.get("taken_over_by"):
        return Line(event.at, "person", "", f"{taker} took it over", "at the desk")
    if event.waiting_reason == WaitingFor.HUMAN:
        return None
    waits = human(event.waiting_reason.removeprefix("WAITING_FOR_")).lower()
    return Line(event.at, "clock", "", f"Waits for {waits or 'something'}")


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


def _message(event: Event, who: str) -> Line:
    said: Any = event.data.get("message")
    text = str(said.get("text") or said) if isinstance(said, dict) else str(said or "")
    return Line(event.at, "comment", "", f"{who} wrote", "", text)


def _completed(event: Event, who: str) -> Line:
    return Line(event.at, "check", "yes", f"Completed by {who}")


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
    "intent.human_task_changed": _changed,
    "intent.reminder": _reminded,
    "intent.escalated": _escalated,
    "intent.message": _message,
    "intent.completed": _completed,
    "intent.failed": _failed,
    "intent.canceled": _canceled,
    "intent.timed_out": _timed_out,
}
