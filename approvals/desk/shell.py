"""What every page of the desk stands in: who is here, where they are, and the counts beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.messages import get_messages, info
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from accounts.actor import Actor, Channel
from accounts.keys import actor_for_user
from accounts.models import User
from approvals import messages, queue


@dataclass(frozen=True, slots=True)
class Place:
    """One list: its name in addresses, in words, and how it is reached."""

    name: str
    title: str
    icon: str
    url: str


PLACES = {
    name: Place(name, title, icon, name)
    for name, title, icon in (
        ("inbox", "Waiting for you", "tray"),
        ("open", "Open", "others"),
        ("done", "Done", "done"),
        ("unclaimed", "Unclaimed", "off"),
    )
}


def person(request: HttpRequest) -> User:
    """Return who is signed in; the view is behind `login_required`."""
    return cast(User, request.user)


def actor_of(request: HttpRequest) -> Actor:
    return actor_for_user(person(request), channel=Channel.DESK)


def place(name: str) -> Place:
    """Return a list by its name; an unknown one is the person's own."""
    return PLACES.get(name, PLACES["inbox"])


def counts(actor: Actor, *, now: datetime, waiting: int | None = None) -> dict[str, str]:
    """Return the numbers beside the lists, as they are said: "" for none, "99+" for many."""
    return {
        "inbox": capped(queue.waiting_count(actor) if waiting is None else waiting),
        "open": capped(queue.open_count(actor)),
        "unclaimed": capped(queue.unclaimed_count(actor, now=now)),
    }


def capped(number: int) -> str:
    if number >= queue.MOST:
        return f"{queue.MOST - 1}+"
    return str(number) if number else ""


def context(
    request: HttpRequest, actor: Actor, here: str, *, now: datetime, waiting: int | None = None
) -> dict[str, Any]:
    """Return what the frame of a page needs."""
    numbers = counts(actor, now=now, waiting=waiting)
    return {
        "actor": actor,
        "me": person(request),
        "now": now,
        "spot": here,
        "here": place(here) if here in PLACES else None,
        # Whether this person sees the pages about the desk itself.
        "oversees": bool(messages.overseen(actor)),
        "places": [(place, numbers.get(name, "")) for name, place in PLACES.items()],
        "many_workspaces": len(actor.workspaces) > 1,
        "toasts": [_toast(message) for message in get_messages(request)],
    }


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page or its part. They share an address, so a cache must never mix them up."""
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "no-store" if wants_part(request) else "private, no-cache"
    return response


def wants_part(request: HttpRequest) -> bool:
    """Tell whether a script asks for a part of the page it is on."""
    return request.headers.get("HX-Request") == "true"


def tell(request: HttpRequest, words: str, *, about: object = "") -> None:
    """Keep a sentence for the next page; `about` is the gate it links to."""
    info(request, words, extra_tags=str(about))


def _toast(message: Any) -> dict[str, str]:
    about = message.extra_tags
    return {
        "words": str(message),
        "about": about,
        "url": reverse("gate", args=[about]) + "?in=done" if about else "",
    }
