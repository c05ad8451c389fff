"""Who manages what is in a workspace: its agents and their rules, its people, its types."""

from datetime import datetime
from uuid import UUID

from accounts.actor import Actor
from accounts.standing import require_standing


class NotAManager(Exception):
    """Only admins of a workspace and its own keys manage what is in it, never an agent's key."""

    def __init__(self) -> None:
        super().__init__(NotAManager.__doc__)


def require_manager(actor: Actor, workspace_id: UUID, *, now: datetime) -> None:
    """Ask as below, and inside a writing transaction whether the key or session still holds.

    Raises: NotAManager, KeyRefused.
    """
    require_manager_to_read(actor, workspace_id)
    require_standing(actor, now=now)


def require_manager_to_read(actor: Actor, workspace_id: UUID) -> None:
    """Raises: NotAManager for agents' keys and for people who are no admins here."""
    if not actor.manages(workspace_id):
        raise NotAManager
