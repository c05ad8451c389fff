"""Agents, keys, rules and the mesh in the protocol's words. Pure."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Agent, ApiKey, Workspace
from api.axme.translate.wire import stamp
from governance.health import health
from governance.limits import NAMES, Spent
from governance.models import AgentRules, MeshEvent, WorkspaceRules

Rule = dict[str, Any]


def service_account(agent: Agent) -> dict[str, Any]:
    return {
        "service_account_id": str(agent.id),
        "org_id": str(agent.workspace.org_id),
        "workspace_id": str(agent.workspace_id),
        "name": agent.name,
        "description": agent.description or None,
        "display_name": agent.display_name or None,
        "status": _status(agent, gone="revoked"),
        "created_by_actor_id": agent.created_by or "system",
        "created_at": stamp(agent.created_at),
        "updated_at": stamp(agent.updated_at),
        "agent_address": agent.address,
        "address": agent.address,
        "delivery_mode": agent.delivery_mode,
        "callback_url": agent.callback_url or None,
    }


def registered(agent: Agent, secret: str) -> dict[str, Any]:
    """Return a service account alone, its ids mirrored on top; a secret is shown this once."""
    told = service_account(agent) | ({"push_secret": secret} if secret else {})
    ids = {"service_account_id": str(agent.id), "id": str(agent.id), "address": agent.address}
    return {"ok": True, "service_account": told, **ids}


def new_key(row: ApiKey, token: str) -> dict[str, Any]:
    return {
        "key_id": str(row.id),
        "service_account_id": str(row.agent_id),
        "key_hint": row.prefix,
        "status": "active",
        "created_at": stamp(row.created_at),
        "expires_at": stamp(row.expires_at),
        "token": token,
    }


def ended_key(row: ApiKey) -> dict[str, Any]:
    return {
        "key_id": str(row.id),
        "service_account_id": str(row.agent_id),
        "status": "revoked",
        "revoked_at": stamp(row.revoked_at),
    }


def agent(row: Agent) -> dict[str, Any]:
    return {
        "address": row.address,
        "service_account_id": str(row.id),
        "service_account_name": row.name,
        "display_name": row.display_name or None,
        "status": _status(row, gone="deleted"),
        "created_at": stamp(row.created_at),
    }


def receive_policy(row: Agent, rule: Rule) -> dict[str, Any]:
    return {**_of(row), "policy_type": rule.get("mode", "open"), "entries": _entries(rule)}


def receive_override(row: Agent, rule: Rule) -> dict[str, Any]:
    mode = rule.get("mode", "use_org_default")
    return {**_of(row), "override_type": mode, "entries": _entries(rule)}


def org_policy(space: Workspace, rules: WorkspaceRules | None) -> dict[str, Any]:
    rule: Rule = rules.receive if rules else {}
    return {
        "policy_id": f"orp_{space.id.hex}",
        "org_id": str(space.org_id),
        "workspace_id": str(space.id),
        "policy_type": rule.get("mode", "open"),
        "entries": _entries(rule),
        "created_at": stamp(rules.created_at if rules else space.created_at),
        "updated_at": stamp(rules.updated_at if rules else space.created_at),
    }


def cost_policy(row: Agent, limits: Rule) -> dict[str, Any]:
    action = limits.get("action_on_breach", "block")
    return {**_of(row), **{n: limits.get(n) for n in NAMES}, "action_on_breach": action}


def action_policy(row: Agent, types: Rule) -> dict[str, Any]:
    return {**_of(row), "allow": types.get("allow", []), "deny": types.get("deny", [])}


def policies(row: Agent, rules: AgentRules | None) -> dict[str, Any]:
    given = rules or AgentRules()
    return {
        "receive": receive_policy(row, given.receive),
        "receive_override": receive_override(row, given.override),
        "action": action_policy(row, given.types),
        "cost": cost_policy(row, given.limits),
    }


def mesh_agent(row: Agent, spent: Spent, *, now: datetime) -> dict[str, Any]:
    """Return an agent as the mesh sees it. Addresses, health and metrics are never null."""
    return {
        **_of(row),
        "service_account_id": str(row.id),
        "display_name": row.display_name or row.name,
        "health_status": health(row.killed_at, row.last_heartbeat_at, now=now).value,
        "last_heartbeat_at": stamp(row.last_heartbeat_at),
        "killed_at": stamp(row.killed_at),
        "created_at": stamp(row.created_at),
        "intents_period": spent.day,
        "cost_period": _dollars(spent.cost),
        "metadata": {"delivery_mode": row.delivery_mode, "description": row.description},
        "metrics": row.metrics or {},
    }


def heard(row: Agent, *, now: datetime) -> dict[str, Any]:
    """Return what a heartbeat is answered: alive, or killed."""
    status = health(row.killed_at, now, now=now).value
    at = stamp(now)
    return {"ok": True, "status": status, "health_status": status, "at": at, **_of(row)}


def switched(row: Agent) -> dict[str, Any]:
    status = "active" if row.killed_at is None else "killed"
    return {"ok": True, "status": status, "killed_at": stamp(row.killed_at), **_of(row)}


def mesh_event(row: MeshEvent) -> dict[str, Any]:
    return {
        "event_id": str(row.id),
        "address": row.address,
        "address_id": str(row.agent_id) if row.agent_id else None,
        "event_type": row.type,
        "details": row.details,
        "actor_id": row.actor,
        "created_at": stamp(row.at),
    }


def _of(row: Agent) -> dict[str, Any]:
    return {"address": row.address, "address_id": str(row.id)}


def _entries(rule: Rule) -> list[dict[str, str]]:
    return list(rule.get("entries", []))


def _status(row: Agent, *, gone: str) -> str:
    if row.removed_at is not None:
        return gone
    return "active" if row.is_on and row.killed_at is None else "suspended"


def _dollars(cost: Decimal) -> float:
    return round(float(cost), 6)
