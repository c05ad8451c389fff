"""Who sets up what is in a workspace: its agents, its people and their rules."""

from datetime import datetime
from uuid import UUID

from accounts.actor import Actor
from accounts.standing import require_standing


class NotAManager(Exception):
    """Only admins and workspace keys manage agents; the key of an agent never does."""


def require_manager(actor: Actor, workspace_id: UUID, *, now: datetime) -> None:
    """Ask as below, and inside a writing transaction whether the key or session still holds.

    Raises: NotAManager, KeyRefused.
    """
    require_manager_to_read(actor, workspace_id)
    require_standing(actor, now=now)


def require_manager_to_read(actor: Actor, workspace_id: UUID) -> None:
    """Raises: NotAManager for agents' keys and for people who are no admins here."""
    if not actor.manages(workspace_id):
        raise NotAManager(NotAManager.__doc__)
