"""Nicknames: how one is written and compared, and whether it is free."""

import re
from uuid import UUID

from accounts.models import Agent

NICK = re.compile(r"@?([A-Za-z0-9_.-]{3,32})")


class BadNick(ValueError):
    """A nickname is an @ and 3 to 32 letters, digits, dots, hyphens or underscores."""

    def __init__(self) -> None:
        super().__init__(BadNick.__doc__)


def normalised(nick: str) -> str:
    """Return what nicknames are compared by: small letters, no @. Raises: BadNick."""
    found = NICK.fullmatch(nick)
    if found is None:
        raise BadNick
    return found[1].lower()


def is_available(nick: str, *, workspace_id: UUID) -> bool:
    """Tell whether nobody of this workspace has it. Raises: BadNick."""
    taken = Agent.objects.filter(workspace=workspace_id, name__iexact=normalised(nick))
    return not taken.exists()
