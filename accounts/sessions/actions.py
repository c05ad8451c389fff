"""What changes a session: starting, refreshing, selecting a workspace, ending."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import tokens
from accounts.models import Membership, User, Workspace
from accounts.sessions.actors import OutsideMembership
from accounts.sessions.models import RefreshToken, Session, SessionQuerySet

LIFE = timedelta(days=30)


class NoSuchSession(Exception):
    """You have no session with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchSession.__doc__)


class RefreshRefused(Exception):
    """This refresh token is invalid, or was used before. Sign in again."""

    def __init__(self) -> None:
        super().__init__(RefreshRefused.__doc__)


def first_workspace(user: User) -> Workspace | None:
    """Return where a new session of this person acts: the workspace they joined first."""
    memberships = user.memberships.select_related("workspace").order_by("created_at", "id")
    first = memberships.first()
    return first.workspace if first else None


def start(user: User, workspace: Workspace, *, client: str, device: str, now: datetime) -> Session:
    """Sign a person in from somewhere."""
    return Session.objects.create(
        user=user,
        workspace=workspace,
        client=client,
        device=device[:120],
        created_at=now,
        expires_at=now + LIFE,
    )


def issue_refresh_token(session: Session, *, now: datetime) -> str:
    """Return the next refresh token of a session; only its hash is kept."""
    token = tokens.new_link_token()
    RefreshToken.objects.create(hash=tokens.digest(token), session=session, created_at=now)
    return token


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


@transaction.atomic
def select_workspace(session: Session, workspace_id: UUID) -> Workspace:
    """Let the calls of a session act in another workspace. Raises: OutsideMembership."""
    memberships = Membership.objects.select_related("workspace").filter(user=session.user_id)
    membership = memberships.filter(workspace=workspace_id).first()
    if membership is None:
        raise OutsideMembership
    session.workspace = membership.workspace
    session.save(update_fields=["workspace"])
    return membership.workspace


def revoke(session_id: UUID, *, user: User, now: datetime) -> Session:
    """End a session of this person; its token, key and refresh token stop at once.

    Raises: NoSuchSession, also for somebody else's.
    """
    session = Session.objects.filter(id=session_id, user=user).first()
    if session is None:
        raise NoSuchSession
    _end(Session.objects.filter(id=session.id), now=now)
    return session


def revoke_all(user: User, *, now: datetime) -> int:
    """End every session of this person; return how many there were."""
    return _end(Session.objects.filter(user=user), now=now)


def forget(*, now: datetime) -> int:
    """Delete sessions that ended a month ago, with their tokens; return how many rows went."""
    return Session.objects.filter(expires_at__lt=now - LIFE).delete()[0]


def _end(sessions: SessionQuerySet, *, now: datetime) -> int:
    return sessions.filter(revoked_at=None).update(revoked_at=now)
