"""Subscriptions: made or changed by owner and address, and ended. The only writer of these rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.callbacks import refuse_reason
from accounts.sealing import seal
from events.models import EVERY_INTENT_EVENT, Subscription

# What can be subscribed to, besides the events of intents by their own names.
TOPICS = (
    "inbox.thread_created", "inbox.thread_updated", "inbox.reply_received",
    "invite.accepted", "auth.session_revoked",
)  # fmt: skip
# A workspace with more than this many would be a mistake, or an attempt to make us call around.
MOST = 200
HINT = 4


class NoSuchSubscription(Exception):
    """There is no such subscription."""

    def __init__(self) -> None:
        super().__init__(NoSuchSubscription.__doc__)


class CallbackRefused(Exception):
    """We never call this address; the text says why."""


class TypeUnknown(Exception):
    """Nothing of this type ever happens."""

    def __init__(self, type: str) -> None:
        known = ", ".join([*TOPICS, EVERY_INTENT_EVENT])
        super().__init__(f"There is no event type “{type[:64]}”; use: {known}, or intent.<event>.")


class TooMany(Exception):
    """The workspace has as many subscriptions as it may have."""

    def __init__(self) -> None:
        super().__init__(f"A workspace has at most {MOST} subscriptions. Delete one first.")


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription as its maker wants it. Without a secret an old one is kept."""

    workspace_id: UUID
    owner: str
    literal: str
    callback_url: str
    event_types: Sequence[str]
    secret: str = ""
    is_active: bool = True
    description: str = ""


@transaction.atomic
def subscribe(wish: Wish, *, now: datetime) -> Subscription:
    """Make a subscription, or change the one this owner has for this address.

    Raises: CallbackRefused, TypeUnknown, TooMany.
    """
    _check(wish)
    digest = hashlib.sha256(f"{wish.owner}\n{wish.callback_url}".encode()).hexdigest()
    here = Subscription.objects.filter(workspace=wish.workspace_id)
    if not here.filter(digest=digest).exists() and here.filter(revoked_at=None).count() >= MOST:
        raise TooMany
    wanted = _wanted(wish, now=now)
    new = {"owner": wish.owner, "callback_url": wish.callback_url, "created_at": now}
    return Subscription.objects.update_or_create(
        workspace_id=wish.workspace_id,
        digest=digest,
        defaults=wanted,
        create_defaults=wanted | new,
    )[0]


@transaction.atomic
def unsubscribe(
    id: UUID, *, workspace_id: UUID, owners: Sequence[str] | None, now: datetime
) -> Subscription:
    """End a subscription; nothing is sent to it from now on. Ended twice, the first time counts.

    Raises: NoSuchSubscription, also for one of another workspace or of none of these owners.
    """
    found = Subscription.objects.select_for_update().of(workspace_id, owners).filter(id=id).first()
    if found is None:
        raise NoSuchSubscription
    if found.revoked_at is None:
        found.revoked_at = found.updated_at = now
        found.save(update_fields=["revoked_at", "updated_at"])
    return found


def _check(wish: Wish) -> None:
    if reason := refuse_reason(wish.callback_url):
        raise CallbackRefused(reason)
    for type in wish.event_types:
        if type not in TOPICS and not type.startswith("intent."):
            raise TypeUnknown(type)


def _wanted(wish: Wish, *, now: datetime) -> dict[str, Any]:
    """Return what may differ from one time to the next. A secret that is not given stays."""
    wanted: dict[str, Any] = {
        "literal": wish.literal,
        "event_types": list(dict.fromkeys(wish.event_types)),
        "is_active": wish.is_active,
        "description": wish.description,
        "updated_at": now,
        "revoked_at": None,
    }
    if wish.secret:
        wanted |= {"secret": seal(wish.secret), "secret_hint": f"…{wish.secret[-HINT:]}"}
    return wanted
