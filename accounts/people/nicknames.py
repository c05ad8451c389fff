"""Nicknames: how one is written and compared, and who has it. The only writer of profiles."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.addresses import SCHEME
from accounts.managing import require_manager
from accounts.models import Agent, Workspace
from accounts.people.models import Profile

NICK = re.compile(r"@?([A-Za-z0-9_.-]{3,32})")
# These mean something as addresses already.
RESERVED = {"agent_core", "human", "system", "scheduler", "reviewers", "admins"}
Given = dict[str, str]


class BadNick(ValueError):
    """A nickname is an @ and 3 to 32 letters, digits, dots, hyphens or underscores."""

    def __init__(self) -> None:
        super().__init__(BadNick.__doc__)


class NickTaken(Exception):
    """Somebody else in this workspace has this nickname, or an agent has this name."""

    def __init__(self, nick: str) -> None:
        super().__init__(f"{nick} is taken in this workspace. Choose another nickname.")


class NoSuchProfile(Exception):
    """Nobody in this workspace is registered at this address or under this nickname."""

    def __init__(self) -> None:
        super().__init__(NoSuchProfile.__doc__)


def normalised(nick: str) -> str:
    """Return what nicknames are compared by: small letters, no @. Raises: BadNick."""
    found = NICK.fullmatch(nick)
    if found is None:
        raise BadNick
    return found[1].lower()


def is_available(nick: str, *, workspace_id: UUID) -> bool:
    """Tell whether nobody of this workspace has it. Raises: BadNick."""
    name = normalised(nick)
    if name in RESERVED:
        return False
    people = Profile.objects.filter(workspace=workspace_id, normalised=name)
    programs = Agent.objects.filter(workspace=workspace_id, name__iexact=name, profile=None)
    return not people.exists() and not programs.exists()


def find(actor: Actor, *, address: str = "", nick: str = "") -> Profile:
    """Return somebody the actor may see. Raises: NoSuchProfile, also for another workspace's."""
    people = Profile.objects.visible_to(actor).select_related("agent")
    wanted = {"normalised": normalised(nick)} if nick else {"agent__address": address}
    found = people.filter(**wanted).first()
    if found is None:
        raise NoSuchProfile
    return found


@transaction.atomic
def register(
    workspace: Workspace, nick: str, *, more: Given | None = None, actor: Actor, now: datetime
) -> Profile:
    """Give somebody a nickname and an address of people.

    Raises: BadNick, NickTaken, NotAManager, KeyRefused.
    """
    require_manager(actor, workspace.id, now=now)
    name = normalised(nick)
    if not is_available(nick, workspace_id=workspace.id):
        raise NickTaken(nick)
    given = more or {}
    profile = Profile(
        id=uuid4(), workspace=workspace, nick=_shown(nick), normalised=name, created_at=now,
        updated_at=now, **given,
    )  # fmt: skip
    with _taken_means(nick):
        profile.agent = _address_for(profile, now=now)
        profile.save(force_insert=True)
    return profile


@transaction.atomic
def rename(profile: Profile, nick: str, *, actor: Actor, now: datetime) -> Profile:
    """Give somebody another nickname; the address stays. Raises: as `register`."""
    require_manager(actor, profile.workspace_id, now=now)
    name = normalised(nick)
    if name != profile.normalised and not is_available(nick, workspace_id=profile.workspace_id):
        raise NickTaken(nick)
    profile.nick, profile.normalised, profile.updated_at = _shown(nick), name, now
    with _taken_means(nick):
        profile.save(update_fields=["nick", "normalised", "updated_at"])
    return profile


@transaction.atomic
def update(profile: Profile, *, more: Given, actor: Actor, now: datetime) -> Profile:
    """Change what is said of somebody; only what is given. Raises: NotAManager, KeyRefused."""
    require_manager(actor, profile.workspace_id, now=now)
    for name, value in more.items():
        setattr(profile, name, value)
    profile.updated_at = now
    profile.save(update_fields=[*more, "updated_at"])
    if "display_name" in more:
        Agent.objects.filter(id=profile.agent_id).update(display_name=more["display_name"])
    return profile


@contextmanager
def _taken_means(nick: str) -> Iterator[None]:
    """Turn the database's "there is one already" of a race into our own word for it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as failure:
        raise NickTaken(nick) from failure


def _address_for(profile: Profile, *, now: datetime) -> Agent:
    """Make the address: the nickname's, or one beside it where an earlier holder keeps that."""
    space, name = profile.workspace, profile.normalised
    if Agent.objects.filter(workspace=space, name__iexact=name).exists():
        name = f"{name}-{profile.id.hex[:6]}"
    return Agent.objects.create(
        workspace=space,
        name=name,
        address=f"{SCHEME}{space}/{name}",
        display_name=profile.display_name,
        kind=Agent.Kind.PEOPLE,
        delivery_mode=Agent.Mode.INBOX,
        created_at=now,
        updated_at=now,
    )


def _shown(nick: str) -> str:
    return "@" + nick.removeprefix("@")
