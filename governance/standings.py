"""What stands about the keys and agents of some new intents, read while nobody can change it.

Creates hold their workspace's admission shared until they have committed; whoever kills an agent
or changes a rule takes it alone first. So a kill waits for the creates in flight, and from its
commit on every create reads it: none is committed after its answer, in whatever process. Nothing
is cached.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from accounts import keys
from accounts.actor import Actor
from events.rows import ID
from governance.verdicts import Standing

Place = tuple[UUID, str]

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
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(workspace_id)])


def read(batch: Sequence[Submitted], *, now: datetime) -> tuple[set[UUID], dict[Place, Standing]]:
    """Hold the workspaces' admission and read the keys and agents: one journey.

    The lock is a statement of its own: what a statement sees is settled before it waits, and it
    must see what a kill committed that it waited for.
    """
    if not batch:
        return set(), {}
    asked = {one.actor.key_id for one in batch if one.actor.key_id}
    places: defaultdict[UUID, set[str]] = defaultdict(set)
    for one in batch:
        places[one.workspace_id] |= {one.from_address, one.to_address}
    usable, values = keys.usable_sql(asked, now=now)
    where, more = _at(places)
    sql = STANDINGS.format(usable=usable, places=where)
    rows = _ask(sql, values + more, hold=places)
    held = {UUID(id) for id, space, *_ in rows if not space}
    return held, {(UUID(r[1]), r[2]): _standing(r) for r in rows if r[1]}


def _at(places: Mapping[UUID, set[str]]) -> tuple[str, list[Any]]:
    """Say which addresses are meant. A list of pairs would take PostgreSQL longer to plan."""
    said, values = [], []
    for workspace_id, addresses in places.items():
        marks = ", ".join(["%s"] * len(addresses))
        said.append(f"(a.workspace_id = %s AND a.address IN ({marks}))")
        values += [ID.get_db_prep_value(workspace_id, connection), *addresses]
    return " OR ".join(said), values


def _ask(sql: str, values: list[Any], *, hold: Collection[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # SQLite lets one transaction write at a time.
            cursor.execute(sql, values)
            return list(cursor.fetchall())
        locks = sorted(map(_number, hold))
        first = "SELECT pg_advisory_xact_lock_shared(%s); " * len(locks)
        cursor.execute(first + sql, [*locks, *values])
        for _ in locks:
            cursor.nextset()
        return list(cursor.fetchall())


def _standing(row: tuple[Any, ...]) -> Standing:
    id, _, address, is_killed, *rules = row
    read = [json.loads(text) if text != "{}" else {} for text in rules]
    return Standing(UUID(id), address, bool(is_killed), *read)


def _number(workspace_id: UUID) -> int:
    """Return the number of a workspace's advisory lock."""
    digest = hashlib.sha256(b"assent.admission:" + workspace_id.bytes).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
