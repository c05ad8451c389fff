"""The mesh: heartbeats, health, spend, the kill switch, and limits of agents."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts import agents
from accounts.actor import Actor
from accounts.managing import require_manager_to_read
from accounts.models import Agent
from api.axme import auth, calls
from api.axme.agent_schemas import ActionPolicy, CostPolicy, Heartbeat, Switch
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.named import reference
from api.axme.policies import rules_of
from api.axme.translate import agents as translate
from events import pool
from governance import actions, usage
from governance.health import Health, during
from governance.limits import Spent
from governance.models import MeshEvent

router = Router(tags=["Mesh"])
MOST = 500
SHOWN_EVENTS = 20
WHICH = "A workspace key must name the agent: use the key of the agent, or x-owner-agent."


@router.post("/mesh/heartbeat")
async def heartbeat(
    request: HttpRequest, body: Heartbeat, owner_agent: str | None = None
) -> dict[str, Any]:
    """Say that an agent is alive, and what it did and spent since its last heartbeat."""
    actor, now = actor_of(request), timezone.now()
    named = owner_agent or request.headers.get("x-owner-agent") or body.agent
    if not actor.is_agent and not named:
        raise BadRequest(422, "agent_required", WHICH)
    address = auth.owner_of(request, actor, owner_agent or body.agent)
    metrics = body.metrics.said() if body.metrics else {}
    cost = Decimal(str(metrics.get("cost_usd", 0))).quantize(Decimal("0.000001"))

    def hear() -> dict[str, Any]:
        agent = agents.find(actor, address)
        heard = actions.heartbeat(agent, metrics=metrics, cost_usd=cost, actor=actor, now=now)
        return translate.heard(heard, now=now)

    return await pool.run(hear)


@router.get("/mesh/agents")
async def list_mesh(
    request: HttpRequest, limit: int = 100, health: str = "", window: str = "day"
) -> dict[str, Any]:
    """List the agents with their health and what they did in the last day, week or month."""
    wanted = _one_of(health, list(Health), "health") if health else ""
    days = usage.DAYS[_one_of(window, list(usage.DAYS), "window")]
    return await pool.run(_listed, actor_of(request), max(1, min(limit, MOST)), wanted, days)


@router.get("/mesh/events")
async def list_mesh_events(
    request: HttpRequest, limit: int = 50, event_type: str = ""
) -> dict[str, Any]:
    """List what was done to agents, and what limits they met, newest first."""
    most = max(1, min(limit, MOST))
    rows = await pool.run(_events, actor_of(request), event_type[:64], most)
    return {"ok": True, "events": [translate.mesh_event(row) for row in rows]}


@router.post("/mesh/agents/{path:address_id}/kill")
async def kill(request: HttpRequest, address_id: str, body: Switch) -> dict[str, Any]:
    """Switch an agent off. After the answer no create by it or to it passes, in any process."""
    return await _switched(request, address_id, body, actions.kill)


@router.post("/mesh/agents/{path:address_id}/resume")
async def resume(request: HttpRequest, address_id: str, body: Switch) -> dict[str, Any]:
    """Switch an agent on again; what waits for it is put before it."""
    return await _switched(request, address_id, body, actions.resume)


@router.get("/mesh/agents/{path:address_id}/policies/cost")
async def get_cost_policy(request: HttpRequest, address_id: str) -> dict[str, Any]:
    agent, rules = await pool.run(rules_of, actor_of(request), address_id)
    return {"ok": True, "policy": translate.cost_policy(agent, rules.limits)}


@router.put("/mesh/agents/{path:address_id}/policies/cost")
async def set_cost_policy(
    request: HttpRequest, address_id: str, body: CostPolicy
) -> dict[str, Any]:
    """Set how many intents an agent may send and be sent, and how much it may spend a day."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, reference(address_id))
        limits = actions.set_limits(agent, limits=body.limits(), actor=actor, now=now)
        return {"ok": True, "policy": translate.cost_policy(agent, limits)}

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/mesh/agents/{path:address_id}/policies/action")
async def get_action_policy(request: HttpRequest, address_id: str) -> dict[str, Any]:
    agent, rules = await pool.run(rules_of, actor_of(request), address_id)
    return {"ok": True, "policy": translate.action_policy(agent, rules.types)}


@router.put("/mesh/agents/{path:address_id}/policies/action")
async def set_action_policy(
    request: HttpRequest, address_id: str, body: ActionPolicy
) -> dict[str, Any]:
    """Set which types of intents an agent may send and be sent; deny goes before allow."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, reference(address_id))
        given = {"allow": body.allow, "deny": body.deny}
        types = actions.set_types(agent, **given, actor=actor, now=now)
        return {"ok": True, "policy": translate.action_policy(agent, types)}

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/mesh/agents/{path:address_id}")
async def get_mesh_agent(request: HttpRequest, address_id: str) -> dict[str, Any]:
    """Read one agent: its health, metrics, policies and latest events."""
    return await pool.run(_one, actor_of(request), address_id)


async def _switched(
    request: HttpRequest, address_id: str, body: Switch, how: Any
) -> dict[str, Any]:
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, reference(address_id))
        return translate.switched(how(agent, reason=body.reason, actor=actor, now=now))

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


def _listed(actor: Actor, most: int, wanted: str, days: int) -> dict[str, Any]:
    require_manager_to_read(actor, actor.workspace_id)
    now = timezone.now()
    rows = Agent.objects.visible_to(actor).programs()
    counted = rows.aggregate(
        total=Count("id"), **{h.value: Count("id", filter=during(h, now=now)) for h in Health}
    )
    if wanted:
        rows = rows.filter(during(Health(wanted), now=now))
    shown = list(rows.order_by("created_at", "id")[:most])
    spent = usage.spent([row.id for row in shown], now=now, days=days)
    agents = [translate.mesh_agent(row, spent.get(row.id, Spent()), now=now) for row in shown]
    return {"ok": True, "agents": agents, "summary": counted}


def _one(actor: Actor, path: str) -> dict[str, Any]:
    now = timezone.now()
    agent, rules = rules_of(actor, path)
    spent = usage.spent([agent.id], now=now).get(agent.id, Spent())
    events = MeshEvent.objects.filter(agent=agent).newest()[:SHOWN_EVENTS]
    return {
        "ok": True,
        "agent": translate.mesh_agent(agent, spent, now=now),
        "metrics": agent.metrics or {},
        "policies": translate.policies(agent, rules),
        "events": [translate.mesh_event(row) for row in events],
    }


def _events(actor: Actor, type: str, most: int) -> list[MeshEvent]:
    require_manager_to_read(actor, actor.workspace_id)
    rows = MeshEvent.objects.visible_to(actor)
    return list((rows.filter(type=type) if type else rows).newest()[:most])


def _one_of(word: str, words: list[Any], name: str) -> str:
    if word not in words:
        raise BadRequest(422, "schema_invalid", f"{name}: use one of: {', '.join(words)}.")
    return word
