"""Agents as the desk shows them: health in words, what they did today, who switched them off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Agent, User
from approvals.desk import times, words
from governance import usage
from governance.health import Health, health
from governance.limits import COST, Spent
from governance.models import MeshEvent
from intents.models import Delivery

MOST = 200
MOST_WORK = 100
NEAR = 80


@dataclass(frozen=True, slots=True)
class State:
    """How an agent is: a tone, a shape and a word."""

    tone: str
    icon: str
    words: str


@dataclass(frozen=True, slots=True)
class Spend:
    """What an agent spent today, beside its limit if it has one."""

    cost: Decimal
    limit: str = ""
    percent: int = 0

    @property
    def said(self) -> str:
        return dollars(self.cost)

    @property
    def grade(self) -> str:
        return "over" if self.percent >= 100 else "near" if self.percent >= NEAR else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One agent of the list."""

    agent: Agent
    state: State
    seen: str
    asked: int
    spend: Spend
    may_switch: bool

    @property
    def is_off(self) -> bool:
        return self.agent.killed_at is not None


def rows(actor: Actor, *, now: datetime) -> list[Row]:
    """Return the agents this person may see, by name; the first two hundred."""
    agents = Agent.objects.visible_to(actor).programs().select_related("workspace", "rules")
    found = agents.order_by("name", "id")[:MOST]
    return told(list(found), actor, now=now)


def told(agents: Sequence[Agent], actor: Actor, *, now: datetime) -> list[Row]:
    """Return agents as rows, with what they did today. Four queries for however many."""
    spent = usage.spent([agent.id for agent in agents], now=now)
    off_by = _switched_off_by(agents)
    return [_row(agent, spent.get(agent.id, Spent()), off_by, actor, now=now) for agent in agents]


def totals(shown: Iterable[Row]) -> dict[str, Any]:
    """Return what the rows amount to."""
    listed = list(shown)
    cost = sum((row.spend.cost for row in listed), Decimal(0))
    return {"asked": sum(row.asked for row in listed), "spent": dollars(cost)}


def open_work(agent: Agent) -> int:
    """Return how much waits at an agent, a hundred at most."""
    waiting = Delivery.objects.at(agent.workspace_id, agent.address).actionable()
    return waiting.order_by()[:MOST_WORK].count()


def state(agent: Agent, off_by: str, *, now: datetime) -> State:
    """Return an agent's health as the desk says it."""
    heard = agent.last_heartbeat_at
    match health(agent.killed_at, heard, now=now):
        case Health.KILLED:
            return State("off", "power", f"Switched off by {off_by}" if off_by else "Switched off")
        case Health.HEALTHY:
            return State("yes", "done", "Healthy")
        case Health.DEGRADED:
            return State("warn", "gauge", "Late heartbeat")
        case Health.UNREACHABLE if heard:
            return State("warn", "warn", f"Not heard since {times.moment(heard, now=now)}")
    return State("off", "clock", "Never heard")


def dollars(cost: Decimal) -> str:
    """Return an amount to the cent, and to a hundredth of it where a cent says nothing."""
    return f"${cost:,.4f}" if 0 < cost < Decimal("0.01") else f"${cost:,.2f}"


def people(names: Iterable[str]) -> dict[str, str]:
    """Return how the people behind these e-mail addresses are called."""
    users = User.objects.filter(email__in=set(names)).order_by("id")
    return {user.email: str(user) for user in users}


def _row(
    agent: Agent, spent: Spent, off_by: dict[UUID, str], actor: Actor, *, now: datetime
) -> Row:
    heard = agent.last_heartbeat_at
    return Row(
        agent=agent,
        state=state(agent, off_by.get(agent.id, ""), now=now),
        seen=f"{times.span(now - heard)} ago" if heard else "Never",
        asked=spent.day,
        spend=_spend(agent, spent.cost),
        may_switch=agent.workspace_id in actor.administers,
    )


def _spend(agent: Agent, cost: Decimal) -> Spend:
    rules = getattr(agent, "rules", None)
    limit = rules.limits.get(COST) if rules else None
    if limit is None:
        return Spend(cost)
    most = Decimal(str(limit))
    percent = int(min(cost / most, Decimal(9)) * 100) if most else 100
    return Spend(cost, dollars(most).removesuffix(".00"), percent)


def _switched_off_by(agents: Iterable[Agent]) -> dict[UUID, str]:
    """Return who switched off those that are off, by the name people know."""
    off = [agent.id for agent in agents if agent.killed_at is not None]
    kills = MeshEvent.objects.filter(agent__in=off, type="agent.killed").order_by("at", "id")
    actors = {event.agent_id: event.actor for event in kills if event.agent_id} if off else {}
    named = people(actors.values()) if actors else {}
    return {id: named.get(actor) or words.name_of(actor) for id, actor in actors.items()}
