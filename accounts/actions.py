"""What operators set up: workspaces, people, agents and keys. Managers do it through `agents`."""

from datetime import datetime

from django.db import transaction

from accounts import keys, tokens
from accounts.addresses import SCHEME
from accounts.models import AGENT_NAME, SLUG, Agent, ApiKey, Membership, User, Workspace

DEFAULT_WORKSPACE = "myorg/production"


def ensure_workspace(path: str) -> Workspace:
    """Return the workspace `org/name`, made if it is new.

    Raises: ValidationError when a part is not a slug; ValueError without a slash.
    """
    org, name = path.split("/")
    for part in (org, name):
        SLUG(part)
    return Workspace.objects.get_or_create(org=org, name=name)[0]


def ensure_agent(workspace: Workspace, address: str) -> Agent:
    """Return the agent at this address of the workspace, registered if it is new.

    Raises: ValidationError when the name has other characters than letters, digits, . _ -
    """
    name = address.rstrip("/").rsplit("/", 1)[-1]
    AGENT_NAME(name)
    full = f"{SCHEME}{workspace.org}/{workspace.name}/{name}"
    agent, _ = Agent.objects.get_or_create(
        workspace=workspace, address=full, defaults={"name": name}
    )
    if agent.removed_at is not None:
        agent.removed_at, agent.is_on = None, True
        agent.save(update_fields=["removed_at", "is_on"])
    return agent


def issue_key(
    workspace: Workspace,
    *,
    name: str,
    agent: Agent | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its token, which is never readable again."""
    token, prefix = tokens.new_key()
    key = ApiKey.objects.create(
        workspace=workspace,
        agent=agent,
        name=name,
        prefix=prefix,
        hash=tokens.digest(token),
        created_at=now,
        expires_at=expires_at,
    )
    return key, token


@transaction.atomic
def revoke_key(key: ApiKey, *, now: datetime) -> None:
    """End a key. Writes check it in their own transaction, so this holds from its commit on."""
    key.revoked_at = key.revoked_at or now
    key.save(update_fields=["revoked_at"])
    transaction.on_commit(keys.forget)


@transaction.atomic
def add_reviewer(
    workspace: Workspace,
    *,
    email: str,
    password: str | None = None,
    name: str = "",
    role: str = Membership.Role.REVIEWER,
) -> Membership:
    """Make the person if needed, set a given password, and let them review here."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
    elif password:
        user.set_password(password)
        user.save(update_fields=["password"])
    return Membership.objects.update_or_create(
        user=user, workspace=workspace, defaults={"role": role}
    )[0]
