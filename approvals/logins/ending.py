"""Ends of sessions: signing out, being signed out, and a refresh token that somebody copied.

Here and not beside what starts them, because others may have to be told, and `_end` is the one
place that knows which sessions ended.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import tokens
from accounts.models import RefreshToken, Session, User
from accounts.sessions.actions import issue_refresh_token
from accounts.sessions.models import SessionQuerySet
from events import webhooks


class NoSuchSession(Exception):
    """You have no session with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchSession.__doc__)


class RefreshRefused(Exception):
    """This refresh token is invalid, or was used before. Sign in again."""

    def __init__(self) -> None:
        super().__init__(RefreshRefused.__doc__)


@transaction.atomic
def revoke(session_id: UUID, *, user: User, now: datetime) -> None:
    """End a session of this person; its token, key and refresh token stop at once.

    One that has ended already stays as it is. Raises: NoSuchSession, also for somebody else's.
    """
    own = Session.objects.filter(user=user, id=session_id)
    if not own.exists():
        raise NoSuchSession
    _end(own, now=now)


@transaction.atomic
def revoke_all(user: User, *, now: datetime) -> int:
    """End every session of this person; return how many there were."""
    return len(_end(Session.objects.filter(user=user), now=now))


def refresh(token: str, *, now: datetime) -> tuple[Session, str]:
    """Take a refresh token for the next one. One that comes twice ends its session for everybody.

    Raises: RefreshRefused.
    """
    turned = _turn(token, now=now)
    # Raised out here: the transaction in there has the revocation to commit.
    if turned is None:
        raise RefreshRefused
    return turned


@transaction.atomic
def _turn(token: str, *, now: datetime) -> tuple[Session, str] | None:
    locked = RefreshToken.objects.select_for_update(of=("self",))
    row = locked.filter(hash=tokens.digest(token)).first()
    if row is None:
        return None
    if row.used_at is not None:
        _end(Session.objects.filter(id=row.session_id), now=now)
        return None
    live = Session.objects.live(now).select_related("user", "workspace")
    session = live.filter(id=row.session_id).first()
    if session is None:
        return None
    row.used_at = now
    row.save(update_fields=["used_at"])
    return session, issue_refresh_token(session, now=now)


def _end(sessions: SessionQuerySet, *, now: datetime) -> list[Session]:
    """End those that have not ended, and return them."""
    open_ones = sessions.filter(revoked_at=None).select_for_update(of=("self",))
    ended = list(open_ones.select_related("user", "workspace").order_by("id"))
    Session.objects.filter(id__in=[row.id for row in ended]).update(revoked_at=now)
    for row in ended:
        _tell(row, now=now)
    return ended


def _tell(session: Session, *, now: datetime) -> None:
    told = {"session_id": str(session.id), "email": session.user.email}
    webhooks.publish(
        workspace_id=session.workspace_id,
        owner=session.user.email.lower(),
        type="auth.session_revoked",
        payload=told,
        now=now,
    )
