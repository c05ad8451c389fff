"""What is kept of a scenario besides its intent: the plan as it was applied, and its steps."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

from approvals.workflows.plan import Kind
from intents.models import Intent


class Workflow(models.Model):
    """The plan of one scenario, frozen when it was applied. Its intent says how far it has got."""

    intent = models.OneToOneField(Intent, models.CASCADE, primary_key=True, related_name="workflow")
    compile_id = models.UUIDField(default=uuid4)
    title = models.CharField(max_length=255, blank=True)
    # See plan.Plan, which reads it.
    plan = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title or self.intent.scenario_id


class StepQuerySet(models.QuerySet["Step"]):
    def due(self, now: datetime) -> Self:
        """Return active steps whose delay, retry or deadline has come."""
        return self.filter(state=Step.State.ACTIVE, wake_at__lte=now)


class Step(models.Model):
    """How one step of a workflow stands. Written by `advance` alone."""

    class State(models.TextChoices):
        WAITING = "waiting", "To come"
        ACTIVE = "active", "Now"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed_out", "Ran out of time"
        SKIPPED = "skipped", "Left out"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    step_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=[(k, k.title()) for k in Kind])
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    # The work of an agent's step in its present attempt, and the question of a person's step.
    child = models.ForeignKey(Intent, models.SET_NULL, null=True, related_name="+")
    gate = models.ForeignKey("approvals.Gate", models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    # The end of a delay, or of the pause before another attempt.
    resume_at = models.DateTimeField(null=True)
    # The earlier of the two: when the clock looks at this step again.
    wake_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=64, blank=True)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "position"], name="step_position"),
            models.UniqueConstraint(
                fields=["workflow"], condition=Q(state="active"), name="step_active_once"
            ),
        ]
        indexes = [
            models.Index(fields=["wake_at", "id"], name="step_due", condition=Q(state="active")),
        ]

    def __str__(self) -> str:
        return self.step_id
