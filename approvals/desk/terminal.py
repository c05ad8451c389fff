"""A person's terminals: saying that one that waits to be signed in is theirs, and ending one."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Session, User
from approvals.desk import shell
from approvals.logins import ending, grants
from approvals.logins.ending import NoSuchSession
from approvals.logins.grants import GrantRefused


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cli_grant(request: HttpRequest) -> HttpResponse:
    """Show which terminal asks, any number of times; sign it in when the button is pressed."""
    now = timezone.now()
    code = (request.POST if request.method == "POST" else request.GET).get("code", "")
    if request.method == "POST":
        return _answered(request, code, now=now)
    grant = grants.waiting(code, now=now)
    return _page(request, {"grant": grant, "now": now}, status=200 if grant else 404)


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Sign one of the person's terminals out."""
    try:
        ending.revoke(session_id, user=shell.person(request), now=timezone.now())
    except NoSuchSession as refusal:
        raise Http404 from refusal
    shell.tell(request, "The terminal is signed out.")
    return redirect("settings")


def live(person: User, *, now: datetime) -> list[Session]:
    """Return where a person is signed in besides the desk, the latest first."""
    return list(Session.objects.live(now).filter(user=person).order_by("-created_at", "-id")[:50])


def _answered(request: HttpRequest, code: str, *, now: datetime) -> HttpResponse:
    person, is_mine = shell.person(request), request.POST.get("answer") == "allow"
    try:
        grant = (
            grants.allow(code, user=person, now=now) if is_mine else grants.refuse(code, now=now)
        )
    except GrantRefused as refusal:
        return _page(request, {"refused": str(refusal), "now": now}, status=409)
    return _page(request, {"answered": grant, "now": now})


def _page(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    response = render(request, "account/cli_grant.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
