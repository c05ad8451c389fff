"""The row of a registered intent type."""

import json
from typing import Any, Self
from uuid import uuid4

from django.db import models

from accounts.actor import Actor


class IntentTypeQuerySet(models.QuerySet["IntentType"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)


class IntentType(models.Model):
    """What the payloads of one intent type look like in one workspace."""

    class Mode(models.TextChoices):
        STRICT = "strict", "Misfits are refused; what is accepted never changes"
        BACKWARD = "backward", "Misfits are refused; a change accepts at least as much"
        WARN = "warn", "Misfits are taken, with a warning; any change"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    schema_ref = models.CharField(max_length=512, blank=True)
    # Kept as text: the order of its fields is the order in which the desk shows a payload.
    text = models.TextField()
    hash = models.CharField(max_length=64)
    mode = models.CharField(max_length=8, choices=Mode)
    owner_agent = models.CharField(max_length=519, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = IntentTypeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="intent_type_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def schema(self) -> dict[str, Any]:
        return dict(json.loads(self.text))
