"""The clock's and the hands' work. Each task finds rows that are due and calls one action on each.

Several workers may run the same task: the action locks the row, looks again, and does nothing when
another was first.
"""

import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from approvals import notices
from approvals.actions import expire as expire_one
from approvals.actions import nudge as nudge_one
from approvals.models import Gate, Step
from approvals.workflows import advance as workflow
from events import outbox
from intents import actions as intent_actions
from intents.models import Delivery, Intent

BATCH = 500
SENDING_SECONDS = 10
REST_SECONDS = 300
logger = logging.getLogger(__name__)
_failed: dict[UUID, float] = {}


@shared_task
def expire(**kwargs: Any) -> None:
    """End intents whose deadline has passed."""
    overdue = Intent.objects.overdue(timezone.now()).order_by("deadline_at", "id")
    _each(overdue, expire_one)


@shared_task
def nudge(**kwargs: Any) -> None:
    """Send the reminders and escalations that are due."""
    due = Gate.objects.to_nudge(timezone.now()).order_by("nudge_at", "id")
    _each(due, nudge_one)


@shared_task
def redeliver(**kwargs: Any) -> None:
    """Offer work again that an agent took and never answered."""
    due = Delivery.objects.unanswered(timezone.now()).order_by("next_try_at", "id")
    _each(due, intent_actions.offer_unanswered)


@shared_task
def advance(**kwargs: Any) -> None:
    """Carry on scenarios whose step or answer has come, or whose time for something has."""
    _each(Intent.objects.reporting().order_by("updated_at", "id"), workflow.after)
    _each(Step.objects.due(timezone.now()).order_by("wake_at", "id"), workflow.on_time)


@shared_task
def send_notices(**kwargs: Any) -> None:
    """Send what is due in the outbox for some seconds; the next run goes on from there."""
    ends_at = time.monotonic() + SENDING_SECONDS
    while time.monotonic() < ends_at:
        if not outbox.send_next(notices.compose, now=timezone.now()):
            return


def _each(due: QuerySet[Any], action: Callable[..., Any]) -> None:
    """Act on every row by itself: one that fails is logged and never holds up the others.

    It stays due, but for some minutes this process looks past it.
    """
    for id in [id for id, until in _failed.items() if until <= time.monotonic()]:
        del _failed[id]
    for id in due.exclude(id__in=list(_failed)).values_list("id", flat=True)[:BATCH]:
        try:
            action(id, now=timezone.now())
        except OperationalError:
            # A deadlock was resolved against us, or the file was locked: the next tick tries again.
            logger.warning("A due row could not be handled now", exc_info=True)
        except Exception:
            _failed[id] = time.monotonic() + REST_SECONDS
            logger.exception("A due row could not be handled; it stays due")
