"""Taking hold of an intent: the key still works, it exists for the caller, it is locked."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from accounts import keys
from accounts.actor import Actor
from accounts.standing import require_standing
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
    """You take no part in this intent: you are neither its sender nor its handler."""

    def __init__(self) -> None:
        super().__init__(
            "You take no part in this intent: you are neither its sender nor its handler."
        )


def asking_usable(actors: Iterable[Actor], *, now: datetime) -> Statement:
    """Ask, inside the writing transaction, which of these actors' keys hold right now."""
    asked = {actor.key_id for actor in actors if actor.key_id}
    return Statement(*keys.usable_sql(asked, now=now))


def require_usable(actor: Actor, *, now: datetime) -> None:
    """Refuse a key or session that ended since it was looked up, and the key of a killed agent.

    What a killed agent had begun stays as it is until a person lets it go on. Raises: KeyRefused,
    NotAdmitted.
    """
    if require_standing(actor, now=now):
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
