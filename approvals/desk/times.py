"""Times as people say them: "18 min", "12:30", "Fri 09:00", "14 May". Pure; now is passed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import localtime

HOUR = timedelta(hours=1)
# Rows this close to their time are brought up to date while the page is open.
SOON = timedelta(minutes=65)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline in three lengths: for a row, for a sentence, and the clock alone."""

    short: str
    said: str
    clock: str
    is_soon: bool = False


def due(at: datetime | None, *, now: datetime) -> Due:
    """Return a deadline as rows and sentences show it; the clock time always goes with it."""
    if at is None:
        return Due("", "No deadline", "")
    left, when = at - now, clock(at, now=now)
    if left <= timedelta(0):
        return Due("due now", f"Was due {when}", when, is_soon=True)
    if left < HOUR:
        return Due(span(left), f"Due in {span(left)}, {when}", when, is_soon=True)
    if left < timedelta(days=1):
        return Due(when, f"Due in {span(left)}, {when}", when)
    return Due(when, f"Due {when}", when)


def span(length: timedelta) -> str:
    """Return a length in its one or two largest units: "40 s", "18 min", "1 h 48 min", "3 days"."""
    seconds = int(length.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days >= 1:
        return "1 day" if days == 1 else f"{days} days"
    if hours:
        rest = minutes - 60 * hours
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min" if minutes else f"{max(seconds, 0)} s"


def clock(at: datetime, *, now: datetime) -> str:
    """Return the time of today, the weekday within a week either way, else the date."""
    there, here = localtime(at), localtime(now)
    days = (there.date() - here.date()).days
    if days == 0:
        return f"{there:%H:%M}"
    if abs(days) < 7:
        return f"{there:%a %H:%M}"
    return day(at, now=now)


def day(at: datetime, *, now: datetime) -> str:
    """Return the date, with its year when that is not this one."""
    there = localtime(at)
    year = "" if there.year == localtime(now).year else f" {there.year}"
    return f"{there.day} {there:%b}{year}"


def moment(at: datetime, *, now: datetime) -> str:
    """Return when something happened, to the minute: "10:21", "14 May 10:21"."""
    there = localtime(at)
    if there.date() == localtime(now).date():
        return f"{there:%H:%M}"
    return f"{day(at, now=now)} {there:%H:%M}"


def ahead(at: datetime | None, *, now: datetime) -> str:
    """Return the group of the queue a deadline belongs to."""
    if at is None:
        return "No deadline"
    if at - now <= HOUR:
        return "Within the hour"
    return _near(at, now=now, steps={0: "Today", 1: "Tomorrow"}, otherwise="Later")


def behind(at: datetime, *, now: datetime) -> str:
    """Return the group of what is done that a moment belongs to."""
    return _near(at, now=now, steps={0: "Today", -1: "Yesterday"}, otherwise="Earlier")


def _near(at: datetime, *, now: datetime, steps: dict[int, str], otherwise: str) -> str:
    return steps.get((localtime(at).date() - localtime(now).date()).days, otherwise)
