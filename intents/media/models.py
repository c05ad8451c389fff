"""The row of a file: what was announced, what came, and where its bytes are."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

from accounts.actor import Actor


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def ready(self) -> Self:
        return self.filter(status=Upload.Status.READY)

    def overdue(self, now: datetime) -> Self:
        """Return announced files that never became complete and whose time is over."""
        return self.filter(status=Upload.Status.PENDING, expires_at__lte=now)


class Upload(models.Model):
    """A file of one workspace. It is announced, then its bytes come, then it is ready for ever.

    A ready file never changes: an answer that named it still means the same bytes.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Announced"
        READY = "ready", "Complete"
        EXPIRED = "expired", "Never completed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    owner_agent = models.CharField(max_length=519)
    # Who brought it, as the trail names them.
    brought_by = models.CharField(max_length=255)
    filename = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    announced_sha256 = models.CharField(max_length=64, blank=True)
    # Computed from the bytes that came.
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    # The name in the storage; empty until the bytes are here.
    stored_as = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finalized_at = models.DateTimeField(null=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(finalized_at__isnull=False) & ~Q(stored_as=""),
                name="ready_file_has_bytes",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at", "id"], name="upload_overdue", condition=Q(status="pending")
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def folder(self) -> str:
        """Where in the storage all that ever came for this row is."""
        return f"{self.workspace_id}/{self.id}"
