"""The same call with the same key gives the same answer, and does its work once.

A call that is still in flight is waited for: the database's unique index makes the second one
wait for the first one's commit, and it then reads the answer.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from api.models import IdempotencyKey
from intents.payloads import digest

KEPT_FOR = timedelta(days=2)
LONGEST_KEY = 255
Response = dict[str, Any]


class KeyReused(Exception):
    """idempotency key reused with different payload"""

    def __init__(self) -> None:
        super().__init__(KeyReused.__doc__)


def scope_of(actor: Actor, endpoint: str, key: str) -> str:
    """Return what an idempotency key is unique in: the caller, the endpoint and the key."""
    # A workspace key may be named like an agent; what one was told is not told to the other.
    caller = [actor.kind, str(actor.address or actor.key_id)]
    return digest([str(actor.workspace_id), *caller, endpoint, key])


def recall(scopes: Iterable[str]) -> dict[str, IdempotencyKey]:
    """Return the answers already given in these scopes."""
    return IdempotencyKey.objects.in_bulk(list(scopes))


def replay(known: IdempotencyKey, fingerprint: str) -> Response:
    """Return the stored answer. Raises: KeyReused when the call differs from the first."""
    if known.fingerprint != fingerprint:
        raise KeyReused
    return dict(known.response)


def once(
    scope: str | None, fingerprint: str, produce: Callable[[], Response], *, now: datetime
) -> Response:
    """Do the work and keep its answer, or return the kept one. Without a scope, just do it.

    Raises: KeyReused, and whatever `produce` raises; a refusal is not kept.
    """
    if scope is None:
        return produce()
    if known := recall([scope]).get(scope):
        return replay(known, fingerprint)
    try:
        with transaction.atomic():
            response = produce()
            remember({scope: (fingerprint, response)}, now=now)
            return response
    except Exception as failure:
        # The first call may have committed between our look and our work.
        if known := recall([scope]).get(scope):
            return replay(known, fingerprint)
        if isinstance(failure, IntegrityError):
            raise KeyReused from failure
        raise


def remember(answers: dict[str, tuple[str, Response]], *, now: datetime) -> None:
    """Keep answers, inside the transaction that did the work."""
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(scope=scope, fingerprint=fingerprint, response=response, created_at=now)
        for scope, (fingerprint, response) in answers.items()
    )


def forget(*, now: datetime) -> int:
    """Delete answers older than two days; return how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
