"""The rows behind a login that is not the desk's: sessions, their tokens, codes and grants."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self, now: datetime) -> Self:
        """Return sessions that hold: neither revoked nor over, of people who may sign in."""
        return self.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)


class Session(models.Model):
    """One login of a person from a terminal. Everything handed out with it dies with it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="sessions")
    # Where its calls act, until its person selects another.
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    client = models.CharField(max_length=32)
    device = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        app_label = "accounts"
        indexes = [models.Index(fields=["user", "-created_at"], name="session_of_person")]

    def __str__(self) -> str:
        return f"{self.client} of {self.user_id}"


class RefreshToken(models.Model):
    """One link in the chain of a session: used once. Used twice, somebody has a copy of it."""

    hash = models.CharField(max_length=64, unique=True)
    session = models.ForeignKey(Session, models.CASCADE, related_name="refresh_tokens")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return f"of {self.session_id}"


class LoginCode(models.Model):
    """A login that waits for the code in a mail. An unknown address has a row like any other.

    The code itself is nowhere: it follows from the id and SECRET_KEY. A hash of six digits would
    be as good as the digits.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.CharField(max_length=254)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    device = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "accounts"
        indexes = [models.Index(fields=["email", "created_at"], name="login_code_of_address")]

    def __str__(self) -> str:
        return f"asked at {self.created_at:%H:%M}"


class CliGrant(models.Model):
    """A terminal that waits until a person says at the desk that it is theirs."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_code = models.CharField(max_length=9, unique=True)
    place = models.CharField(max_length=64)
    device = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)
    session = models.OneToOneField(Session, models.CASCADE, null=True, related_name="+")

    class Meta:
        app_label = "accounts"
        indexes = [models.Index(fields=["expires_at"], name="cli_grant_expired")]

    def __str__(self) -> str:
        return self.user_code
