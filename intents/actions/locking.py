"""Taking hold of an intent: the key still works, it exists for the caller, it is locked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from events.journeys import Statement
from governance.verdicts import killed
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
    """The key belongs to neither side of the intent and was granted nothing."""

    def __init__(self) -> None:
        super().__init__("This key takes no part in the intent: it is not its sender or handler.")


def asking_usable(actors: Iterable[Actor], *, now: datetime) -> Statement:
    """Ask, inside the writing transaction, which of these actors' keys hold right now."""
    asked = {actor.key_id for actor in actors if actor.key_id}
    return Statement(*keys.usable_sql(asked, now=now))


def usable_ids(found: Iterable[Sequence[Any]]) -> set[UUID]:
    """Return the ids of the keys that hold, from the answer to `asking_usable`."""
    return {UUID(str(id)) for id, _ in found}


def require_usable(actor: Actor, *, now: datetime) -> None:
    """Refuse a key that was revoked since it was looked up, and that of a killed agent.

    What a killed agent had begun stays as it is until a person lets it go on. Raises: KeyRefused,
    NotAdmitted.
    """
    if actor.key_id is None:
        return
    is_killed = keys.standing({actor.key_id}, now=now).get(actor.key_id)
    if is_killed is None:
        keys.forget()
        raise KeyRefused(KeyRefused.__doc__)
    if is_killed:
        raise killed(actor.address or actor.name)


def lock(intent_id: UUID, *, actor: Actor, now: datetime) -> Intent:
    """Lock one intent that this actor may see; the first thing any action on it does.

    Raises: NoSuchIntent, also for one of another workspace; KeyRefused, NotAdmitted.
    """
    require_usable(actor, now=now)
    intent = Intent.objects.visible_to(actor).locked().filter(id=intent_id).first()
    if intent is None:
        raise NoSuchIntent
    return intent


def require_party(intent: Intent, actor: Actor, *, permission: str) -> None:
    """Refuse an agent key that takes no part. Raises: NotAParty."""
    if not actor.is_agent or actor.address in intent.parties:
        return
    if not intent.grants(actor.address, permission):
        raise NotAParty
