"""Old calls that nobody asks for. What was given up stays until a person has seen to it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Workspace
from events.models import Outbox, WebhookEvent

KEPT_FOR = timedelta(days=30)
AT_ONCE = 5000
DONE = (Outbox.State.SENT, Outbox.State.DROPPED, Outbox.State.RETRIED)


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Delete calls that came to an end a month ago, with their tries and their webhook events.

    Some thousands at a time; returns how many calls it were. The trail of an intent stays.
    """
    before = now - KEPT_FOR
    ids: list[UUID] = []
    for space in Workspace.objects.order_by("id").values_list("id", flat=True):
        for state in DONE:
            # Asked as the log is ordered, so that it costs what is found and no more.
            rows = Outbox.objects.filter(workspace=space, state=state, created_at__lt=before)
            calls = rows.filter(queue=Outbox.Queue.CALLS).order_by("created_at", "id")
            ids += calls.values_list("id", flat=True)[: AT_ONCE - len(ids)]
    Outbox.objects.filter(id__in=ids).delete()
    _forget_events(before)
    return len(ids)


def _forget_events(before: datetime) -> None:
    told = Outbox.objects.filter(subject_id=OuterRef("id"))
    old = WebhookEvent.objects.filter(~Exists(told), created_at__lt=before)
    ids = list(old.order_by("created_at").values_list("id", flat=True)[:AT_ONCE])
    WebhookEvent.objects.filter(id__in=ids).delete()
