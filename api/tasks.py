"""House-keeping of the dialects."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.sessions import actions as sessions
from api import idempotency
from approvals.logins import codes, grants


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget(now=timezone.now())


@shared_task
def forget_logins(**kwargs: Any) -> None:
    now = timezone.now()
    for each in (codes, grants, sessions):
        each.forget(now=now)
