"""What happened, append-only, and what has yet to be told to the outside because of it."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Workspace


class Event(models.Model):
    """One thing that happened to an intent. History, audit, API feed and streams read these rows.

    `seq` is dense per intent, from 1. Nothing updates or deletes an event.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    intent_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    status = models.CharField(max_length=12)
    actor = models.CharField(max_length=255)
    handler = models.CharField(max_length=519, blank=True)
    waiting_reason = models.CharField(max_length=20, blank=True)
    pending_with = models.JSONField(null=True)
    data = models.JSONField(default=dict)
    trace_id = models.CharField(max_length=128, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intent_id", "seq"], name="event_seq")]

    def __str__(self) -> str:
        return f"{self.type} #{self.seq}"


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def due(self, now: datetime) -> Self:
        """Return rows to send now: pending, their time has come, and nobody holds them."""
        return self.filter(state=Outbox.State.PENDING, next_try_at__lte=now)


class Outbox(models.Model):
    """One message to one recipient, written in the transaction of what it tells about.

    A worker claims a row by moving `next_try_at` into the future: if it dies, the row comes back.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "No longer needed"
        DEAD = "dead", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    recipient_id = models.BigIntegerField(null=True)
    dedupe = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"
        indexes = [
            models.Index(
                fields=["next_try_at", "id"], name="outbox_due", condition=Q(state="pending")
            ),
            models.Index(fields=["subject_id"], name="outbox_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
