"""What stands about the keys and agents of some new intents, read while nobody can change it.

Creates hold their workspace's admission shared until they have committed; whoever kills an agent
or changes a rule takes it alone first. So a kill waits for the creates in flight, and from its
commit on every create reads it: none is committed after its answer, in whatever process. Nothing
is cached.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from accounts import keys
from accounts.actor import Actor
from accounts.standing import holding
from events.journeys import Statement
from events.rows import in_list
from governance.verdicts import Standing

Place = tuple[UUID, str]
Rows = Sequence[tuple[Any, ...]]
HOLD_SHARED = "SELECT pg_advisory_xact_lock_shared(%s)"

# Both questions of a batch in one statement: which keys hold, and what stands about the agents.
STANDINGS = """
    SELECT CAST(k.id AS text), '', '', 0, '', '', '', '', '' FROM ({usable}) k
    UNION ALL
    SELECT CAST(a.id AS text), CAST(a.workspace_id AS text), a.address,
        CASE WHEN a.killed_at IS NULL THEN 0 ELSE 1 END,
        COALESCE(CAST(r.receive AS text), '{{}}'), COALESCE(CAST(r.override AS text), '{{}}'),
        COALESCE(CAST(r.types AS text), '{{}}'), COALESCE(CAST(r.limits AS text), '{{}}'),
        COALESCE(CAST(w.receive AS text), '{{}}')
    FROM accounts_agent a LEFT JOIN governance_agentrules r ON r.agent_id = a.id
        LEFT JOIN governance_workspacerules w ON w.workspace_id = a.workspace_id
    WHERE (a.removed_at IS NULL OR a.killed_at IS NOT NULL) AND ({places})"""


class Submitted(Protocol):
    """What admission must know of a new intent."""

    @property
    def actor(self) -> Actor: ...
    @property
    def workspace_id(self) -> UUID: ...
    @property
    def from_address(self) -> str: ...
    @property
    def to_address(self) -> str: ...
    @property
    def type(self) -> str: ...


def hold_alone(workspace_id: UUID) -> None:
    """Wait for the creates in flight and let no other begin until the end of this transaction."""
    _hold([_number(workspace_id)])


def hold_limits(workspace_ids: Collection[UUID]) -> None:
    """Let nobody else count agents with limits there until the end of this transaction.

    One lock for all of a workspace: a scenario learns only on its way which agents it will ask
    for, and two that hold an agent each and want the other's would wait for ever.
    """
    _hold(sorted(_number(id, b"limits") for id in workspace_ids))


def _hold(numbers: Sequence[int]) -> None:
    # SQLite lets one transaction write at a time.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for number in numbers:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def asking(batch: Sequence[Submitted], *, now: datetime) -> list[Statement]:
    """Return what holds the workspaces' admission, and reads the keys and agents last.

    The lock is a statement of its own: what a statement sees is settled before it waits, and it
    must see what a kill committed that it waited for.
    """
    held = sorted({_number(one.workspace_id) for one in batch})
    locks = [Statement(HOLD_SHARED, [number]) for number in held]
    return [*(locks if connection.vendor == "postgresql" else []), _reading(batch, now=now)]


def holding_of(found: Rows, batch: Sequence[Submitted], *, now: datetime) -> set[UUID]:
    """Return the keys and sessions that hold, from what the last statement answered."""
    held = [row for row in found if not row[1]]
    return holding(held, [one.actor for one in batch], now=now)


def agents_of(found: Rows) -> dict[Place, Standing]:
    """Return what stands about the registered agents, from what the last statement answered."""
    return {(UUID(row[1]), row[2]): _standing(row) for row in found if row[1]}


def _reading(batch: Sequence[Submitted], *, now: datetime) -> Statement:
    usable, values = keys.usable_sql({o.actor.key_id for o in batch if o.actor.key_id}, now=now)
    # Every address in every workspace of the batch: pairs would take longer to plan.
    spaces, ids = in_list({one.workspace_id for one in batch})
    some, addresses = in_list({a for one in batch for a in (one.from_address, one.to_address)})
    which = f"a.workspace_id {spaces} AND a.address {some}"
    return Statement(STANDINGS.format(usable=usable, places=which), [*values, *ids, *addresses])


def _standing(row: tuple[Any, ...]) -> Standing:
    id, _, address, is_killed, *rules = row
    read = [json.loads(text) if text != "{}" else {} for text in rules]
    return Standing(UUID(id), address, bool(is_killed), *read)


def _number(workspace_id: UUID, purpose: bytes = b"admission") -> int:
    """Return the number of one of a workspace's advisory locks."""
    digest = hashlib.sha256(b"assent." + purpose + b":" + workspace_id.bytes).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
