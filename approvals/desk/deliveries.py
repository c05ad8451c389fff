"""The delivery log: what was sent to people and machines, what failed, and sending it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from approvals import messages
from approvals.actions.redriving import AlreadySent, NoSuchMessage, send_again
from approvals.desk import shell, times
from approvals.messages import Names
from approvals.queue import Cursor
from events.models import Attempt, Outbox
from events.webhooks import WEBHOOK
from intents.actions import AlreadyOver, NoSuchIntent, NothingToPush
from intents.outgoing import PUSH

State = Outbox.State
KINDS = {PUSH: "Push to", WEBHOOK: "Webhook to"}
# Tone, icon and word of each state.
STATES = {
    State.PENDING: ("wait", "clock", "Waiting"),
    State.SENT: ("yes", "check", "Sent"),
    State.RETRIED: ("off", "warn", "Failed, tried again"),
    State.DEAD: ("no", "cross", "Given up"),
    State.DROPPED: ("off", "off", "Not needed"),
}
FILTERS = [("", "All"), ("waiting", "Waiting"), ("failed", "Failed"), ("sent", "Sent")]


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the log shows it."""

    message: Outbox
    what: str
    to: str
    about: str
    tone: str
    icon: str
    state: str
    when: str
    came_to: str
    tries: list[str]
    may_send: bool

    @property
    def press(self) -> str:
        """Name the button: what has yet to go out is sent now, not again."""
        return "Send now" if self.message.state == State.PENDING else "Send again"


@login_required
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Show the messages of the workspaces this person oversees."""
    now, actor = timezone.now(), shell.actor_of(request)
    if not messages.overseen(actor):
        raise Http404
    show = request.GET.get("show", "")
    show = show if show in messages.SHOWN else ""
    before = Cursor.read(request.GET.get("before", ""))
    page = messages.page(actor, show=show, before=before)
    names = messages.names(page.rows)
    context = shell.context(request, actor, "deliveries", now=now) | {
        "lines": [_line(row, names, actor, now=now) for row in page.rows],
        "filters": FILTERS,
        "show": show,
        "after": page.after,
        "is_first_page": before is None,
    }
    return shell.page(request, "desk/deliveries.html", context)


@login_required
def again(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Send one message again and stay where one was."""
    show = request.POST.get("show", "")
    kept = {"show": show} if show and show in messages.SHOWN else None
    back = redirect(reverse("deliveries", query=kept))
    if request.method != "POST":
        return back
    try:
        send_again(message_id, actor=shell.actor_of(request), now=timezone.now())
    except (NoSuchMessage, NoSuchIntent) as missing:
        raise Http404 from missing
    except (AlreadySent, AlreadyOver, NothingToPush) as refusal:
        shell.tell(request, str(refusal))
        return back
    shell.tell(request, "It is sent now.")
    return back


def _line(row: Outbox, names: Names, actor: Actor, *, now: datetime) -> Line:
    tone, icon, word = STATES[State(row.state)]
    tries = sorted(row.tries.all(), key=lambda each: (each.at, each.id))
    # Who is invited has no row of their own yet: the invitation names them.
    target: Any = row.target_id or row.recipient_id or row.subject_id
    is_past = names.attempts.get(row.subject_id, 0) > row.number
    return Line(
        message=row,
        what=KINDS.get(row.kind, "Mail to"),
        to=names.receivers.get(target, "someone who is gone"),
        about=names.subjects.get(row.subject_id, ""),
        tone=tone,
        icon=icon,
        state="Failed so far" if row.state == State.PENDING and row.last_error else word,
        when=times.moment(row.sent_at or row.created_at, now=now),
        came_to=_came_to(row, tries, is_past=is_past, now=now),
        # The only try has been told already.
        tries=[_try(each, now=now) for each in tries] if len(tries) > 1 else [],
        may_send=row.workspace_id in actor.administers and not is_past and _may_go(row),
    )


def _may_go(row: Outbox) -> bool:
    """An end is final: a push that was given up ended its intent, and is not sent again."""
    if row.kind == PUSH:
        return row.state in {State.PENDING, State.RETRIED}
    return row.state in {State.PENDING, State.DEAD}


def _came_to(row: Outbox, tries: list[Attempt], *, is_past: bool, now: datetime) -> str:
    """Return what the last try came to, and what follows from it."""
    if row.state == State.SENT and tries:
        said = f"It answered {tries[-1].status}" if tries[-1].status else "It was taken"
        return f"{said} in {tries[-1].milliseconds} ms."
    if row.state == State.PENDING and row.held_until and row.held_until > now:
        return "It is being sent."
    if not row.last_error:
        return ""
    follows = "A later attempt followed." if is_past else _follows(row, now=now)
    return f"{row.last_error} {follows}".strip()


def _follows(row: Outbox, *, now: datetime) -> str:
    if row.state == State.DEAD and row.kind == PUSH:
        return "The intent failed with it."
    if row.state not in {State.PENDING, State.RETRIED}:
        return ""
    left = row.next_try_at - now
    if left.total_seconds() >= 1:
        return f"Next try in {times.span(left)}."
    return f"Next try {times.moment(row.next_try_at, now=now)}."


def _try(tried: Attempt, *, now: datetime) -> str:
    said = tried.error or (f"It answered {tried.status}." if tried.status else "It was taken.")
    return f"{times.moment(tried.at, now=now)}: {said} ({tried.milliseconds} ms)"
