"""What a wake-up may replace on an open page: counts, the bar, times, the gate block, the note.

Never a list, a payload, a form or an answer: those change only when a person acts.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from approvals import queue
from approvals.desk import document, rows, shell, times
from approvals.models import Gate

OVERLAP = timedelta(seconds=5)
LONGEST = timedelta(hours=1)


@login_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer with the fragments that are out of date since the page was read."""
    now, actor = timezone.now(), shell.actor_of(request)
    name = shell.place(request.GET.get("list", "")).name
    listed_at = _moment(request.GET.get("listed", ""), now=now)
    since = _moment(request.GET.get("since", ""), now=now)
    fresh = {gate.id: gate for gate in queue.due_before(actor, until=now + times.SOON)}
    fresh |= {gate.id: gate for gate in queue.changed(actor, since=since - OVERLAP)}
    context = shell.context(request, actor, name, now=now) | {
        "fresh": [rows.row(gate, now=now) for gate in fresh.values()],
        "arrived": _arrived(actor, name, since=listed_at),
        "listed": {"listed_at": listed_at},
        "is_live": True,
    }
    opened = _opened(request, actor, since=since - OVERLAP, now=now)
    return shell.page(request, "desk/_live.html", context | opened)


def _arrived(actor: Actor, name: str, *, since: datetime) -> str:
    if name not in ("inbox", "open"):
        return ""
    return shell.capped(queue.arrived(actor, since=since, is_mine=name == "inbox"))


def _opened(
    request: HttpRequest, actor: Actor, *, since: datetime, now: datetime
) -> dict[str, Any]:
    """Return the open request again, with the digest the reader still has before them."""
    try:
        gate = queue.find(UUID(request.GET.get("open", "")), actor)
    except ValueError:
        gate = None
    if gate is None:
        return {}
    # What has not moved is not sent again: a note that is read aloud is read aloud once.
    return {
        "doc": document.about(gate, actor, now=now),
        "digest": request.GET.get("digest", "") or gate.digest,
        "has_moved": _moved_at(gate) > since,
    }


def _moved_at(gate: Gate) -> datetime:
    """A question of a scenario shows its other steps too, which move without it."""
    return max(gate.changed_at, gate.intent.updated_at) if gate.step_id else gate.changed_at


def _moment(text: str, *, now: datetime) -> datetime:
    """Return the time a page sent, but never one further back than an hour."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        return now
    return min(max(moment, now - LONGEST), now)
