"""What people are asked and what they answered: gates, seats, decisions and e-mail links."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import ApiKey, User, Workspace
from approvals.kinds import Kind
from approvals.workflows.models import Step as Step
from approvals.workflows.models import Workflow as Workflow
from governance.risk import Risk
from intents.models import Intent
from intents.payloads import shortened


def seat_of(user_id: int | None) -> str:
    """Return the name of one person's own seat."""
    return f"person:{user_id}"


def reviewers_of(workspace_id: UUID) -> str:
    """Return the name of the seat every reviewer of a workspace may take."""
    return f"reviewers:{workspace_id}"


class GateQuerySet(models.QuerySet["Gate"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def open(self) -> Self:
        return self.filter(state=Gate.State.OPEN)

    def closed(self) -> Self:
        return self.exclude(state=Gate.State.OPEN)

    def to_nudge(self, now: datetime) -> Self:
        """Return open gates whose next reminder or escalation is due."""
        return self.open().filter(nudge_at__lte=now)


class Gate(models.Model):
    """One question to people about one intent. Its rule and outcomes are frozen when it opens."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting"
        DECIDED = "decided", "Decided"
        EXPIRED = "expired", "Expired"
        CANCELED = "canceled", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="gates", db_index=False)
    intent = models.ForeignKey(Intent, models.CASCADE, related_name="gates")
    # The step of a scenario that asks this, and whether a no leads on to another step.
    step_id = models.CharField(max_length=100, blank=True)
    goes_on_after_no = models.BooleanField(default=False)
    kind = models.CharField(max_length=24, choices=Kind)
    title = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    # Who asks, in the words of the trail, and the address that may never answer.
    asker = models.CharField(max_length=519)
    risk = models.CharField(max_length=8, choices=[(r, r.title()) for r in Risk])
    # [{"value", "effect": "advance" | "fail"}], in the order they are shown.
    outcomes = models.JSONField()
    form_schema = models.JSONField(default=dict)
    is_comment_required = models.BooleanField(default=False)
    is_evidence_required = models.BooleanField(default=False)
    rule = models.JSONField()
    # What the agent said when it asked midway; part of what the reviewer sees and signs.
    context = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    outcome = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    # The queue is ordered by this: the deadline, or a year after opening when there is none.
    rank_at = models.DateTimeField()
    nudge_at = models.DateTimeField(null=True)
    # {"after", "every", "most" in seconds and count, "escalate_to"}: see timetable.py.
    reminders = models.JSONField(default=dict)
    reminders_sent = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["intent"], condition=Q(state="open"), name="gate_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | ~Q(state="open") & Q(closed_at__isnull=False),
                name="gate_closed_when_not_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "rank_at", "id"], name="gate_queue", condition=Q(state="open")
            ),
            models.Index(
                fields=["workspace", "-closed_at", "-id"],
                name="gate_done",
                condition=~Q(state="open"),
            ),
            models.Index(fields=["workspace", "changed_at"], name="gate_changed"),
            models.Index(fields=["nudge_at", "id"], name="gate_nudge", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_grave(self) -> bool:
        return Risk(self.risk).is_grave

    @property
    def short_digest(self) -> str:
        return shortened(self.digest)

    def effect_of(self, outcome: str) -> str | None:
        """Return "advance" or "fail", or None for an outcome this gate does not have."""
        found: list[dict[str, Any]] = [o for o in self.outcomes if o["value"] == outcome]
        return found[0]["effect"] if found else None


class Seat(models.Model):
    """A place in the queue of a person, or of all reviewers of a workspace, while a gate is open.

    Only an index for "waiting for you": who may decide is the gate's rule.
    """

    gate = models.ForeignKey(Gate, models.CASCADE, related_name="seats", db_index=False)
    holder = models.CharField(max_length=64)
    rank_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gate", "holder"], name="seat_once")]
        indexes = [models.Index(fields=["holder", "rank_at", "gate"], name="seat_queue")]

    def __str__(self) -> str:
        return self.holder


class Decision(models.Model):
    """One answer at one stage of a gate, by one person or key. Final."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    gate = models.ForeignKey(Gate, models.CASCADE, related_name="decisions", db_index=False)
    stage = models.PositiveSmallIntegerField(default=0)
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="decisions")
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    # The name the trail shows: an e-mail address, or `key:<name>`.
    decider = models.CharField(max_length=255)
    # Who handed this on to the decider; the two of them count as one.
    on_behalf_of = models.CharField(max_length=519, blank=True)
    outcome = models.CharField(max_length=64)
    effect = models.CharField(max_length=8)
    comment = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    channel = models.CharField(max_length=8)
    # The digest and version the decider was shown.
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gate", "stage", "decider"], name="decision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.decider}"

    @property
    def by(self) -> str:
        """The decider as people say it."""
        return str(self.person) if self.person else self.decider

    @property
    def voice(self) -> str:
        """Whose answer this is: a delegate's is that of who was asked first."""
        return self.on_behalf_of or self.decider


class Delegation(models.Model):
    """One step of a request from hand to hand. `giver` and `taker` are what is compared.

    They are `person:<id>`, or an address in its canonical form; the names are for the trail.
    Work that nobody is asked about has no gate.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    intent = models.ForeignKey(Intent, models.CASCADE, related_name="delegations")
    gate = models.ForeignKey(Gate, models.CASCADE, null=True, related_name="delegations")
    giver = models.CharField(max_length=519)
    giver_name = models.CharField(max_length=519)
    taker = models.CharField(max_length=519)
    taker_name = models.CharField(max_length=519)
    actor = models.CharField(max_length=519)
    note = models.TextField(blank=True)
    # How many hands it went through to get here, this step included.
    depth = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gate", "giver", "taker"], name="delegation_once"),
            models.UniqueConstraint(
                fields=["intent", "giver", "taker"], condition=Q(gate=None), name="work_given_once"
            ),
        ]
        indexes = [models.Index(fields=["intent", "at"], name="delegation_intent")]

    def __str__(self) -> str:
        return f"{self.giver_name} to {self.taker_name}"


class EmailLink(models.Model):
    """A link mailed to one person: it opens one gate at one digest and decides once, by POST."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    hash = models.CharField(max_length=64, unique=True)
    gate = models.ForeignKey(Gate, models.CASCADE, related_name="links", db_index=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["gate"], name="link_gate")]

    def __str__(self) -> str:
        return f"for {self.person_id}"
