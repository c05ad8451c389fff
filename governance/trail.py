"""Writes the mesh's events: what was done to an agent, and by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Agent
from governance.models import MeshEvent


def note(agent: Agent, type: str, details: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    """Write down what was done to one agent, in the transaction that did it."""
    note_at(agent.workspace_id, agent.address, type, details, agent=agent, actor=actor, now=now)


def note_at(
    workspace_id: UUID,
    address: str,
    type: str,
    details: dict[str, Any],
    *,
    agent: Agent | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Write down what was done at an address, or to a whole workspace."""
    MeshEvent.objects.create(
        workspace_id=workspace_id,
        agent=agent,
        address=address,
        type=type,
        actor=actor.name[:255],
        details=details,
        at=now,
    )
