"""What a start from nothing makes: the tables, a workspace, a first person, a first key."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import DEFAULT_WORKSPACE, add_reviewer, ensure_workspace, issue_key
from accounts.models import Membership, User

FIRST_PERSON = "reviewer@example.com"
# Any number will do as long as every process of this project asks for the same one.
STARTING = 0x4153_5345_4E54


@dataclass(frozen=True)
class Welcome:
    """What is told once: the secrets in it cannot be read again."""

    email: str
    password: str
    key: str


def prepare_database() -> Welcome | None:
    """Migrate, and on the very first start make what there is to sign in with."""
    with _alone():
        call_command("migrate", interactive=False, verbosity=0)
        return None if User.objects.exists() else _first_rows()


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process through at a time, so that several may be started at once.

    SQLite needs nothing: two processes cannot serve one port of the one machine the file is on.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [STARTING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [STARTING])


@transaction.atomic
def _first_rows() -> Welcome:
    """Make the first person an operator as well: somebody has to be able to open the admin."""
    password = secrets.token_urlsafe(12)
    workspace = ensure_workspace(DEFAULT_WORKSPACE)
    User.objects.create_superuser(FIRST_PERSON, name="First Reviewer")
    add_reviewer(workspace, email=FIRST_PERSON, password=password, role=Membership.Role.ADMIN)
    _, token = issue_key(workspace, name="first", now=timezone.now())
    return Welcome(FIRST_PERSON, password, token)
