"""Whether new intents are taken: keys, kill switches and policies, read in the writing transaction.

Creates hold their workspace's admission shared until they have committed; whoever kills an agent
or changes a rule takes it alone first. So a kill waits for the creates in flight, and from its
commit on every create reads it: none is committed after its answer, in whatever process. Nothing
is cached.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from events.rows import ID, insert_rows
from governance import usage
from governance.limits import Breach, Spent, breach
from governance.models import MeshEvent, Usage, hour_of
from governance.verdicts import NotAdmitted, Standing, refusal

Refused = KeyRefused | NotAdmitted
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
    WHERE {places}"""


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


class Admission:
    """The answer to one batch: a refusal or None for each, and what `record` keeps of it."""

    def __init__(self, batch: Sequence[Submitted], *, now: datetime) -> None:
        self.now = now
        self._usable, self._agents = _read(batch, now=now)
        limited = [agent.id for agent in self._agents.values() if agent.limits]
        self._spent = usage.locked(limited, now=now) if limited else {}
        self._counted: Counter[UUID] = Counter()
        self._breaches: dict[tuple[UUID, str], tuple[UUID, Breach]] = {}
        self.refusals = [self._judge(one) for one in batch]

    def record(self) -> None:
        """Count what was taken, and note the limits that were met. Part of the batch's journey."""
        hour = hour_of(self.now)
        counted = sorted(self._counted.items())
        rows = [Usage(agent_id=id, hour_at=hour, intents=many) for id, many in counted]
        insert_rows(rows, conflict=usage.ADD)
        noted = [_noted(where, each, now=self.now) for where, each in self._breaches.values()]
        insert_rows(noted, conflict="DO NOTHING")

    def _judge(self, one: Submitted) -> Refused | None:
        if one.actor.key_id and one.actor.key_id not in self._usable:
            return KeyRefused(KeyRefused.__doc__)
        sender = self._agents.get((one.workspace_id, one.from_address))
        recipient = self._agents.get((one.workspace_id, one.to_address))
        said = refusal(sender, recipient, from_address=one.from_address, type=one.type)
        if said is not None:
            return said
        parties = {agent.id: agent for agent in (sender, recipient) if agent}
        for agent in parties.values():
            if (found := self._breach(one.workspace_id, agent)) and found.blocks:
                return found.refusal()
        self._counted.update(list(parties))
        return None

    def _breach(self, workspace_id: UUID, agent: Standing) -> Breach | None:
        if not agent.limits:
            return None
        spent = self._spent.get(agent.id, Spent())
        found = breach(agent, spent, more=self._counted[agent.id])
        if found:
            self._breaches.setdefault((agent.id, found.name), (workspace_id, found))
        return found


def hold_alone(workspace_id: UUID) -> None:
    """Wait for the creates in flight and let no other begin until the end of this transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(workspace_id)])


def _read(batch: Sequence[Submitted], *, now: datetime) -> tuple[set[UUID], dict[Place, Standing]]:
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


def _noted(workspace_id: UUID, found: Breach, *, now: datetime) -> MeshEvent:
    agent = found.agent
    return MeshEvent(
        workspace_id=workspace_id,
        agent_id=agent.id,
        address=agent.address,
        type="policy.breached",
        actor="system",
        details={"limit": found.name, "allowed": found.limit, "used": float(found.used)},
        dedupe=f"{agent.id}:{found.name}:{hour_of(now).isoformat()}",
        at=now,
    )
