"""Who acts: people, the workspaces they belong to, agents, and the keys agents hold."""

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.actor import Actor
from accounts.addresses import SCHEME
from accounts.sessions.models import CliGrant, LoginCode, RefreshToken, Session

__all__ = [
    "Agent",
    "ApiKey",
    "CliGrant",
    "LoginCode",
    "Membership",
    "RefreshToken",
    "Session",
    "User",
    "Workspace",
]

SLUG = RegexValidator(r"^[a-z0-9][a-z0-9-]{1,62}$", "Use small letters, digits and hyphens.")
AGENT_NAME = RegexValidator(r"^[A-Za-z0-9._-]{2,63}$", "Use letters, digits, dots and hyphens.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    has_single_keys = models.BooleanField("single-key shortcuts", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name.strip() or self.email

    def get_short_name(self) -> str:
        return (self.name.split() or self.email.split("@"))[0]

    @property
    def initials(self) -> str:
        words = str(self).split("@")[0].replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper() or "?"


class Workspace(models.Model):
    """The wall: everything belongs to one workspace and does not exist for the others."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    org = models.CharField(max_length=63, validators=[SLUG])
    name = models.CharField(max_length=63, validators=[SLUG])
    keys_may_decide = models.BooleanField(
        "workspace keys may decide",
        default=True,
        help_text="Agent keys never do. Every answer by a key is marked as such in the trail.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "name"], name="workspace_org_name")]

    def __str__(self) -> str:
        return f"{self.org}/{self.name}"

    @property
    def org_id(self) -> UUID:
        """The id of the organisation on the wire: made of its name, as there is no row for one."""
        return uuid5(NAMESPACE_URL, f"{SCHEME}{self.org}")

    def is_called(self, org: str, name: str) -> bool:
        """Tell whether ids or names mean this workspace; what is left out fits any."""
        orgs, names = {"", self.org, str(self.org_id)}, {"", self.name, str(self), str(self.id)}
        return org in orgs and name in names


class Membership(models.Model):
    class Role(models.TextChoices):
        REVIEWER = "reviewer", "Reviewer"
        ADMIN = "admin", "Admin"
        AUDITOR = "auditor", "Auditor, reads only"

    DECIDING = (Role.REVIEWER, Role.ADMIN)

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.REVIEWER)
    wants_mail = models.BooleanField("is told by e-mail", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(workspace__in=actor.workspaces)

    def registered(self) -> Self:
        return self.filter(removed_at=None)

    def called(self) -> Self:
        """Return agents whose work is pushed to them: switched on, not killed, with an address."""
        on = self.filter(delivery_mode=Agent.Mode.HTTP, is_on=True, killed_at=None)
        return on.exclude(callback_url="")

    def programs(self) -> Self:
        """Leave out addresses at which people are asked: they have no heartbeat."""
        return self.registered().filter(kind=Agent.Kind.PROGRAM)


class Agent(models.Model):
    """A registered address: a program, or a place where people are asked."""

    class Kind(models.TextChoices):
        PROGRAM = "program", "Program"
        PEOPLE = "people", "People: whatever is sent here is asked of a person"

    class Mode(models.TextChoices):
        STREAM = "stream", "It listens on its stream"
        POLL = "poll", "It asks from time to time"
        HTTP = "http", "It is called at its URL"
        INBOX = "inbox", "It reads its inbox"
        INTERNAL = "internal", "It is part of this server"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="agents")
    name = models.CharField(max_length=63, validators=[AGENT_NAME])
    address = models.CharField(max_length=383, editable=False)
    display_name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.PROGRAM)
    person = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="addresses",
        help_text="Who is asked at this address. Empty: any reviewer.",
    )
    description = models.CharField(max_length=1024, blank=True)
    # How work reaches it. Where pushed work goes is `callback_url`, signed with the sealed secret.
    delivery_mode = models.CharField(max_length=8, choices=Mode, default=Mode.STREAM)
    callback_url = models.CharField(max_length=2048, blank=True)
    push_secret = models.TextField(blank=True, editable=False)
    is_on = models.BooleanField("switched on", default=True)
    # Killed by a person: its keys still work, but it can neither send nor be sent to.
    killed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What it last said of itself: counts, latency in milliseconds, cost in US dollars.
    metrics = models.JSONField(default=dict, editable=False)
    # Who registered it, as the trail names them.
    created_by = models.CharField(max_length=255, blank=True, editable=False)
    # Taken off the register: its keys are revoked, its address is a stranger's like any other.
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AgentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "address"], name="agent_address"),
        ]
        indexes = [
            # Asked by everything that puts work before an address; hardly any agent is in it.
            models.Index(
                fields=["workspace", "address"],
                name="agent_called",
                condition=Q(delivery_mode="http"),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.name


class EntryToken(models.Model):
    """A one-time way from a terminal to the desk: who came with a session of theirs is let in.

    Made with a key alone it names nobody, and only leads to the sign-in page.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Entry of {self.user or 'a key'}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> Self:
        """Return keys that are neither revoked nor expired and whose agent is switched on."""
        alive = self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
        return alive.filter(Q(agent=None) | Q(agent__is_on=True))


class ApiKey(models.Model):
    """A credential of a workspace, or of one agent in it. Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="keys")
    agent = models.ForeignKey(Agent, models.CASCADE, null=True, blank=True, related_name="keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=24, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


from accounts.people.models import Invite, Profile  # noqa: E402, F401 - they point at the models above
