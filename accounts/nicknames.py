"""Nicknames: how they are spelled, and whether one is free."""

import re

from django.db.models.functions import Lower

from accounts.models import User

SPELLING = re.compile(r"@[\w.-]{3,32}")


class BadNickname(ValueError):
    """A nickname is an @ and 3 to 32 letters, digits, dots, hyphens or underscores."""

    def __init__(self) -> None:
        super().__init__(BadNickname.__doc__)


def normalize(nick: str) -> str:
    """Return the form nicknames are compared by. Raises: BadNickname."""
    if not SPELLING.fullmatch(nick):
        raise BadNickname
    return nick[1:].lower()


def public_address(nick: str) -> str:
    return f"{normalize(nick)}@ax"


def is_available(nick: str) -> bool:
    """Tell whether nobody goes by this nickname. Raises: BadNickname."""
    taken = User.objects.annotate(called=Lower("name")).filter(called=normalize(nick))
    return not taken.exists()
