"""How much an agent may do: limits against what it did. Pure; the numbers are passed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.addresses import short
from governance.verdicts import NotAdmitted, Standing

HOURLY, DAILY, COST = "max_intents_per_hour", "max_intents_per_day", "max_cost_per_day_usd"
NAMES = (HOURLY, DAILY, COST)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an agent did in this hour and on this day of the desk's clock."""

    hour: int = 0
    day: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is used up: which one, how much, and whether that refuses or is only told."""

    agent: Standing
    name: str
    limit: Any
    used: Any

    @property
    def blocks(self) -> bool:
        return str(self.agent.limits.get("action_on_breach", "block")) == "block"

    def refusal(self) -> NotAdmitted:
        words = (
            f"{short(self.agent.address)} has used up its {self.name}: {self.used} of {self.limit}."
        )
        return NotAdmitted("policy_limit_exceeded", words)


def breach(agent: Standing, spent: Spent, *, more: int = 0) -> Breach | None:
    """Return the limit that one more intent would break, `more` being on their way already."""
    used: Mapping[str, Any] = {
        HOURLY: spent.hour + more,
        DAILY: spent.day + more,
        COST: spent.cost,
    }
    for name in NAMES:
        limit = agent.limits.get(name)
        if limit is not None and used[name] >= Decimal(str(limit)):
            return Breach(agent, name, limit, used[name])
    return None
