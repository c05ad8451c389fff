"""What begins a session and steers it. How it ends is in `approvals.logins.ending`."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import tokens
from accounts.models import Membership, User, Workspace
from accounts.sessions.actors import OutsideMembership
from accounts.sessions.models import RefreshToken, Session

LIFE = timedelta(days=30)


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


def forget(*, now: datetime) -> int:
    """Delete sessions that ended a month ago, with their tokens; return how many rows went."""
    return Session.objects.filter(expires_at__lt=now - LIFE).delete()[0]
