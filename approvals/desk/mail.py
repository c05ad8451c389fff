"""The page behind a mail's link: it shows and asks, and only its button decides."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.actor import Channel
from accounts.keys import actor_for_user
from approvals import links
from approvals.desk import decide as desk
from approvals.desk import document, ended, times, words
from approvals.models import EmailLink
from approvals.refusals import NoSuchGate, Refusal

SECRET = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
View = Callable[..., HttpResponse]


def kept_secret(view: View) -> View:
    """Keep the address, which is a credential, out of caches, indexes and other sites' logs."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for name, value in SECRET.items():
            response[name] = value
        return response

    return answered


@kept_secret
@require_http_methods(["GET", "HEAD", "POST"])
def mail_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show who decides what, any number of times; decide when the button is pressed."""
    now, link = timezone.now(), links.find(token)
    if link is None:
        return render(request, "mail_link/unknown.html", status=404)
    if request.method == "POST":
        return _decided(request, token, link, now=now)
    return _page(request, link, document.Typed(), now=now)


def _decided(request: HttpRequest, token: str, link: EmailLink, *, now: datetime) -> HttpResponse:
    typed = desk.typed_in(request, link.gate)
    data = dict(typed.data or {})
    if link.gate.is_evidence_required:
        data["evidence"] = typed.evidence
    try:
        decision = links.decide(
            token, outcome=typed.outcome, comment=typed.comment, data=data, now=now
        )
    except NoSuchGate:
        return render(request, "mail_link/unknown.html", status=404)
    except Refusal as refusal:
        typed.refused, typed.errors = str(refusal), desk.errors_of(refusal)
        status = 409 if isinstance(refusal, desk.CONFLICTS) else 422
        return _page(request, links.find(token) or link, typed, now=now, status=status)
    told = {"link": link, "decision": decision, "said": words.past(decision.outcome)}
    return render(request, "mail_link/thanks.html", told | _frame(link, now=now))


def _page(
    request: HttpRequest,
    link: EmailLink,
    typed: document.Typed,
    *,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    state = links.state_of(link, now=now)
    actor = actor_for_user(link.person, channel=Channel.EMAIL)
    doc = document.about(link.gate, actor, now=now, typed=typed)
    shows_request = state in (links.State.OPEN, links.State.CHANGED, links.State.GRAVE)
    template = "mail_link/open.html" if shows_request else "mail_link/ended.html"
    context = _frame(link, now=now) | {"state": state.name.lower(), "doc": doc, "link": link}
    return render(request, template, context, status=status)


def _frame(link: EmailLink, *, now: datetime) -> dict[str, Any]:
    decision = ended.final(link.gate)
    return {
        "gate": link.gate,
        "now": now,
        "workspace": link.gate.workspace,
        "asker": words.name_of(link.gate.asker),
        "until": times.clock(link.expires_at, now=now),
        "how": words.channel(decision.channel) if decision else "",
        "has_ended_early": link.gate.is_open,
    }
