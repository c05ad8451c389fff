"""The rows of how people come in: the nicknames they are known by, and their invitations."""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

from accounts.actor import Actor


class ProfileQuerySet(models.QuerySet["Profile"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)


class Profile(models.Model):
    """Somebody known by a nickname in one workspace, with an address that people stand behind.

    Nicknames are a matter of one workspace: another one neither sees nor blocks them. Until a
    person has joined, `agent.person` is empty, and any reviewer is asked at the address.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="profiles")
    # The address stays when the nickname changes.
    agent = models.OneToOneField("accounts.Agent", models.CASCADE, related_name="profile")
    nick = models.CharField(max_length=33)
    normalised = models.CharField(max_length=32)
    display_name = models.CharField(max_length=120, blank=True)
    # What the registering program says of them. Nobody signs in or is mailed by these.
    email = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ProfileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "normalised"], name="nick_once"),
        ]

    def __str__(self) -> str:
        return self.nick

    @property
    def public_address(self) -> str:
        return f"{self.normalised}@ax"


class InviteQuerySet(models.QuerySet["Invite"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def open(self, now: datetime) -> Self:
        """Return the invitations that a person can still follow."""
        waiting = self.filter(joined_at=None, revoked_at=None, expires_at__gt=now)
        return waiting.filter(Q(accepted_at=None) | ~Q(email=""))


class Invite(models.Model):
    """An invitation to review in a workspace, used once. Of its secrets only hashes are kept.

    Who made it knows the first secret. The second is made when the mail is written and known to
    the mailbox alone: only it proves whose address that is, so only it makes an account.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="invites")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    # NULL before the first mail, as two empty ones would not be unique.
    mail_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    owner_agent = models.CharField(max_length=383)
    recipient_hint = models.CharField(max_length=255, blank=True)
    email = models.EmailField(blank=True)
    mails_asked = models.PositiveSmallIntegerField(default=0)
    # Who invites, as the trail and the invitation say it.
    inviter = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # Over the API: a nickname is bound. At the desk: a person has joined.
    accepted_at = models.DateTimeField(null=True)
    profile = models.ForeignKey(Profile, models.SET_NULL, null=True, related_name="invites")
    joined_at = models.DateTimeField(null=True)
    person = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")

    objects = InviteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at", "id"], name="invite_newest")]

    def __str__(self) -> str:
        return self.email or self.recipient_hint or str(self.id)

    def is_open(self, now: datetime) -> bool:
        """Tell whether a person can still follow it; the same as `open` of the queryset."""
        is_waiting = self.joined_at is None and self.revoked_at is None and self.expires_at > now
        return is_waiting and (self.accepted_at is None or bool(self.email))

    def status(self, now: datetime) -> str:
        if self.accepted_at or self.joined_at:
            return "accepted"
        return "expired" if self.revoked_at or self.expires_at <= now else "pending"
