"""From a session to an Actor: the person, in one workspace, with the rights the rows give them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.actor import Actor, Channel, Kind
from accounts.keys import KeyRefused
from accounts.models import Membership
from accounts.sessions import secrets
from accounts.sessions.models import Session
from accounts.sessions.secrets import Bearer, TokenRefused


class OutsideMembership(Exception):
    """This workspace is outside actor membership scope: you are no member of it."""

    def __init__(self) -> None:
        super().__init__(OutsideMembership.__doc__)


def session_for(bearer: Bearer, *, now: datetime) -> Session:
    """Return the live session of a token. Raises: TokenRefused."""
    found = Session.objects.live(now).select_related("user", "workspace")
    session = found.filter(id=bearer.session_id).first()
    if session is None or session.user_id != bearer.user_id:
        raise TokenRefused
    return session


def actor_for_token(token: str, *, workspace_id: UUID | None = None, now: datetime) -> Actor:
    """Return the person of a token, in this workspace or else in the one they selected.

    Raises: TokenRefused, TokenExpired, OutsideMembership.
    """
    session = session_for(secrets.read_access_token(token, now=now), now=now)
    return _actor(session, workspace_id or session.workspace_id)


def actor_for_session_key(token: str, *, now: datetime) -> Actor:
    """Return the person of a session's key: they may read with it, and nothing else.

    Raises: KeyRefused, OutsideMembership.
    """
    session_id = secrets.session_of(token)
    session = Session.objects.live(now).select_related("user").filter(id=session_id).first()
    if session is None:
        raise KeyRefused(KeyRefused.__doc__)
    return _actor(session, session.workspace_id, may_act=False)


def still_hold(actors: Sequence[Actor], *, now: datetime) -> set[UUID]:
    """Return the sessions that hold at this instant, with all the rights their actors claim.

    Asked inside every writing transaction, as `keys.standing` is.
    """
    ids = {actor.session_id for actor in actors if actor.session_id}
    live = Session.objects.live(now).filter(id__in=ids)
    found = live.values_list("id", "user__memberships__workspace", "user__memberships__role")
    roles: dict[UUID, dict[UUID, str]] = {}
    for session_id, workspace_id, role in found:
        roles.setdefault(session_id, {})[workspace_id] = role
    broken = {a.session_id for a in actors if a.session_id and not _holds(a, roles)}
    return {id for id in ids if id not in broken}


def _holds(actor: Actor, roles: dict[UUID, dict[UUID, str]]) -> bool:
    now_has = roles.get(actor.session_id, {}) if actor.session_id else {}
    return (
        actor.workspaces <= set(now_has)
        and all(now_has[id] in Membership.DECIDING for id in actor.reviews)
        and all(now_has[id] == Membership.Role.ADMIN for id in actor.administers)
    )


def _actor(session: Session, workspace_id: UUID, *, may_act: bool = True) -> Actor:
    membership = (
        Membership.objects.select_related("workspace")
        .filter(user=session.user_id, workspace=workspace_id)
        .first()
    )
    if membership is None:
        raise OutsideMembership
    here, space = frozenset({workspace_id}), membership.workspace
    return Actor(
        Kind.PERSON,
        session.user.email,
        here,
        Channel.API,
        user_id=session.user_id,
        session_id=session.id,
        # People are asked and written to at their e-mail address, and speak under it.
        address=session.user.email.lower(),
        reviews=here if may_act and membership.role in Membership.DECIDING else frozenset(),
        administers=here if may_act and membership.role == Membership.Role.ADMIN else frozenset(),
        org=space.org,
        space=space.name,
    )
