"""Signing a terminal in from the desk: it waits, a person says that it is theirs."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import CliGrant, User
from accounts.sessions import actions as sessions
from accounts.sessions.secrets import is_user_code, new_user_code

LIFE = timedelta(minutes=10)


class GrantRefused(Exception):
    """A grant that does not go on; its docstring says why."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NoSuchGrant(GrantRefused):
    """No terminal waits with this code."""


class GrantOver(GrantRefused):
    """This terminal has waited too long, or was refused. Sign in again from there."""


class NowhereToGo(GrantRefused):
    """You belong to no workspace, so a terminal of yours could do nothing."""


def begin(*, place: str, device: str, now: datetime) -> CliGrant:
    """Let a terminal wait for a person; whoever knows its id gets what they allow."""
    return CliGrant.objects.create(
        user_code=new_user_code(),
        place=place[:64],
        device=device[:120],
        created_at=now,
        expires_at=now + LIFE,
    )


def find(grant_id: UUID, *, now: datetime) -> CliGrant:
    """Return a waiting or allowed grant. Raises: NoSuchGrant, GrantOver."""
    grants = CliGrant.objects.select_related("session__user", "session__workspace")
    grant = grants.filter(id=grant_id).first()
    if grant is None:
        raise NoSuchGrant
    if grant.expires_at <= now or grant.refused_at:
        raise GrantOver
    return grant


def waiting(user_code: str, *, now: datetime) -> CliGrant | None:
    """Return the grant that waits with this code, for a person to look at."""
    code = user_code.strip().upper()
    if not is_user_code(code):
        return None
    rows = CliGrant.objects.filter(user_code=code, session=None, refused_at=None)
    return rows.filter(expires_at__gt=now).first()


@transaction.atomic
def allow(user_code: str, *, user: User, now: datetime) -> CliGrant:
    """Sign the terminal in as this person. Raises: NoSuchGrant, NowhereToGo."""
    grant = _locked(user_code, now=now)
    workspace = sessions.first_workspace(user)
    if workspace is None:
        raise NowhereToGo
    session = sessions.start(user, workspace, client="cli", device=grant.device, now=now)
    grant.session = session
    grant.save(update_fields=["session"])
    return grant


@transaction.atomic
def refuse(user_code: str, *, now: datetime) -> CliGrant:
    """Send the terminal away. Raises: NoSuchGrant."""
    grant = _locked(user_code, now=now)
    grant.refused_at = now
    grant.save(update_fields=["refused_at"])
    return grant


def forget(*, now: datetime) -> int:
    """Delete grants that ended yesterday; return how many."""
    return CliGrant.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()[0]


def _locked(user_code: str, *, now: datetime) -> CliGrant:
    found = waiting(user_code, now=now)
    if found is None:
        raise NoSuchGrant
    grant = CliGrant.objects.select_for_update(of=("self",)).get(id=found.id)
    if grant.session_id or grant.refused_at:
        raise NoSuchGrant
    return grant
