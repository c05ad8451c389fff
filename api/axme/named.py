"""What a call names: ids, addresses, workspaces. What is none of these names nothing."""

from urllib.parse import unquote
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Workspace
from api.axme.errors import BadRequest
from intents.actions import NoSuchIntent


def parse_id(text: str, missing: type[Exception] = NoSuchIntent) -> UUID:
    """Return the id in a text. Raises: `missing`, as there is nothing with an id that is none."""
    try:
        return UUID(text)
    except ValueError as failure:
        raise missing from failure


def reference(path: str) -> str:
    """Return the address or id in a path, decoded. Raises: BadRequest for a NUL in it."""
    text = unquote(path)
    if "\0" in text:
        raise BadRequest(422, "invalid_agent_address", "The address has a NUL in it.")
    return text


def workspace_of(actor: Actor, org_id: str | None, workspace_id: str | None) -> Workspace:
    """Return the workspace a call names, by ids or by names; the caller's own if it names none.

    Raises: BadRequest 404 for any other.
    """
    for space in Workspace.objects.filter(id__in=actor.workspaces).order_by("created_at", "id"):
        if space.is_called(org_id or "", workspace_id or ""):
            return space
    raise BadRequest(404, "workspace_not_found", "There is no workspace with these ids.")
