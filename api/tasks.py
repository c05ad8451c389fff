"""House-keeping of the dialects, and what they say of their own accord to other machines."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.sessions import actions as sessions
from api import idempotency
from api.axme.outgoing import KINDS
from approvals.logins import codes, grants
from events import callers, calls
from events.models import Outbox
from intents import outgoing
from intents.actions import announce_next

NEWS_AT_ONCE = 500


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget(now=timezone.now())


@shared_task
def send_calls(**kwargs: Any) -> None:
    """Work out who is told of the news, and see to it that what is due is sent, on threads."""
    for _ in range(NEWS_AT_ONCE):
        # A look costs nothing; to claim, SQLite takes the lock of the whole file.
        if not _is_due(Outbox.Queue.NEWS) or not announce_next(now=timezone.now()):
            break
    if _is_due(Outbox.Queue.CALLS):
        callers.hire(_send_one)


@shared_task
def push_waiting(**kwargs: Any) -> None:
    """Push what waited before its agent was called, or switched on again."""
    outgoing.push_waiting(now=timezone.now())


@shared_task
def forget_logins(**kwargs: Any) -> None:
    now = timezone.now()
    for each in (codes, grants, sessions):
        each.forget(now=now)


def _is_due(queue: Outbox.Queue) -> bool:
    return Outbox.objects.due(timezone.now(), queue=queue).exists()


def _send_one() -> bool:
    return calls.send_next(KINDS, now=timezone.now())
