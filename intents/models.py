"""What an agent asked for and how far it has got: intents, and their deliveries to addresses."""

from datetime import datetime
from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agent, ApiKey, User, Workspace
from intents.lifecycle import ENDS, OPEN, Status, WaitingFor

# What a caller may write, and the scheme and workspace that its canonical form adds.
LONGEST_ADDRESS = 383 + 136
OPEN_STATUS = Q(status__in=sorted(OPEN))
# A step's work that has ended, or a scenario that has ended or got its answer, moves the scenario.
MOVES_ON = Q(reports_to__isnull=False) & (
    Q(status__in=sorted(ENDS)) | Q(status=Status.IN_PROGRESS, parent=None)
)


class IntentQuerySet(models.QuerySet["Intent"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def open(self) -> Self:
        return self.filter(OPEN_STATUS)

    def overdue(self, now: datetime) -> Self:
        """Return what the clock ends. The work of a step is ended by its scenario instead."""
        return self.open().filter(deadline_at__lte=now, parent=None)

    def reporting(self) -> Self:
        """Return intents whose scenario has yet to take note of how they stand."""
        return self.filter(MOVES_ON)

    def locked(self) -> Self:
        """Lock in one order, by id; every action locks the intent row before anything else."""
        return self.select_for_update(of=("self",)).order_by("id")


class Intent(models.Model):
    """A request of one agent to another agent or to people, kept until it has an outcome."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="intents", db_index=False)
    key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+", db_index=False)
    # Who asked through a program of theirs. Nothing is looked up by it, so it has no index.
    person = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False, editable=False
    )
    type = models.CharField(max_length=255)
    correlation_id = models.UUIDField(default=uuid4)
    # A step's work belongs to the intent of its scenario.
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="children", db_index=False
    )
    scenario_id = models.CharField(max_length=255, blank=True)
    step_id = models.CharField(max_length=100, blank=True)
    # The scenario that has to take note when this ends: its parent's, or its own; until it has.
    reports_to = models.UUIDField(null=True)
    # Addresses as the caller wrote them, and the form they are compared by.
    from_agent = models.CharField(max_length=383)
    from_address = models.CharField(max_length=LONGEST_ADDRESS)
    to_agent = models.CharField(max_length=383)
    to_address = models.CharField(max_length=LONGEST_ADDRESS)
    reply_to = models.CharField(max_length=383, blank=True)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=[(s, s) for s in Status])
    waiting_reason = models.CharField(max_length=20, blank=True)
    pending_with = models.JSONField(null=True)
    handler = models.CharField(max_length=LONGEST_ADDRESS, blank=True)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)
    # The last event of this intent; the next one is this plus one.
    seq = models.PositiveIntegerField(default=0)
    deadline_at = models.DateTimeField(null=True)
    # What a gate of this intent inherits: reminders in seconds, whom to escalate to.
    reminders = models.JSONField(default=dict)
    human_task = models.JSONField(null=True)
    max_delivery_attempts = models.PositiveSmallIntegerField(null=True)
    controls = models.JSONField(default=dict)
    policy = models.JSONField(default=dict)
    policy_generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = IntentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(waiting_reason="") ^ Q(status=Status.WAITING), name="waits_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at", "id"], name="intent_overdue", condition=OPEN_STATUS
            ),
            models.Index(fields=["workspace", "-created_at", "-id"], name="intent_newest"),
            models.Index(
                fields=["workspace", "from_address", "-created_at", "-id"], name="intent_sent"
            ),
            models.Index(
                fields=["workspace", "to_address", "-created_at", "-id"], name="intent_received"
            ),
            models.Index(fields=["updated_at", "id"], name="intent_reporting", condition=MOVES_ON),
            models.Index(
                fields=["parent"], name="intent_children", condition=Q(parent__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.type

    @property
    def is_over(self) -> bool:
        return self.status in ENDS

    @property
    def moves_a_scenario(self) -> bool:
        """Say of one row what `reporting` asks of many."""
        has_answer = self.status == Status.IN_PROGRESS and self.parent_id is None
        return self.reports_to is not None and (self.is_over or has_answer)

    @property
    def is_scenario(self) -> bool:
        """Tell whether this is the intent of a whole scenario, which only its steps move."""
        return bool(self.scenario_id) and self.parent_id is None

    @property
    def waits_for_a_person(self) -> bool:
        return self.waiting_reason == WaitingFor.HUMAN

    @property
    def parties(self) -> set[str]:
        """The addresses that take part in this intent, in canonical form."""
        return {self.from_address, self.to_address, self.handler} - {""}

    def grants(self, address: str | None, permission: str) -> bool:
        """Tell whether the intent's policy lets this address do something with it."""
        grant = self.policy.get("grants", {}).get(f"delegate:{address}")
        allowed = grant.get("allow") if isinstance(grant, dict) else None
        return isinstance(allowed, list) and permission in allowed


class Mailbox(models.Model):
    """The counter of one address. Locked while work is put before it, so that its order is the
    order of commits and a reader following `since` never misses one."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=LONGEST_ADDRESS)
    seq = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "address"], name="mailbox_address"),
        ]

    def __str__(self) -> str:
        return self.address


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def at(self, workspace_id: UUID, address: str) -> Self:
        return self.filter(workspace=workspace_id, address=address)

    def actionable(self) -> Self:
        """Return work its agent can do something about now: not over, not waiting for a person."""
        return self.filter(purpose=Delivery.Purpose.WORK, closed_at=None, is_paused=False)

    def unanswered(self, now: datetime) -> Self:
        """Return work that was read by an agent which has shown no sign of it since."""
        return self.actionable().reachable().filter(next_try_at__lte=now)

    def reachable(self) -> Self:
        """Leave out what waits at an agent that is killed: it stays, and reaches nobody."""
        killed = Agent.objects.filter(
            workspace=OuterRef("workspace"), address=OuterRef("address"), killed_at__isnull=False
        )
        return self.exclude(Exists(killed))


class Delivery(models.Model):
    """An intent put before an address: on its stream, in its inbox, or both.

    Being put there again moves it to a new, larger `seq`; there is one row per intent and address.
    """

    class Purpose(models.TextChoices):
        WORK = "work", "To be done"
        COPY = "copy", "To be asked or told"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    intent = models.ForeignKey(Intent, models.CASCADE, related_name="deliveries", db_index=False)
    address = models.CharField(max_length=LONGEST_ADDRESS)
    # As the sender wrote the address, which is how they ask for it.
    literal = models.CharField(max_length=383)
    seq = models.BigIntegerField()
    purpose = models.CharField(max_length=4, choices=Purpose, default=Purpose.WORK)
    attempt = models.PositiveSmallIntegerField(default=1)
    offered_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    # While a person is asked there is nothing for the agent to do.
    is_paused = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True)
    # Whom its owner handed it to; what stays here is for reading only.
    delegated_to = models.CharField(max_length=383, blank=True)
    read_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["intent", "address"], name="delivery_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "address", "seq"], name="delivery_stream"),
            models.Index(
                fields=["workspace", "address", "updated_at", "id"], name="delivery_inbox"
            ),
            models.Index(
                fields=["next_try_at", "id"],
                name="delivery_unanswered",
                condition=Q(closed_at=None, is_paused=False, next_try_at__isnull=False),
            ),
            models.Index(
                fields=["workspace", "created_at", "id"],
                name="delivery_unserved",
                condition=Q(closed_at=None, offered_at=None, is_paused=False, purpose="work"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent_id} at {self.address}"


class HiddenMessage(models.Model):
    """A message that the owner of a thread no longer wants to see. Its event stays as it is."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="hidden")
    seq = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "seq"], name="message_hidden_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.seq}"


from intents.media.models import Upload  # noqa: E402, F401 - Django looks for models here
from intents.registry.models import IntentType  # noqa: E402, F401 - Django looks for models here
