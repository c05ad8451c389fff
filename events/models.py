"""What happened, append-only, and what has yet to be told to the outside because of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Exists, OuterRef, Q
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
    def due(self, now: datetime, *, queue: str) -> Self:
        """Return rows to send now: pending, their time has come, and nobody holds them."""
        return self.filter(state=Outbox.State.PENDING, queue=queue, next_try_at__lte=now)

    def free(self, now: datetime) -> Self:
        """Leave out messages to a machine that is being called right now: one call at a time."""
        others = Outbox.objects.filter(target_id=OuterRef("target_id"), held_until__gt=now)
        return self.exclude(Exists(others.filter(state=Outbox.State.PENDING)))


class Outbox(models.Model):
    """One message to one recipient, written in the transaction of what it tells about.

    A worker claims a row by moving `next_try_at` into the future: if it dies, the row comes back.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "No longer needed"
        RETRIED = "retried", "Failed, and tried again under a new number"
        DEAD = "dead", "Given up"

    class Queue(models.TextChoices):
        """Who sends it: slow mail servers, slow machines and our own clock wait for one another
        nowhere."""

        MAIL = "mail", "Mails to people"
        CALLS = "calls", "Calls to other machines"
        NEWS = "news", "To be told to subscribers"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    queue = models.CharField(max_length=5, choices=Queue, default=Queue.MAIL)
    kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    # Who gets it: a person, or the agent or subscription whose address is called.
    recipient_id = models.BigIntegerField(null=True)
    target_id = models.UUIDField(null=True)
    # Which attempt of a delivery this is, or up to which event there is news.
    number = models.PositiveIntegerField(default=0)
    dedupe = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    held_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"
        indexes = [
            models.Index(
                fields=["queue", "next_try_at", "id"],
                name="outbox_waiting",
                condition=Q(state="pending"),
            ),
            models.Index(fields=["subject_id"], name="outbox_subject"),
            models.Index(
                fields=["target_id", "held_until"],
                name="outbox_target",
                condition=Q(state="pending", target_id__isnull=False),
            ),
            models.Index(fields=["workspace", "state", "-created_at", "-id"], name="outbox_log"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Attempt(models.Model):
    """One try to send a message, and what the other side said to it."""

    message = models.ForeignKey(Outbox, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    # What the other machine answered; None when it did not, and for mails.
    status = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.error or str(self.status or "taken")


EVERY_INTENT_EVENT = "intent.*"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self) -> Self:
        return self.filter(is_active=True, revoked_at=None)

    def of(self, workspace_id: UUID, owners: Sequence[str] | None) -> Self:
        """Return what these owners have here; None means everybody, "" the workspace itself."""
        rows = self.filter(workspace=workspace_id)
        return rows if owners is None else rows.filter(owner__in=owners)


class Subscription(models.Model):
    """Somebody who wants to be called when something happens.

    `owner` is the address whose inbox and intents it is about; empty means the whole workspace.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    owner = models.CharField(max_length=519, blank=True)
    # As its maker wrote the owner.
    literal = models.CharField(max_length=383)
    callback_url = models.CharField(max_length=2048)
    # Of owner and address together, which are too long for an index.
    digest = models.CharField(max_length=64)
    event_types = models.JSONField()
    secret = models.TextField(blank=True, editable=False)
    secret_hint = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    description = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "digest"], name="subscription_once"),
        ]
        indexes = [
            models.Index(
                fields=["workspace"],
                name="subscription_live",
                condition=Q(is_active=True, revoked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.callback_url

    @property
    def is_live(self) -> bool:
        return self.is_active and self.revoked_at is None

    def wants(self, type: str) -> bool:
        is_of_intent = type.startswith("intent.") and EVERY_INTENT_EVENT in self.event_types
        return is_of_intent or type in self.event_types


class WebhookEvent(models.Model):
    """Something subscribers are told: an event of an intent, or what somebody published."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    owner = models.CharField(max_length=519, blank=True)
    literal = models.CharField(max_length=383, blank=True)
    type = models.CharField(max_length=64)
    source = models.CharField(max_length=100)
    # The event of an intent this is about, if it is about one.
    intent_id = models.UUIDField(null=True)
    seq = models.PositiveIntegerField(null=True)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["intent_id"], name="webhook_intent"),
            models.Index(fields=["created_at"], name="webhook_old"),
        ]

    def __str__(self) -> str:
        return self.type
