"""`manage.py add_reviewer EMAIL`: lets a person review in a workspace."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.actions import DEFAULT_WORKSPACE, add_reviewer
from accounts.management.workspaces import workspace_at
from accounts.models import Membership, User


class Command(BaseCommand):
    help = "Let a person review. A new person gets a password, printed this once, or the given one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--password", help="set this one, also for a person who has another")
        parser.add_argument("--name", default="", help="as the desk and the trail show them")
        parser.add_argument("--workspace", default=DEFAULT_WORKSPACE, help="org/name")
        parser.add_argument(
            "--role", default=Membership.Role.REVIEWER, choices=Membership.Role.values
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email, password = options["email"].strip(), options["password"]
        _require_email(email)
        workspace = workspace_at(options["workspace"], notes=self.stderr)
        is_new = not User.objects.filter(email__iexact=email).exists()
        generated = secrets.token_urlsafe(12) if is_new and not password else None
        if password:
            self._warn_about(password, email)
        member = add_reviewer(
            workspace,
            email=email,
            password=password or generated,
            name=options["name"],
            role=options["role"],
        )
        told = f" with the password {generated}" if generated else ""
        self.stdout.write(
            f"{member.user.email} is {member.get_role_display()} in {workspace}{told}"
        )

    def _warn_about(self, password: str, email: str) -> None:
        """Only warn: whoever may run this may also choose a weak password for a trial."""
        try:
            validate_password(password, User(email=email))
        except ValidationError as failure:
            self.stderr.write("Weak password: " + " ".join(failure.messages))


def _require_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as failure:
        raise CommandError(f"{email} is not an e-mail address.") from failure
