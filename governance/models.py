"""What is allowed and what was used: rules of agents and workspaces, usage by the hour, the mesh's
events. Rules are data, frozen until somebody sets others; `verdicts` reads them."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agent, Workspace


class AgentRules(models.Model):
    """What an agent may do and who may send to it. No row: everything."""

    agent = models.OneToOneField(Agent, models.CASCADE, primary_key=True, related_name="rules")
    # Who may send to it: mode open, allowlist or denylist, with entries.
    receive = models.JSONField(default=dict, blank=True)
    # For senders of another organisation: open, allowlist, closed or use_org_default.
    override = models.JSONField(default=dict, blank=True)
    # Types of intents it may send and be sent: allow and deny, deny first.
    types = models.JSONField(default=dict, blank=True)
    # Intents an hour and a day, US dollars a day, and what happens beyond.
    limits = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "agent rules"

    def __str__(self) -> str:
        return f"Rules of {self.agent_id}"


class WorkspaceRules(models.Model):
    """Who of another organisation may send to the agents here. No row: everybody."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="rules"
    )
    receive = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "workspace rules"

    def __str__(self) -> str:
        return f"Rules of {self.workspace_id}"


class Usage(models.Model):
    """One hour of one agent: intents it sent or was sent, and the dollars it says it spent."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="usage")
    hour_at = models.DateTimeField()
    intents = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=6, default=0)

    class Meta:
        verbose_name_plural = "usage"
        constraints = [models.UniqueConstraint(fields=["agent", "hour_at"], name="usage_hour")]

    def __str__(self) -> str:
        return f"{self.agent_id} at {self.hour_at:%Y-%m-%d %H}"


class MeshEventQuerySet(models.QuerySet["MeshEvent"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def newest(self) -> Self:
        return self.order_by("-at", "-id")


class MeshEvent(models.Model):
    """Something that was done to an agent, or that it ran into. Nothing updates or deletes one."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="mesh_events")
    address = models.CharField(max_length=383)
    type = models.CharField(max_length=64)
    actor = models.CharField(max_length=255)
    details = models.JSONField(default=dict)
    # A breach is told once in its hour or day; everything else is told each time.
    dedupe = models.CharField(max_length=160, unique=True, null=True)  # noqa: DJ001 - null is unlike null
    at = models.DateTimeField()

    objects = MeshEventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"], name="mesh_event_newest"),
            models.Index(fields=["agent", "-at", "-id"], name="mesh_event_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.address}"


def hour_of(now: datetime) -> datetime:
    """Return the hour that usage of this moment is counted in."""
    return now.replace(minute=0, second=0, microsecond=0)
