"""House-keeping of the dialects."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from api import idempotency


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget(now=timezone.now())
