"""From an async endpoint to the database: single calls, calls once, and calls made together."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.actor import Actor
from accounts.addresses import canonical
from accounts.keys import KeyRefused
from api import idempotency
from api.axme import translate
from api.axme.auth import header_of
from api.axme.errors import BadRequest
from approvals import actions
from approvals.actions import Answer
from approvals.models import Decision
from approvals.refusals import Refusal
from events import pool
from events.journeys import Statement, ask
from events.models import Event
from events.rows import in_list, reading, rows_of
from governance.admission import Refused
from intents.actions import NoSuchIntent, NotAParty, Submission, require_party
from intents.models import Intent
from intents.payloads import digest

Wanted = tuple[Actor, UUID]
Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Creation:
    """A create on its way into a batch; `scope` is set when it has an idempotency key."""

    submission: Submission
    scope: str | None
    fingerprint: str


def scope_for(request: HttpRequest, actor: Actor) -> str | None:
    """Return the idempotency scope of this call, or None without a key. Raises: BadRequest."""
    key = header_of(request, "idempotency-key")
    if len(key) > idempotency.LONGEST_KEY:
        raise BadRequest(422, "schema_invalid", "The Idempotency-Key is longer than 255.")
    return idempotency.scope_of(actor, f"{request.method} {request.path}", key) if key else None


async def once(
    request: HttpRequest, actor: Actor, body: Any, produce: Callable[[datetime], dict[str, Any]]
) -> dict[str, Any]:
    """Run one changing call in the pool, once for each idempotency key."""
    scope, now = scope_for(request, actor), timezone.now()
    return await pool.run(
        idempotency.once, scope, digest(body) if scope else "", lambda: produce(now), now=now
    )


def _create_many(items: list[Creation]) -> list[dict[str, Any] | Exception]:
    """Store a batch of creates in one transaction; each gets its answer or its own refusal.

    Two equal keys in one batch make the insert fail, and the batch is then retried one by one.
    One that fails alone met the same key in another batch, which has committed: it has the answer.
    """
    try:
        return _store(items)
    except IntegrityError:
        known = idempotency.recall(item.scope for item in items if item.scope)
        if len(items) > 1 or not known:
            raise
        return [_replayed(known[str(items[0].scope)], items[0])]


def _store(items: list[Creation]) -> list[dict[str, Any] | Exception]:
    now = timezone.now()
    with transaction.atomic():
        keyed = [item.scope for item in items if item.scope]
        known = idempotency.recall(keyed) if keyed else {}
        fresh = [item for item in items if item.scope not in known]
        answers = actions.submit_many([item.submission for item in fresh], now=now)
        told = {id(item): _created(row) for item, row in zip(fresh, answers, strict=True)}
        idempotency.remember(_kept(fresh, told), now=now)
    return [told[id(i)] if id(i) in told else _replayed(known[str(i.scope)], i) for i in items]


def _created(row: Intent | Refused) -> dict[str, Any] | Exception:
    return row if isinstance(row, Exception) else translate.created(row)


def _kept(
    items: list[Creation], told: dict[int, dict[str, Any] | Exception]
) -> dict[str, tuple[str, dict[str, Any]]]:
    kept = {}
    for item in items:
        answer = told[id(item)]
        if item.scope and not isinstance(answer, Exception):
            if item.scope in kept:
                raise idempotency.KeyReused
            kept[item.scope] = (item.fingerprint, answer)
    return kept


def _replayed(known: Any, item: Creation) -> dict[str, Any] | Exception:
    try:
        return idempotency.replay(known, item.fingerprint)
    except idempotency.KeyReused as failure:
        return failure


def _decide_many(answers: list[Answer]) -> list[Decision | Refusal | KeyRefused]:
    return actions.decide_many(answers, now=timezone.now())


def _load_many(wanted: list[Wanted]) -> list[Intent | Exception]:
    (found,) = ask(_intents([id for _, id in wanted]))
    return _readable(wanted, found)


def _open_many(wanted: list[tuple[Actor, UUID, int]]) -> list[list[Event] | Exception]:
    """Read events for those who may read their intents, both in one journey."""
    asked = [(actor, id) for actor, id, _ in wanted]
    since = [(id, seen) for _, id, seen in wanted]
    intents, events = ask(_intents([id for _, id in asked]), _events(since))
    return [
        row if isinstance(row, Exception) else those
        for row, those in zip(_readable(asked, intents), _sorted(since, events), strict=True)
    ]


def _events_many(wanted: list[tuple[UUID, int]]) -> list[list[Event]]:
    (found,) = ask(_events(wanted))
    return _sorted(wanted, found)


def _intents(ids: Collection[UUID]) -> Statement:
    some, values = in_list(set(ids))
    return reading(Intent, f"WHERE id {some}", values)


def _readable(wanted: Sequence[Wanted], found: Rows) -> list[Intent | Exception]:
    """Return each intent, or why this actor may not read it: it does not exist for them."""
    rows = {row.id: row for row in rows_of(Intent, found)}
    return [_refusal(actor, rows.get(id)) or rows[id] for actor, id in wanted]


def _refusal(actor: Actor, row: Intent | None) -> Exception | None:
    if row is None or row.workspace_id not in actor.workspaces:
        return NoSuchIntent()
    told = canonical(row.reply_to, org=actor.org, workspace=actor.space)
    try:
        if actor.is_agent and actor.address != told:
            require_party(row, actor, permission="read")
    except NotAParty as refusal:
        return refusal
    return None


def _events(wanted: Sequence[tuple[UUID, int]]) -> Statement:
    """Say which new events of several intents to read, some hundreds of each at most.

    A reader that gets fewer than there are asks on from the last one it got.
    """
    at: defaultdict[int, set[UUID]] = defaultdict(set)
    for id, since in wanted:
        at[since].add(id)
    which: list[str] = []
    values: list[Any] = []
    for since, those in at.items():
        some, ids = in_list(those)
        which.append(f"intent_id {some} AND seq > %s AND seq <= %s")
        values += [*ids, since, since + MOST_EVENTS]
    return reading(Event, f"WHERE {' OR '.join(which)} ORDER BY intent_id, seq", values)


def _sorted(wanted: Sequence[tuple[UUID, int]], found: Rows) -> list[list[Event]]:
    by_intent: defaultdict[UUID, list[Event]] = defaultdict(list)
    for row in rows_of(Event, found):
        by_intent[row.intent_id].append(row)
    return [[row for row in by_intent[id] if row.seq > since] for id, since in wanted]


MOST_EVENTS = 500
create: pool.Together[Creation, dict[str, Any]] = pool.Together(_create_many)
decide: pool.Together[Answer, Decision] = pool.Together(_decide_many)
load: pool.Together[Wanted, Intent] = pool.Together(_load_many)
open_events: pool.Together[tuple[Actor, UUID, int], list[Event]] = pool.Together(_open_many)
events_since: pool.Together[tuple[UUID, int], list[Event]] = pool.Together(_events_many)
