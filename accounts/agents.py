"""The register of agents: who is on it, how they are reached, and their keys. Actions."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import keys
from accounts.actions import ensure_agent, issue_key, revoke_key
from accounts.actor import Actor
from accounts.addresses import canonical
from accounts.callbacks import refuse_reason
from accounts.managing import require_manager
from accounts.models import AGENT_NAME, Agent, ApiKey, Workspace
from accounts.sealing import seal

# Names that mean something else in an address or in a path.
RESERVED = {"agent_core", "human", "intents", "policy", "receive-override", "entries"}
DESCRIBED = ("display_name", "description", "delivery_mode", "callback_url")


class NoSuchAgent(Exception):
    """There is no agent with this id or address."""

    def __init__(self) -> None:
        super().__init__(NoSuchAgent.__doc__)


class NoSuchKey(Exception):
    """This agent has no key with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchKey.__doc__)


class NameTaken(Exception):
    """An agent of this name is registered already."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(f"{agent.address} is registered already.")


class BadAgent(Exception):
    """What was said of an agent cannot be kept: its name, mode or callback URL."""


def find(actor: Actor, ref: str) -> Agent:
    """Return a registered agent by its id or any spelling of its address. Raises: NoSuchAgent."""
    agents = Agent.objects.visible_to(actor).registered().select_related("workspace")
    try:
        found = agents.filter(id=UUID(ref)).first()
    except ValueError:
        address = canonical(ref, org=actor.org, workspace=actor.space)
        # Only a person has several workspaces, and they may know one address in two.
        found = agents.filter(address=address).order_by("created_at", "id").first()
    if found is None:
        raise NoSuchAgent
    return found


@transaction.atomic
def register(
    workspace: Workspace, *, name: str, given: Mapping[str, str], actor: Actor, now: datetime
) -> tuple[Agent, str]:
    """Put an agent on the register; return it, and its push secret when one was made.

    Raises: NotAManager, NameTaken, BadAgent, KeyRefused.
    """
    require_manager(actor, workspace.id, now=now)
    _check_name(name)
    # One at a time in a workspace; no create waits, as they only need the row to stay.
    Workspace.objects.select_for_update(no_key=True).get(id=workspace.id)
    taken = Agent.objects.filter(workspace=workspace, name=name).first()
    if taken is not None and taken.removed_at is None:
        raise NameTaken(taken)
    agent = ensure_agent(workspace, name)
    agent.created_by, agent.created_at = actor.name[:255], now
    return agent, _keep(agent, given, now=now)


@transaction.atomic
def describe(
    agent: Agent, *, given: Mapping[str, str], actor: Actor, now: datetime
) -> tuple[Agent, str]:
    """Change what is said of an agent and how it is reached; return a push secret made by it.

    Raises: NotAManager, BadAgent, KeyRefused.
    """
    require_manager(actor, agent.workspace_id, now=now)
    locked = Agent.objects.select_for_update().get(id=agent.id)
    return locked, _keep(locked, given, now=now)


@transaction.atomic
def remove(agent: Agent, *, actor: Actor, now: datetime) -> Agent:
    """Take an agent off the register and end its keys; its history stays. Raises: NotAManager."""
    require_manager(actor, agent.workspace_id, now=now)
    locked = Agent.objects.select_for_update().get(id=agent.id)
    locked.removed_at = locked.updated_at = now
    locked.is_on = False
    locked.save(update_fields=["removed_at", "is_on", "updated_at"])
    locked.keys.filter(revoked_at=None).update(revoked_at=now)
    transaction.on_commit(keys.forget)
    return locked


@transaction.atomic
def add_key(
    agent: Agent, *, expires_at: datetime | None, actor: Actor, now: datetime
) -> tuple[ApiKey, str]:
    """Issue a key to an agent. Raises: NotAManager, BadAgent for a past expiry, KeyRefused."""
    require_manager(actor, agent.workspace_id, now=now)
    if expires_at is not None and expires_at <= now:
        raise BadAgent("expires_at has passed already.")
    return issue_key(agent.workspace, name=agent.name, agent=agent, expires_at=expires_at, now=now)


@transaction.atomic
def end_key(agent: Agent, key_id: UUID, *, actor: Actor, now: datetime) -> ApiKey:
    """Revoke a key of an agent; doing it again changes nothing. Raises: NotAManager, NoSuchKey."""
    require_manager(actor, agent.workspace_id, now=now)
    key = agent.keys.select_for_update().filter(id=key_id).first()
    if key is None:
        raise NoSuchKey
    revoke_key(key, now=now)
    return key


def provision(
    workspace: Workspace,
    address: str,
    *,
    display_name: str = "",
    mode: str = Agent.Mode.STREAM,
    callback_url: str = "",
    now: datetime,
) -> tuple[Agent, bool]:
    """Return the agent at this canonical address, and whether it was registered just now.

    The address must have been checked. What is pushed to it is signed with a secret of its own,
    which is set anew where it has to be known.
    """
    new = {
        "name": address.rsplit("/", 1)[-1],
        "display_name": display_name,
        "delivery_mode": mode,
        "callback_url": callback_url,
        "push_secret": seal(secrets.token_urlsafe(32)) if mode == Agent.Mode.HTTP else "",
        "created_at": now,
        "updated_at": now,
    }
    agent, is_new = Agent.objects.get_or_create(workspace=workspace, address=address, defaults=new)
    if agent.removed_at is not None:
        # It was taken off the register and comes back as any new one; its keys stay ended.
        Agent.objects.filter(id=agent.id).update(**new, removed_at=None, is_on=True)
        agent.refresh_from_db()
        return agent, True
    return agent, is_new


def _check_name(name: str) -> None:
    try:
        AGENT_NAME(name)
    except ValidationError as failure:
        words = "name: use 2 to 63 letters, digits, dots, underscores and hyphens."
        raise BadAgent(words) from failure
    if name.lower() in RESERVED or not name.strip("."):
        raise BadAgent(f"name: {name} means something else in an address.")


def _keep(agent: Agent, given: Mapping[str, str], *, now: datetime) -> str:
    """Store what is given of an agent; return the push secret if it got one now."""
    if url := given.get("callback_url"):
        _check_url(url)
    for name in DESCRIBED:
        if name in given:
            setattr(agent, name, given[name])
    secret = given.get("push_secret", "")
    if not secret and agent.delivery_mode == Agent.Mode.HTTP and not agent.push_secret:
        secret = secrets.token_urlsafe(32)
    if secret:
        agent.push_secret = seal(secret)
    agent.updated_at = now
    agent.save(update_fields=[*DESCRIBED, "push_secret", "created_by", "created_at", "updated_at"])
    return secret


def _check_url(url: str) -> None:
    if reason := refuse_reason(url):
        raise BadAgent(f"callback_url: {reason}")
