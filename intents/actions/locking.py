"""Taking hold of an intent: the key still works, it exists for the caller, it is locked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from accounts.sessions import actors as sessions
from accounts.sessions.secrets import TokenRefused
from intents.models import Intent


class NoSuchIntent(Exception):
    """There is no intent with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchIntent.__doc__)


class AlreadyOver(Exception):
    """The intent has its outcome; nothing may change it."""

    def __init__(self, intent: Intent) -> None:
        super().__init__(f"This intent is already {intent.status}; its outcome is final.")
        self.intent = intent


class NotAParty(Exception):
    """You take no part in this intent: you are neither its sender nor its handler."""

    def __init__(self) -> None:
        super().__init__(
            "You take no part in this intent: you are neither its sender nor its handler."
        )


def ensure_usable(actors: Sequence[Actor], *, now: datetime) -> set[UUID]:
    """Return the keys and sessions that hold right now, asked inside the writing transaction."""
    asked = {actor.key_id for actor in actors if actor.key_id}
    usable = keys.still_usable(asked, now=now) if asked else set()
    people = [actor for actor in actors if actor.session_id]
    return usable | sessions.still_hold(people, now=now) if people else usable


def refused(actor: Actor) -> KeyRefused:
    """Return what an actor is told whose key or session does not hold any more."""
    return TokenRefused() if actor.session_id else KeyRefused(KeyRefused.__doc__)


def require_usable(actor: Actor, *, now: datetime) -> None:
    """Refuse a key or session that ended since it was looked up. Raises: KeyRefused."""
    if actor.credential and not ensure_usable([actor], now=now):
        keys.forget()
        raise refused(actor)


def lock(intent_id: UUID, *, actor: Actor, now: datetime) -> Intent:
    """Lock one intent that this actor may see; the first thing any action on it does.

    Raises: NoSuchIntent, also for one of another workspace; KeyRefused.
    """
    require_usable(actor, now=now)
    intent = Intent.objects.visible_to(actor).locked().filter(id=intent_id).first()
    if intent is None:
        raise NoSuchIntent
    return intent


def require_party(intent: Intent, actor: Actor, *, permission: str) -> None:
    """Refuse an agent key, or a person who answers only, without a part. Raises: NotAParty."""
    if _speaks_for_all(actor, intent, permission) or actor.address in intent.parties:
        return
    if not intent.grants(actor.address, permission):
        raise NotAParty


def _speaks_for_all(actor: Actor, intent: Intent, permission: str) -> bool:
    """Tell whether this actor may do with work of the workspace what its sender may.

    A reviewer may join in the talk about it; doing it is for admins.
    """
    if actor.session_id:
        able = actor.reviews if permission == "reply" else actor.administers
        return intent.workspace_id in able
    return not actor.is_agent
