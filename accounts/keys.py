"""From a key, or a signed-in person, to an Actor. Reads only; `actions` issues and revokes."""

import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import tokens
from accounts.actor import Actor, Channel, Kind
from accounts.addresses import SCHEME
from accounts.models import ApiKey, Membership, User

# A read may trust a key this long without asking again; a write always asks (`standing`).
TRUST_SECONDS = 2.0
CACHE_SIZE = 10_000
KEY_ID = ApiKey._meta.get_field("id")
# What `usable` of the queryset says, written out: it is asked in every transaction, and Django
# takes three times as long to put it into words as the database takes to answer.
USABLE = """
    SELECT k.id, a.killed_at IS NOT NULL
    FROM accounts_apikey k LEFT JOIN accounts_agent a ON a.id = k.agent_id
    WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %%s)
        AND (a.id IS NULL OR a.is_on) AND k.id IN (%s)"""
_known: dict[str, tuple[float, Actor]] = {}


class KeyRefused(Exception):
    """This API key is unknown, revoked or expired. Ask an admin of the workspace for a new one."""


def remembered(token: str) -> Actor | None:
    """Return the actor of a key seen moments ago, without touching the database."""
    expires, actor = _known.get(tokens.digest(token), (0.0, None))
    return actor if time.monotonic() < expires else None


def actor_for_key(token: str, *, now: datetime) -> Actor:
    """Look a key up and remember it for two seconds.

    Raises: KeyRefused when it is unknown, revoked, expired, or its agent is switched off.
    """
    digest = tokens.digest(token)
    key = (
        ApiKey.objects.usable(now).select_related("workspace", "agent").filter(hash=digest).first()
    )
    if key is None:
        _known.pop(digest, None)
        raise KeyRefused(KeyRefused.__doc__)
    if len(_known) >= CACHE_SIZE:
        _known.clear()
    actor = _actor(key)
    _known[digest] = (time.monotonic() + TRUST_SECONDS, actor)
    return actor


def standing(key_ids: set[UUID], *, now: datetime) -> dict[UUID, bool]:
    """Return those keys that hold at this instant, each with whether its agent is killed."""
    sql, values = usable_sql(key_ids, now=now)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {UUID(str(id)): bool(is_killed) for id, is_killed in cursor.fetchall()}


def usable_sql(key_ids: set[UUID], *, now: datetime) -> tuple[str, list[Any]]:
    """Return the question above as SQL with its parameters, to be asked together with others.

    It is asked inside every writing transaction.
    """
    ids = [KEY_ID.get_db_prep_value(id, connection) for id in key_ids] or [None]
    return USABLE % ", ".join(["%s"] * len(ids)), [now, *ids]


def forget() -> None:
    """Drop every remembered key of this process: one was revoked or an agent switched off."""
    _known.clear()


def actor_for_user(user: User, *, channel: Channel) -> Actor:
    """Return a person with every workspace they belong to, and the ones they may decide in."""
    roles = dict(user.memberships.values_list("workspace_id", "role")) if user.is_active else {}
    return Actor(
        Kind.PERSON,
        user.email,
        frozenset(roles),
        channel,
        user_id=user.pk,
        reviews=frozenset(id for id, role in roles.items() if role in Membership.DECIDING),
        administers=frozenset(id for id, role in roles.items() if role == Membership.Role.ADMIN),
    )


def traced(actor: Actor, trace_id: str) -> Actor:
    if not trace_id:
        return actor
    return replace(actor, trace_id=trace_id)


def _actor(key: ApiKey) -> Actor:
    kind = Kind.AGENT if key.agent else Kind.WORKSPACE
    space = key.workspace
    return Actor(
        kind,
        key.agent.address if key.agent else f"key:{key.name}",
        frozenset({space.id}),
        Channel.API,
        key_id=key.id,
        address=key.agent.address
        if key.agent
        else f"{SCHEME}{space.org}/{space.name}/{_slug(key)}",
        reviews=frozenset({space.id} if space.keys_may_decide and not key.agent else ()),
        org=space.org,
        space=space.name,
    )


def _slug(key: ApiKey) -> str:
    """A workspace key that names no sender speaks under its own name."""
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in key.name.lower()) or "workspace"
