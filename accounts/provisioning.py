"""Registering the agents that a scenario brings along; one that is there is left as it is."""

import secrets
from datetime import datetime

from accounts.models import Agent, Workspace
from accounts.sealing import seal


def provision(
    workspace: Workspace,
    address: str,
    *,
    display_name: str = "",
    mode: str = Agent.Mode.STREAM,
    callback_url: str = "",
    now: datetime,
) -> tuple[Agent, bool]:
    """Return the agent at this canonical address, and whether it was registered just now.

    The address must have been checked. What is pushed to it is signed with a secret of its own,
    which is set anew where it has to be known.
    """
    return Agent.objects.get_or_create(
        workspace=workspace,
        address=address,
        defaults={
            "name": address.rsplit("/", 1)[-1],
            "display_name": display_name,
            "delivery_mode": mode,
            "callback_url": callback_url,
            "push_secret": seal(secrets.token_urlsafe(32)) if mode == Agent.Mode.HTTP else "",
            "created_at": now,
            "updated_at": now,
        },
    )
