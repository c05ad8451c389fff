"""The lists: waiting for you, open, done, and work nobody serves; and the first-run page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from accounts.models import Workspace
from approvals import queue
from approvals.actions import send_test_request
from approvals.actions import take_over as take_over_intent
from approvals.desk import payload, rows, shell, times, words
from approvals.refusals import Refusal
from governance.verdicts import NotAdmitted
from intents.actions import AlreadyOver, NoSuchIntent


@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for this person, or how to begin where nothing was ever asked."""
    now, actor = timezone.now(), shell.actor_of(request)
    listed = of("inbox", actor, after=request.GET.get("after", ""), now=now)
    context = _context(request, actor, "inbox", listed, now=now)
    if shell.wants_part(request) and "after" in request.GET:
        return shell.page(request, "desk/_more.html", context)
    if listed["groups"] or queue.was_ever_asked(actor):
        return shell.page(request, "desk/list.html", context)
    return shell.page(request, "desk/first.html", context | _first_run(actor))


@login_required
@require_safe
def open_gates(request: HttpRequest) -> HttpResponse:
    return _list(request, "open")


@login_required
@require_safe
def done(request: HttpRequest) -> HttpResponse:
    return _list(request, "done")


@login_required
@require_safe
def unclaimed(request: HttpRequest) -> HttpResponse:
    """Show work that was sent to agents that never came for it."""
    now, actor = timezone.now(), shell.actor_of(request)
    page = queue.unclaimed(actor, now=now, after=queue.Cursor.read(request.GET.get("after", "")))
    items = [
        {
            "delivery": delivery,
            "asker": words.name_of(delivery.intent.from_agent),
            "to": words.name_of(delivery.address),
            "age": times.span(now - delivery.created_at),
            "sends": payload.readable(delivery.intent.payload),
            "may_take": delivery.workspace_id in actor.reviews,
        }
        for delivery in page.rows
    ]
    context = shell.context(request, actor, "unclaimed", now=now)
    return shell.page(
        request, "desk/unclaimed.html", context | {"items": items, "after": page.after}
    )


@login_required
def take_over(request: HttpRequest, intent_id: UUID) -> HttpResponse:
    """Put the work before this person, who answers it in its agent's place."""
    if request.method != "POST":
        return redirect("unclaimed")
    try:
        gate = take_over_intent(intent_id, actor=shell.actor_of(request), now=timezone.now())
    except NoSuchIntent as missing:
        raise Http404 from missing
    except (AlreadyOver, Refusal) as refusal:
        shell.tell(request, str(refusal))
        return redirect("unclaimed")
    return redirect("gate", gate.id)


@login_required
def test_request(request: HttpRequest) -> HttpResponse:
    """Ask this person something harmless, so that they see what answering is like."""
    if request.method != "POST":
        return redirect("inbox")
    actor = shell.actor_of(request)
    workspace = Workspace.objects.filter(id__in=actor.reviews).order_by("created_at", "id").first()
    if workspace is None:
        shell.tell(request, "Only reviewers of a workspace can be sent a test request.")
        return redirect("inbox")
    try:
        gate = send_test_request(workspace, actor=actor, now=timezone.now())
    except NotAdmitted as refusal:
        shell.tell(request, str(refusal))
        return redirect("inbox")
    return redirect("gate", gate.id)


def of(name: str, actor: Actor, *, after: str = "", now: datetime) -> dict[str, Any]:
    """Return one list: its rows in groups, the next page's cursor, and when it was read."""
    cursor = queue.Cursor.read(after)
    if name == "done":
        page = queue.done(actor, before=cursor)
        groups = rows.behind(page.rows, now=now)
    else:
        read = queue.open_gates if name == "open" else queue.waiting
        page = read(actor, after=cursor)
        groups = rows.ahead(page.rows, now=now)
    return {"groups": groups, "after": page.after, "listed_at": now, "waiting": page.count}


def _list(request: HttpRequest, name: str) -> HttpResponse:
    now, actor = timezone.now(), shell.actor_of(request)
    listed = of(name, actor, after=request.GET.get("after", ""), now=now)
    template = (
        "desk/_more.html"
        if shell.wants_part(request) and "after" in request.GET
        else "desk/list.html"
    )
    return shell.page(request, template, _context(request, actor, name, listed, now=now))


def _context(
    request: HttpRequest, actor: Actor, name: str, listed: dict[str, Any], *, now: datetime
) -> dict[str, Any]:
    return shell.context(request, actor, name, now=now, waiting=listed["waiting"]) | {
        "listed": listed,
        "is_first_page": not request.GET.get("after"),
    }


def _first_run(actor: Actor) -> dict[str, Any]:
    workspace = Workspace.objects.filter(id__in=actor.workspaces).order_by("created_at").first()
    return {"base_url": settings.PUBLIC_URL, "workspace": workspace}
