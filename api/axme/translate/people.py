"""From sessions and memberships to AXP bodies."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import Membership, Session, Workspace
from accounts.sessions import secrets
from accounts.sessions.secrets import TOKEN_LIFE, Bearer
from api.axme.translate.wire import stamp

ROLES = {
    Membership.Role.ADMIN: "workspace_admin",
    Membership.Role.REVIEWER: "member",
    Membership.Role.AUDITOR: "security_auditor",
}


def access_token(session: Session, *, life: timedelta = TOKEN_LIFE, now: datetime) -> str:
    """Return the actor token of a session. Its names of places tell; the rows decide."""
    roles = session.user.memberships.filter(workspace=session.workspace_id)
    claims = {
        **place(session.workspace),
        "actor_id": str(session.user_id),
        "roles": [ROLES[Membership.Role(role)] for role in roles.values_list("role", flat=True)],
    }
    bearer = Bearer(session.id, session.user_id)
    return secrets.access_token(bearer, claims, life=life, now=now)


def signed_in(session: Session, *, life: timedelta = TOKEN_LIFE, now: datetime) -> dict[str, Any]:
    """Return what a terminal keeps of a login."""
    return {
        "ok": True,
        "api_key": secrets.session_key(session.id),
        "account_session_token": access_token(session, life=life, now=now),
        "session_id": str(session.id),
        **place(session.workspace),
    }


def place(workspace: Workspace) -> dict[str, str]:
    return {"org_id": str(workspace.org_id), "workspace_id": str(workspace.id)}


def session(row: Session, *, current: UUID) -> dict[str, Any]:
    return {
        "session_id": str(row.id),
        "is_current": row.id == current,
        "revoked": row.revoked_at is not None,
        "client_type": row.client,
        "device_label": row.device,
        "created_at": stamp(row.created_at),
        "expires_at": stamp(row.expires_at),
        "revoked_at": stamp(row.revoked_at),
    }


def personal_context(row: Session, memberships: list[Membership]) -> dict[str, Any]:
    """Return who a person is and where; what is selected is empty once they are no member of it."""
    workspaces = [_workspace(membership) for membership in memberships]
    selected = [w for w in workspaces if w["workspace_id"] == str(row.workspace_id)]
    organizations = _organizations(workspaces)
    org = [o for o in organizations if selected and o["org_id"] == selected[0]["org_id"]]
    context = place(row.workspace) if selected else {"org_id": "", "workspace_id": ""}
    return {
        "ok": True,
        "context": context,
        "account": {
            "actor_id": str(row.user_id),
            "email": row.user.email,
            "display_name": str(row.user),
        },
        "organizations": organizations,
        "workspaces": workspaces,
        "selected_organization": org[0] if org else {},
        "selected_workspace": selected[0] if selected else {},
        "guidance": {"workspace_count": len(workspaces)},
    }


def overview(space: Workspace, used: dict[str, int], *, limits: dict[str, int]) -> dict[str, Any]:
    return {
        "ok": True,
        "overview": {
            **place(space),
            "quota_policy": {
                "dimensions": limits,
                "overage_mode": "none",
                "hard_enforcement": False,
            },
            "usage_summary": {"dimensions": {name: {"used": n} for name, n in used.items()}},
        },
    }


def _workspace(membership: Membership) -> dict[str, Any]:
    space = membership.workspace
    return {
        **place(space),
        "name": space.name,
        "org_name": space.org,
        "environment": "production",
        "status": "active",
        "roles": [ROLES[Membership.Role(membership.role)]],
    }


def _organizations(workspaces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for space in workspaces:
        fresh = {"org_id": space["org_id"], "name": space["org_name"], "status": "active"}
        org = found.setdefault(space["org_id"], fresh | {"roles": [], "workspaces": []})
        org["roles"] = sorted({*org["roles"], *space["roles"]})
        org["workspaces"].append(space["workspace_id"])
    return list(found.values())
