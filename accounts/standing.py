"""Whether the key or session an actor came with still holds; asked inside a writing transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from accounts.sessions import actors as sessions
from accounts.sessions.secrets import TokenRefused


def require_standing(actor: Actor, *, now: datetime) -> bool:
    """Tell whether the actor's agent is killed.

    Raises: KeyRefused when the key or the session ended since it was looked up.
    """
    if actor.session_id and actor.session_id in sessions.still_hold([actor], now=now):
        return False
    found = keys.standing({actor.key_id}, now=now) if actor.key_id else {}
    if actor.credential and actor.credential not in found:
        keys.forget()
        raise refused(actor)
    return found.get(actor.key_id or UUID(int=0), False)


def holding(
    found: Iterable[Sequence[Any]], actors: Collection[Actor], *, now: datetime
) -> set[UUID]:
    """Return the keys and sessions of these actors that hold; `found` answers `keys.usable_sql`."""
    people = [actor for actor in actors if actor.session_id]
    usable = {UUID(str(id)) for id, *_ in found}
    return usable | sessions.still_hold(people, now=now) if people else usable


def refused(actor: Actor) -> KeyRefused:
    """Return what an actor is told whose key or session does not hold any more."""
    return TokenRefused() if actor.session_id else KeyRefused(KeyRefused.__doc__)
