"""One request: its page beside the list, or alone on a phone, and the page's htmx answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from approvals import queue
from approvals.desk import document, lists, rows, shell
from approvals.models import Gate


@login_required
@require_safe
def gate(request: HttpRequest, gate_id: UUID) -> HttpResponse:
    """Show one request; looking decides nothing."""
    actor = shell.actor_of(request)
    return show(request, visible(gate_id, actor), actor, now=timezone.now())


def visible(gate_id: UUID, actor: Actor) -> Gate:
    """Return a gate this person may see. Raises: Http404, also for another workspace's."""
    found = queue.find(gate_id, actor)
    if found is None:
        raise Http404
    return found


def show(
    request: HttpRequest,
    gate: Gate,
    actor: Actor,
    *,
    now: datetime,
    typed: document.Typed | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with the request's page, or with the request alone where htmx asks for it."""
    here = request.GET.get("in", "inbox")
    shown = {"doc": document.about(gate, actor, now=now, typed=typed), "digest": gate.digest}
    if shell.wants_part(request):
        context = shell.context(request, actor, here, now=now) | shown | _just_decided(request)
        context["fresh"] = [rows.row(gate, now=now)]
        response = shell.page(
            request, "desk/_pane.html", context | {"is_part": True}, status=status
        )
        response["HX-Push-Url"] = _address(gate, here) if status == 200 else "false"
        return response
    return shell.page(
        request, "desk/gate.html", _whole(request, actor, here, now=now) | shown, status=status
    )


def _whole(request: HttpRequest, actor: Actor, here: str, *, now: datetime) -> dict[str, Any]:
    name = shell.place(here).name
    listed = lists.of("inbox" if name == "unclaimed" else name, actor, now=now)
    context = shell.context(request, actor, name, now=now, waiting=listed["waiting"])
    return context | {"listed": listed, "is_first_page": True}


def _address(gate: Gate, here: str) -> str:
    """Return what the address bar shows: an answer given opens the next request under its own."""
    address = reverse("gate", args=[gate.id])
    return address if here == "inbox" else f"{address}?in={shell.place(here).name}"


def _just_decided(request: HttpRequest) -> dict[str, Any]:
    return {"focus_title": "answered" in request.GET}
