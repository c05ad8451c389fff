"""Agents by their address, and who may send to them: policies, overrides, the workspace's rule."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts import agents
from accounts.actor import Actor
from accounts.managing import require_manager_to_read
from accounts.models import Agent, Workspace
from api.axme import calls
from api.axme.agent_schemas import NewEntry, OrgReceivePolicy, ReceiveOverride, ReceivePolicy
from api.axme.auth import actor_of
from api.axme.named import reference, workspace_of
from api.axme.service_accounts import managed
from api.axme.translate import agents as translate
from api.axme.translate import stamp
from events import pool
from governance import actions
from governance.models import AgentRules, WorkspaceRules

router = Router(tags=["Agents"])
MOST = 500


@router.get("/agents")
async def list_agents(
    request: HttpRequest, org_id: str = "", workspace_id: str = "", limit: int = 100
) -> dict[str, Any]:
    """List the registered addresses of the workspace."""
    most = max(1, min(limit, MOST))
    rows = await pool.run(_list, actor_of(request), org_id, workspace_id, most)
    return {"ok": True, "agents": [translate.agent(row) for row in rows]}


@router.get("/agents/{path:address}/policy")
async def get_policy(request: HttpRequest, address: str) -> dict[str, Any]:
    """Read who may send to an agent."""
    agent, rules = await pool.run(rules_of, actor_of(request), address)
    return {"ok": True, "policy": translate.receive_policy(agent, rules.receive)}


@router.put("/agents/{path:address}/policy")
async def set_policy(request: HttpRequest, address: str, body: ReceivePolicy) -> dict[str, Any]:
    """Set who may send to an agent: anybody, those on its list, or all but those."""
    return await _ruled(request, address, "receive", body, mode=body.policy_type)


@router.post("/agents/{path:address}/policy/entries")
async def add_policy_entry(request: HttpRequest, address: str, body: NewEntry) -> dict[str, Any]:
    return await _ruled(request, address, "receive", body, pattern=body.sender_pattern)


@router.delete("/agents/{path:address}/policy/entries/{entry_id}")
async def delete_policy_entry(request: HttpRequest, address: str, entry_id: str) -> dict[str, Any]:
    return await _ruled(request, address, "receive", None, entry_id=entry_id)


@router.get("/agents/{path:address}/receive-override")
async def get_override(request: HttpRequest, address: str) -> dict[str, Any]:
    """Read whether an agent takes intents from other organisations."""
    agent, rules = await pool.run(rules_of, actor_of(request), address)
    return {"ok": True, "override": translate.receive_override(agent, rules.override)}


@router.put("/agents/{path:address}/receive-override")
async def set_override(request: HttpRequest, address: str, body: ReceiveOverride) -> dict[str, Any]:
    return await _ruled(request, address, "override", body, mode=body.override_type)


@router.post("/agents/{path:address}/receive-override/entries")
async def add_override_entry(request: HttpRequest, address: str, body: NewEntry) -> dict[str, Any]:
    return await _ruled(request, address, "override", body, pattern=body.sender_pattern)


@router.delete("/agents/{path:address}/receive-override/entries/{entry_id}")
async def delete_override_entry(
    request: HttpRequest, address: str, entry_id: str
) -> dict[str, Any]:
    return await _ruled(request, address, "override", None, entry_id=entry_id)


@router.get("/organizations/{org_id}/receive-policy")
async def get_org_policy(request: HttpRequest, org_id: str) -> dict[str, Any]:
    """Read whether the agents of the key's workspace take intents from other organisations."""
    space = await pool.run(_managed_space, actor_of(request), org_id)
    return await pool.run(_told, space)


@router.put("/organizations/{org_id}/receive-policy")
async def set_org_policy(
    request: HttpRequest, org_id: str, body: OrgReceivePolicy
) -> dict[str, Any]:
    return await _ruled_space(request, org_id, body, mode=body.policy_type)


@router.post("/organizations/{org_id}/receive-policy/entries")
async def add_org_entry(request: HttpRequest, org_id: str, body: NewEntry) -> dict[str, Any]:
    return await _ruled_space(request, org_id, body, pattern=body.sender_pattern)


@router.delete("/organizations/{org_id}/receive-policy/entries/{entry_id}")
async def delete_org_entry(request: HttpRequest, org_id: str, entry_id: str) -> dict[str, Any]:
    return await _ruled_space(request, org_id, None, entry_id=entry_id)


# Last: it takes whatever the routes above, and those of the delivery streams, have left.
catch_all = Router(tags=["Agents"])


@catch_all.get("/agents/{path:address}")
async def get_agent(request: HttpRequest, address: str) -> dict[str, Any]:
    """Read a registered agent by its address, raw or encoded."""
    agent = await pool.run(agents.find, actor_of(request), reference(address))
    told = translate.agent(agent) | {"updated_at": stamp(agent.updated_at)}
    return {"ok": True, "agent": told}


def _list(actor: Actor, org_id: str, workspace_id: str, most: int) -> list[Agent]:
    space = workspace_of(actor, org_id, workspace_id)
    rows = Agent.objects.visible_to(actor).registered().filter(workspace=space)
    return list(rows.order_by("created_at", "id")[:most])


def rules_of(actor: Actor, path: str) -> tuple[Agent, AgentRules]:
    """Return an agent with its rules, empty ones if nobody set any. Raises: as `managed`."""
    agent = managed(actor, reference(path))
    return agent, AgentRules.objects.filter(agent=agent).first() or AgentRules(agent=agent)


async def _ruled(
    request: HttpRequest, path: str, rule: str, body: Any, **what: str
) -> dict[str, Any]:
    """Change one rule of an agent and answer with it as it is now."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, reference(path))
        new = _change(agent, rule, what, actor=actor, now=now)
        if rule == "receive":
            return {"ok": True, "policy": translate.receive_policy(agent, new)}
        return {"ok": True, "override": translate.receive_override(agent, new)}

    return await calls.once(request, actor, body and body.model_dump(mode="json"), produce)


async def _ruled_space(request: HttpRequest, org_id: str, body: Any, **what: str) -> dict[str, Any]:
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        space = workspace_of(actor, org_id, None)
        _change(space, "receive", what, actor=actor, now=now)
        return _told(space)

    return await calls.once(request, actor, body and body.model_dump(mode="json"), produce)


def _change(
    owner: Agent | Workspace, rule: str, what: dict[str, str], *, actor: Actor, now: datetime
) -> dict[str, Any]:
    if "mode" in what:
        return actions.set_mode(owner, rule=rule, mode=what["mode"], actor=actor, now=now)
    if "pattern" in what:
        return actions.add_entry(owner, rule=rule, pattern=what["pattern"], actor=actor, now=now)
    entry_id = what["entry_id"]
    return actions.drop_entry(owner, rule=rule, entry_id=entry_id, actor=actor, now=now)


def _managed_space(actor: Actor, org_id: str) -> Workspace:
    space = workspace_of(actor, org_id, None)
    require_manager_to_read(actor, space.id)
    return space


def _told(space: Workspace) -> dict[str, Any]:
    rules = WorkspaceRules.objects.filter(workspace=space).first()
    return {"ok": True, "policy": translate.org_policy(space, rules)}
