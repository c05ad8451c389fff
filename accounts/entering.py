"""From a terminal to the desk: one-time tokens that live for five minutes. Actions."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts import tokens
from accounts.actor import Actor
from accounts.models import EntryToken, User
from accounts.standing import require_standing

LIVES_FOR = timedelta(minutes=5)


class NoDesk(Exception):
    """The key of an agent opens no desk."""

    def __init__(self) -> None:
        super().__init__(NoDesk.__doc__)


class EntryRefused(Exception):
    """This link was used already, or its five minutes are over."""


@transaction.atomic
def let_in(actor: Actor, *, now: datetime) -> str:
    """Return a token that lets this person in once; a key's leads to the sign-in page only.

    A key stands for no person: whoever holds one must not become one. Raises: NoDesk for the
    key of an agent, KeyRefused.
    """
    if actor.is_agent:
        raise NoDesk
    require_standing(actor, now=now)
    EntryToken.objects.filter(expires_at__lt=now).delete()
    token = tokens.new_link_token()
    EntryToken.objects.create(
        hash=tokens.digest(token),
        user_id=actor.user_id,
        created_at=now,
        expires_at=now + LIVES_FOR,
    )
    return token


def find(token: str, *, now: datetime) -> EntryToken | None:
    """Return what a token would do; looking uses nothing up."""
    fresh = EntryToken.objects.filter(used_at=None, expires_at__gt=now).select_related("user")
    return fresh.filter(hash=tokens.digest(token)).first()


@transaction.atomic
def enter(token: str, *, now: datetime) -> User:
    """Use a token up and return the person it lets in. Raises: EntryRefused."""
    waiting = EntryToken.objects.select_for_update(of=("self",)).filter(used_at=None)
    row = waiting.filter(hash=tokens.digest(token), expires_at__gt=now).first()
    if row is None or row.user is None or not row.user.is_active:
        raise EntryRefused(EntryRefused.__doc__)
    row.used_at = now
    row.save(update_fields=["used_at"])
    return row.user
