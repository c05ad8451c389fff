"""Whether new intents are taken: keys, kill switches and policies, read in the writing transaction.

Creates hold their workspace's admission shared until they have committed; whoever kills an agent
or changes a rule takes it alone first. So a kill waits for the creates in flight, and from its
commit on every create reads it: none is committed after its answer, in whatever process. Nothing
is cached.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from accounts.standing import holding, refused
from events.journeys import Statement
from events.rows import ID, insert_rows
from governance import usage
from governance.limits import Breach, Spent, breach
from governance.models import MeshEvent, Usage, hour_of
from governance.verdicts import NotAdmitted, Standing, refusal

Refused = KeyRefused | NotAdmitted
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
    WHERE (a.workspace_id, a.address) IN ({places})"""


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

    def __init__(self, batch: Sequence[Submitted], standings: Rows, *, now: datetime) -> None:
        """`standings` is what the last statement of `asking` answered."""
        self.now = now
        held = [row for row in standings if not row[1]]
        self._usable = holding(held, [one.actor for one in batch], now=now)
        self._agents = {(UUID(r[1]), r[2]): _standing(r) for r in standings if r[1]}
        limited = [agent.id for agent in self._agents.values() if agent.limits]
        self._spent = usage.locked(limited, now=now) if limited else {}
        self._counted: Counter[UUID] = Counter()
        self._breaches: dict[tuple[UUID, str], tuple[UUID, Breach]] = {}
        self.refusals = [self._judge(one) for one in batch]

    @staticmethod
    def asking(batch: Sequence[Submitted], *, now: datetime) -> list[Statement]:
        """Return what holds the workspaces' admission, and reads the keys and agents last.

        The lock is a statement of its own: what a statement sees is settled before it waits, and
        it must see what a kill committed that it waited for.
        """
        held = sorted({_number(one.workspace_id) for one in batch})
        locks = [Statement(HOLD_SHARED, [number]) for number in held]
        # SQLite lets one transaction write at a time.
        return [*(locks if connection.vendor == "postgresql" else []), _reading(batch, now=now)]

    def record(self) -> None:
        """Count what was taken, and note the limits that were met. Part of the batch's journey."""
        hour = hour_of(self.now)
        counted = sorted(self._counted.items())
        rows = [Usage(agent_id=id, hour_at=hour, intents=many) for id, many in counted]
        insert_rows(rows, conflict=usage.ADD)
        noted = [_noted(where, each, now=self.now) for where, each in self._breaches.values()]
        insert_rows(noted, conflict="DO NOTHING")

    def _judge(self, one: Submitted) -> Refused | None:
        if one.actor.credential and one.actor.credential not in self._usable:
            return refused(one.actor)
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


def _reading(batch: Sequence[Submitted], *, now: datetime) -> Statement:
    asked = {one.actor.key_id for one in batch if one.actor.key_id}
    usable, values = keys.usable_sql(asked, now=now)
    places = {(one.workspace_id, a) for one in batch for a in (one.from_address, one.to_address)}
    if connection.vendor == "postgresql":  # One text for any number of them: planned once.
        which = "SELECT * FROM unnest(%s::uuid[], %s::text[])"
        values += [[space for space, _ in places], [address for _, address in places]]
    else:
        which = "VALUES " + (", ".join(["(%s, %s)"] * len(places)) or "(NULL, NULL)")
        for workspace_id, address in places:
            values += [ID.get_db_prep_value(workspace_id, connection), address]
    return Statement(STANDINGS.format(usable=usable, places=which), values)


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
