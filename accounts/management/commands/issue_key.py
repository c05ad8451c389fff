"""`manage.py issue_key NAME`: prints a new API key and nothing else, for scripts to take."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.actions import DEFAULT_WORKSPACE, ensure_agent, issue_key
from accounts.addresses import SCHEME, canonical
from accounts.management.workspaces import workspace_at
from accounts.models import Agent, Workspace


class Command(BaseCommand):
    help = "Issue an API key and print it. It is shown this once and only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the key is for, as the trail will show it")
        parser.add_argument("--agent", help="make it the key of this agent, which may never decide")
        parser.add_argument("--workspace", default=DEFAULT_WORKSPACE, help="org/name")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not 0 < len(name) <= 120:
            raise CommandError("The name of a key has 1 to 120 characters.")
        workspace = workspace_at(options["workspace"], notes=self.stderr)
        agent = _agent(workspace, options["agent"]) if options["agent"] else None
        _, token = issue_key(workspace, name=name, agent=agent, now=timezone.now())
        self.stdout.write(token)


def _agent(workspace: Workspace, literal: str) -> Agent:
    """Raises: CommandError for an address elsewhere: it would never be the one that is meant."""
    address = canonical(literal, org=workspace.org, workspace=workspace.name)
    if not address.startswith(f"{SCHEME}{workspace}/"):
        raise CommandError(
            f"{literal} is not an address in {workspace}; write {SCHEME}{workspace}/name, "
            "or choose another workspace with --workspace."
        )
    try:
        return ensure_agent(workspace, address)
    except ValidationError as failure:
        raise CommandError(f"{literal} is not an address: {failure.messages[0]}") from failure
