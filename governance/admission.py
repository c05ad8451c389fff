"""Whether new intents are taken: keys, kill switches, policies and limits, for a whole batch."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.keys import KeyRefused
from accounts.standing import refused
from events.journeys import ask
from events.rows import insert_rows
from governance import standings, usage
from governance.limits import Breach, Spent, breach
from governance.models import MeshEvent, Usage, hour_of
from governance.standings import Rows, Submitted
from governance.verdicts import NotAdmitted, Standing, refusal

Refused = KeyRefused | NotAdmitted


class Tally:
    """What one transaction takes, in however many steps, and the limits it met.

    It is written down last. Whoever counts an agent holds its counter until the commit: nobody
    waits for anything else while holding one, or two would wait for each other.
    """

    def __init__(self) -> None:
        self.counted: Counter[UUID] = Counter()
        self.breaches: dict[tuple[UUID, str], tuple[UUID, Breach]] = {}

    def record(self, *, now: datetime) -> None:
        """Count what was taken, and note the limits that were met."""
        hour = hour_of(now)
        counted = sorted(self.counted.items())
        rows = [Usage(agent_id=id, hour_at=hour, intents=many) for id, many in counted]
        insert_rows(rows, conflict=usage.ADD)
        noted = [_noted(*self.breaches[name], now=now) for name in sorted(self.breaches)]
        insert_rows(noted, conflict="DO NOTHING")


class Admission:
    """The answer to one batch: a refusal or None for each, and the tally of what was taken."""

    def __init__(
        self, batch: Sequence[Submitted], found: Rows, *, now: datetime, tally: Tally | None = None
    ) -> None:
        """`found` is what the last statement of `standings.asking` answered."""
        self.now = now
        self._usable = standings.holding_of(found, batch, now=now)
        self._agents = standings.agents_of(found)
        self.tally = tally or Tally()
        limited = {place: agent.id for place, agent in self._agents.items() if agent.limits}
        if limited:
            standings.hold_limits({workspace_id for workspace_id, _ in limited})
        self._spent = usage.spent(list(limited.values()), now=now) if limited else {}
        self.refusals = [self._judge(one) for one in batch]

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
        self.tally.counted.update(list(parties))
        return None

    def _breach(self, workspace_id: UUID, agent: Standing) -> Breach | None:
        if not agent.limits:
            return None
        spent = self._spent.get(agent.id, Spent())
        found = breach(agent, spent, more=self.tally.counted[agent.id])
        if found:
            self.tally.breaches.setdefault((agent.id, found.name), (workspace_id, found))
        return found


def require_admitted(one: Submitted, *, tally: Tally, now: datetime) -> None:
    """Ask for work that is handed to another agent what is asked for new work.

    The caller records the tally, last. Raises: NotAdmitted, KeyRefused.
    """
    *_, found = ask(*standings.asking([one], now=now))
    if said := Admission([one], found, now=now, tally=tally).refusals[0]:
        raise said


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
