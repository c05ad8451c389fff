"""When a gate is next reminded of or escalated. Pure; the clock only asks for rows that are due."""

from datetime import datetime, timedelta
from typing import Any, Literal

NO_DEADLINE = timedelta(days=365)
# Escalation without reminders or a deadline to measure by.
ESCALATE_AFTER = timedelta(hours=1)


def rank(opened_at: datetime, due_at: datetime | None) -> datetime:
    """Return the moment the queue is ordered by."""
    return due_at or opened_at + NO_DEADLINE


def next_nudge(
    reminders: dict[str, Any],
    *,
    sent: int,
    escalated: bool,
    last: datetime,
    due_at: datetime | None,
) -> tuple[Literal["remind", "escalate"] | None, datetime | None]:
    """Return what comes next and when, counted from the opening or the last nudge.

    Reminders come first, `after` seconds in and then `every`; when `most` are used up, one step
    later, the escalation. Without reminders it comes halfway to the deadline.
    """
    after, every = reminders.get("after"), reminders.get("every")
    step = timedelta(seconds=(after if sent == 0 else every) or after or 0)
    if after and sent < reminders.get("most", 1):
        return "remind", last + step
    if escalated or not reminders.get("escalate_to"):
        return None, None
    if after:
        return "escalate", last + step
    return "escalate", last + ((due_at - last) / 2 if due_at else ESCALATE_AFTER)
