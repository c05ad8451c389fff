"""Finds the workspace a command names, and makes it when it is new."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper

from accounts.actions import ensure_workspace
from accounts.models import Workspace


def workspace_at(path: str, *, notes: OutputWrapper) -> Workspace:
    """Return the workspace `org/name`; a new one is made and said, in case of a slip of the pen.

    Raises: CommandError when the path has another form.
    """
    is_new = not any(str(each) == path for each in Workspace.objects.all())
    try:
        workspace = ensure_workspace(path)
    except (ValidationError, ValueError) as failure:
        raise CommandError(
            f"{path} is not a workspace: write org/name in small letters, digits and hyphens."
        ) from failure
    if is_new:
        notes.write(f"Made the workspace {workspace}.")
    return workspace
