"""The kill switch."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.managing import require_manager
from accounts.models import Agent
from events import bus
from governance import standings
from governance.trail import note


@transaction.atomic
def kill(agent: Agent, *, reason: str = "", actor: Actor, now: datetime) -> Agent:
    """Switch an agent off: it can neither send nor be sent to. Its work and its keys stay.

    When this has returned, no create by it or to it is committed any more, in any process. Killing
    it again changes nothing. Raises: NotAManager, KeyRefused.
    """
    return _switch(agent, killed_at=now, reason=reason, actor=actor, now=now)


@transaction.atomic
def resume(agent: Agent, *, reason: str = "", actor: Actor, now: datetime) -> Agent:
    """Switch an agent on again; what waits for it is put before it. Raises: as `kill`."""
    return _switch(agent, killed_at=None, reason=reason, actor=actor, now=now)


def _switch(
    agent: Agent, *, killed_at: datetime | None, reason: str, actor: Actor, now: datetime
) -> Agent:
    require_manager(actor, agent.workspace_id, now=now)
    standings.hold_alone(agent.workspace_id)
    locked = Agent.objects.select_for_update().get(id=agent.id)
    if (locked.killed_at is None) == (killed_at is None):
        return locked
    locked.killed_at, locked.updated_at = killed_at, now
    locked.save(update_fields=["killed_at", "updated_at"])
    details: dict[str, Any] = {"reason": reason} if reason else {}
    type = "agent.resumed" if killed_at is None else "agent.killed"
    note(locked, type, details, actor=actor, now=now)
    topics = [bus.address_topic(locked.workspace_id, locked.address)]
    transaction.on_commit(lambda: bus.wake(topics), robust=True)
    return locked
