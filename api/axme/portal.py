"""What a terminal asks about its person: who they are, where they work, what there is of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.actor import Actor
from accounts.models import Agent, Membership, Session, Workspace
from accounts.sessions import actions as sessions
from accounts.sessions.actors import OutsideMembership
from api.axme import translate
from api.axme.auth import SessionAuth, actor_of
from api.axme.errors import BadRequest
from api.axme.schemas import WorkspaceSelection
from api.axme.sessions import session_of
from events import pool
from intents.models import Intent

router = Router(tags=["Sign-in"])
# Counting goes no further than this.
MOST = 10_000


@router.get("/portal/personal/context", auth=SessionAuth())
async def personal_context(request: HttpRequest) -> dict[str, Any]:
    """Tell a person who they are, their workspaces, and which one their calls act in."""
    session = session_of(request)
    memberships = await pool.run(_memberships, session)
    return translate.personal_context(session, memberships)


@router.post("/portal/personal/workspace-selection", auth=SessionAuth())
async def select_workspace(request: HttpRequest, body: WorkspaceSelection) -> dict[str, Any]:
    """Let the calls of this session act in another of the person's workspaces."""
    session = session_of(request)

    def produce() -> list[Membership]:
        memberships = _memberships(session)
        chosen = _named(memberships, body.org_id, body.workspace_id)
        sessions.select_workspace(session, chosen)
        return memberships

    return translate.personal_context(session, await pool.run(produce))


@router.get("/portal/enterprise/overview")
async def overview(
    request: HttpRequest, org_id: str = "", workspace_id: str = ""
) -> dict[str, Any]:
    """Tell how much there is of a workspace. There are no quotas: only a payload has a limit."""
    space, used = await pool.run(
        _overview, actor_of(request), org_id, workspace_id, now=timezone.now()
    )
    return translate.overview(space, used, limits={"payload_max_bytes": settings.BODY_LIMIT_BYTES})


@router.post("/alpha/bootstrap", auth=None)
async def bootstrap(request: HttpRequest) -> dict[str, Any]:
    """Refuse: nobody makes a workspace of their own here; its operator does."""
    said = "This server takes no sign-ups. Ask its operator for an account, then sign in."
    raise BadRequest(404, "not_supported", said, family="alpha")


def _memberships(session: Session) -> list[Membership]:
    rows = Membership.objects.filter(user=session.user_id).select_related("workspace")
    return list(rows.order_by("created_at", "id"))


def _named(memberships: list[Membership], org: str, name: str) -> UUID:
    """Return the workspace meant by its id, or by its names. Raises: OutsideMembership."""
    for membership in memberships:
        if membership.workspace.is_called(org, name):
            return membership.workspace_id
    raise OutsideMembership


def _overview(
    actor: Actor, org: str, name: str, *, now: datetime
) -> tuple[Workspace, dict[str, int]]:
    """Count what there is of the caller's workspace. Raises: OutsideMembership for any other."""
    space = Workspace.objects.get(id=actor.workspace_id)
    if not space.is_called(org, name):
        raise OutsideMembership
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    intents = Intent.objects.filter(workspace=space, created_at__gte=midnight)
    return space, {
        "intents_per_day": intents.order_by("-created_at")[:MOST].count(),
        "actors_total": Membership.objects.filter(workspace=space).count(),
        "service_accounts_per_workspace": Agent.objects.filter(workspace=space).count(),
    }
