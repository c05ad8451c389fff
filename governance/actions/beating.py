"""Heartbeats: an agent says that it is there, and what it did and spent since it last said so."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agent
from accounts.standing import require_standing
from governance import usage


@transaction.atomic
def heartbeat(
    agent: Agent, *, metrics: Mapping[str, Any], cost_usd: Decimal, actor: Actor, now: datetime
) -> Agent:
    """Note that an agent is alive. Its cost adds to what it spent; metrics replace the last ones.

    A killed agent is heard as well: that is how it learns of it. Raises: KeyRefused.
    """
    require_standing(actor, now=now)
    told: dict[str, Any] = {"last_heartbeat_at": now}
    if metrics:
        told["metrics"] = dict(metrics)
    Agent.objects.filter(id=agent.id).update(**told)
    if cost_usd > 0:
        usage.add_cost(agent.id, cost_usd, now=now)
    agent.refresh_from_db(fields=["killed_at", "last_heartbeat_at", "metrics"])
    return agent
