"""House-keeping of intents: each task finds rows that are due and calls one action on each."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from intents.media.actions import give_up
from intents.media.models import Upload

BATCH = 500


@shared_task
def give_up_uploads(**kwargs: Any) -> None:
    """End files that were announced and never became complete."""
    now = timezone.now()
    late = Upload.objects.overdue(now).order_by("expires_at", "id").values_list("id", flat=True)
    for id in late[:BATCH]:
        give_up(id, now=now)
