"""Finds the workspace a command names, or says which ones there are."""

from django.core.management.base import CommandError

from accounts.models import Workspace


def find_workspace(path: str) -> Workspace:
    """Return the workspace `org/name`. Raises: CommandError when there is none."""
    org, _, name = path.partition("/")
    if found := Workspace.objects.filter(org=org, name=name).first():
        return found
    known = ", ".join(str(each) for each in Workspace.objects.order_by("org", "name", "id")[:20])
    if not known:
        raise CommandError("There is no workspace yet; the first `manage.py serve` makes one.")
    raise CommandError(f"There is no workspace {path}. Known: {known}.")
