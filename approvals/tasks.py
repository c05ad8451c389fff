"""The clock's and the hands' work. Each task finds rows that are due and calls one action on each.

Several workers may run the same task: the action locks the row, looks again, and does nothing when
another was first.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from celery import shared_task
from django.utils import timezone

from approvals import notices
from approvals.actions import expire as expire_one
from approvals.actions import nudge as nudge_one
from approvals.models import Gate
from events import outbox
from intents import actions as intent_actions
from intents.models import Delivery, Intent

BATCH = 500
logger = logging.getLogger(__name__)


@shared_task
def expire(**kwargs: Any) -> None:
    """End intents whose deadline has passed."""
    overdue = Intent.objects.overdue(timezone.now()).order_by("deadline_at", "id")
    _each(overdue.values_list("id", flat=True)[:BATCH], expire_one)


@shared_task
def nudge(**kwargs: Any) -> None:
    """Send the reminders and escalations that are due."""
    due = Gate.objects.to_nudge(timezone.now()).order_by("nudge_at", "id")
    _each(due.values_list("id", flat=True)[:BATCH], nudge_one)


@shared_task
def redeliver(**kwargs: Any) -> None:
    """Offer work again that an agent took and never answered."""
    due = Delivery.objects.unanswered(timezone.now()).order_by("next_try_at", "id")
    _each(due.values_list("id", flat=True)[:BATCH], intent_actions.offer_unanswered)


@shared_task
def send_notices(**kwargs: Any) -> None:
    """Send what is due in the outbox, until nothing is."""
    while outbox.send_due(notices.compose, now=timezone.now()):
        pass


def _each(ids: Iterable[Any], action: Callable[..., Any]) -> None:
    """Act on every row by itself: one that fails is logged and never holds up the others."""
    for id in ids:
        try:
            action(id, now=timezone.now())
        except Exception:
            logger.exception("A due row could not be handled; it stays due")
