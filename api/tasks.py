"""House-keeping of the dialects, and what they say of their own accord to other machines."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from api import idempotency
from api.axme.outgoing import KINDS
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
        if not announce_next(now=timezone.now()):
            break
    if Outbox.objects.due(timezone.now(), queue=Outbox.Queue.CALLS).exists():
        callers.hire(_send_one)


@shared_task
def push_waiting(**kwargs: Any) -> None:
    """Push what waited before its agent was called, or switched on again."""
    outgoing.push_waiting(now=timezone.now())


def _send_one() -> bool:
    return calls.send_next(KINDS, now=timezone.now())
