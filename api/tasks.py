"""House-keeping of the dialects, and what they say of their own accord to other machines."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.sessions import actions as sessions
from api import idempotency
from api.axme.outgoing import KINDS
from approvals.logins import codes, grants
from events import calls, forgetting
from events.crew import Crew
from events.models import Outbox
from intents import outgoing
from intents.actions import announce


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget(now=timezone.now())


@shared_task
def send_calls(**kwargs: Any) -> None:
    """See to it that subscribers are told of the news and that what is due is sent."""
    if _is_due(Outbox.Queue.NEWS):
        HERALD.hire()
    if _is_due(Outbox.Queue.CALLS):
        CALLERS.hire()


@shared_task
def push_waiting(**kwargs: Any) -> None:
    """Push what waited before its agent was called, or switched on again."""
    outgoing.push_waiting(now=timezone.now())


@shared_task
def forget_logins(**kwargs: Any) -> None:
    now = timezone.now()
    for each in (codes, grants, sessions):
        each.forget(now=now)


@shared_task
def forget_calls(**kwargs: Any) -> None:
    forgetting.forget(now=timezone.now())


def _is_due(queue: Outbox.Queue) -> bool:
    return Outbox.objects.due(timezone.now(), queue=queue).exists()


def _announce() -> bool:
    is_news = announce(now=timezone.now())
    if is_news:
        CALLERS.hire()
    return is_news


def _send_one() -> bool:
    return calls.send_next(KINDS, now=timezone.now())


# One herald, so that things are told in the order in which they happened.
HERALD = Crew("herald", _announce, most=1)
CALLERS = Crew("callers", _send_one, most=8)
