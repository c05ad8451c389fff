"""Service accounts: the agents of a workspace, how they are reached, and their keys."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts import agents
from accounts.actor import Actor
from accounts.agents import BadAgent, NoSuchKey
from accounts.managing import require_manager_to_read
from accounts.models import Agent
from accounts.sealing import seal, unseal
from api.axme import calls
from api.axme.agent_schemas import AgentDescription, NewKey, NewServiceAccount
from api.axme.auth import actor_of
from api.axme.named import parse_id, workspace_of
from api.axme.translate import agents as translate
from events import pool

router = Router(tags=["Agents"])
MOST = 500
# A date near the end of the calendar cannot be kept in every time zone.
FARTHEST = timedelta(days=3650)
# What is shown once. A repeated call must get it again, so its kept answer has it sealed.
SECRETS = ("token", "push_secret")
Produce = Callable[[datetime], dict[str, Any]]


@router.post("/service-accounts")
async def create_service_account(request: HttpRequest, body: NewServiceAccount) -> dict[str, Any]:
    """Register an agent at `agent://org/workspace/name`."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        space = workspace_of(actor, body.org_id, body.workspace_id)
        made = agents.register(space, name=body.name, given=body.said(), actor=actor, now=now)
        return translate.registered(*made)

    return await _once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/service-accounts")
async def list_service_accounts(
    request: HttpRequest, org_id: str = "", workspace_id: str = ""
) -> dict[str, Any]:
    """List the agents registered in the workspace, oldest first."""
    rows = await pool.run(_list, actor_of(request), org_id, workspace_id)
    return {"ok": True, "service_accounts": [translate.service_account(row) for row in rows]}


@router.get("/service-accounts/{service_account_id}")
async def get_service_account(request: HttpRequest, service_account_id: str) -> dict[str, Any]:
    agent = await pool.run(managed, actor_of(request), service_account_id)
    return translate.registered(agent, "")


@router.patch("/service-accounts/{service_account_id}")
async def update_service_account(
    request: HttpRequest, service_account_id: str, body: AgentDescription
) -> dict[str, Any]:
    """Change how an agent is called and reached. Mode `http` makes a push secret, shown once."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, service_account_id)
        changed = agents.describe(agent, given=body.said(), actor=actor, now=now)
        return translate.registered(*changed)

    return await _once(request, actor, body.model_dump(mode="json"), produce)


@router.delete("/service-accounts/{service_account_id}")
async def delete_service_account(request: HttpRequest, service_account_id: str) -> dict[str, Any]:
    """Take an agent off the register and revoke its keys."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, service_account_id)
        return translate.registered(agents.remove(agent, actor=actor, now=now), "")

    return await calls.once(request, actor, None, produce)


@router.post("/service-accounts/{service_account_id}/keys")
async def create_key(request: HttpRequest, service_account_id: str, body: NewKey) -> dict[str, Any]:
    """Issue a key to an agent. `key.token` is shown once; only its hash is kept."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, service_account_id)
        expires_at = _expiry(body.expires_at, now=now)
        key, token = agents.add_key(agent, expires_at=expires_at, actor=actor, now=now)
        return {"ok": True, "key": translate.new_key(key, token)}

    return await _once(request, actor, body.model_dump(mode="json"), produce)


@router.post("/service-accounts/{service_account_id}/keys/{key_id}/revoke")
async def revoke_key(request: HttpRequest, service_account_id: str, key_id: str) -> dict[str, Any]:
    """End a key of an agent, in every process at once for whatever it writes."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        agent = agents.find(actor, service_account_id)
        key = agents.end_key(agent, parse_id(key_id, NoSuchKey), actor=actor, now=now)
        return {"ok": True, "key": translate.ended_key(key)}

    return await calls.once(request, actor, None, produce)


def managed(actor: Actor, ref: str) -> Agent:
    """Return an agent to somebody who manages it.

    Raises: NoSuchAgent, also for another workspace's; NotAManager for agents' keys.
    """
    agent = agents.find(actor, ref)
    require_manager_to_read(actor, agent.workspace_id)
    return agent


async def _once(request: HttpRequest, actor: Actor, body: Any, produce: Produce) -> dict[str, Any]:
    """Run a call once whose answer has a secret in it: what is kept of the answer is sealed."""

    def sealed(now: datetime) -> dict[str, Any]:
        return _with_secrets(produce(now), seal)

    return _with_secrets(await calls.once(request, actor, body, sealed), unseal)


def _with_secrets(answer: dict[str, Any], how: Callable[[str], str]) -> dict[str, Any]:
    return {
        name: {k: how(v) if k in SECRETS else v for k, v in part.items()}
        if isinstance(part, dict)
        else part
        for name, part in answer.items()
    }


def _list(actor: Actor, org_id: str, workspace_id: str) -> list[Agent]:
    space = workspace_of(actor, org_id, workspace_id)
    require_manager_to_read(actor, space.id)
    rows = Agent.objects.visible_to(actor).registered().filter(workspace=space)
    return list(rows.select_related("workspace").order_by("created_at", "id")[:MOST])


def _expiry(at: datetime | None, *, now: datetime) -> datetime | None:
    if at is None:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    if aware - now > FARTHEST:
        raise BadAgent("expires_at is more than ten years away; leave it out for no end.")
    return aware
