"""Service accounts, keys, agents, and the mesh."""

import threading
from typing import Any

from tests.sdk.caller import SPACE, Caller, calls, connect, refused
from tests.sdk.checked import Checked
from tests.waiting import until


def new_account(caller: Caller) -> dict[str, Any]:
    given = {**SPACE, "name": caller.name, "created_by_actor_id": "ann"}
    return dict(caller.client.create_service_account(given)["service_account"])


def agent(caller: Caller) -> Checked:
    """Return a client with the key of a new agent, at the caller's address."""
    key = new_key(caller, new_account(caller)["service_account_id"])
    return connect(caller.server, key["token"])


def new_key(caller: Caller, id: str) -> dict[str, Any]:
    made = caller.client.create_service_account_key(id, {"created_by_actor_id": "ann"})
    return dict(made["key"])


def in_mesh(caller: Caller) -> dict[str, Any]:
    return dict(caller.client.mesh.get_agent(caller.address)["agent"])


@calls("create_service_account")
def _(caller: Caller) -> None:
    account = new_account(caller)
    assert (account["name"], account["status"]) == (caller.name, "active")
    assert account["address"] == account["agent_address"] == caller.address


@calls("list_service_accounts")
def _(caller: Caller) -> None:
    account = new_account(caller)
    found = caller.client.list_service_accounts(**SPACE)["service_accounts"]
    assert account["address"] in [each["address"] for each in found]


@calls("get_service_account")
def _(caller: Caller) -> None:
    account = new_account(caller)
    found = caller.client.get_service_account(account["service_account_id"])
    assert found["service_account"]["name"] == caller.name


@calls("create_service_account_key")
def _(caller: Caller) -> None:
    key = new_key(caller, new_account(caller)["service_account_id"])
    with connect(caller.server, key["token"]) as client:
        assert client.list_inbox()["threads"] == []
    assert key["status"] == "active"


@calls("revoke_service_account_key")
def _(caller: Caller) -> None:
    id = new_account(caller)["service_account_id"]
    key = new_key(caller, id)
    told = caller.client.revoke_service_account_key(id, key["key_id"])["key"]
    assert (told["key_id"], told["status"]) == (key["key_id"], "revoked")
    assert told["revoked_at"]


@calls("list_agents")
def _(caller: Caller) -> None:
    new_account(caller)
    found = caller.client.list_agents(**SPACE, limit=200)["agents"]
    (mine,) = [each for each in found if each["address"] == caller.address]
    assert mine["status"] == "active"


@calls("get_agent")
def _(caller: Caller) -> None:
    new_account(caller)
    told = caller.client.get_agent(caller.address)["agent"]
    assert told["address"] == caller.address
    assert told["updated_at"]


@calls("mesh.heartbeat")
def _(caller: Caller) -> None:
    with agent(caller) as client:
        assert client.mesh.heartbeat()["ok"] is True
        told = client.mesh.heartbeat(metrics={"intents_total": 1, "cost_usd": 0.1})
    assert told["health_status"] == "healthy"


@calls("mesh.report_metric")
def _(caller: Caller) -> None:
    with agent(caller) as client:
        client.mesh.report_metric(success=True, latency_ms=12.5, cost_usd=0.25)
        client.mesh.start_heartbeat(interval_seconds=0.1)
        until(lambda: in_mesh(caller)["metrics"].get("intents_total"), within=5, what="A metric")


@calls("mesh.start_heartbeat")
def _(caller: Caller) -> None:
    with agent(caller) as client:
        client.mesh.start_heartbeat(interval_seconds=0.1)
        until(lambda: in_mesh(caller)["health_status"] == "healthy", within=5, what="A heartbeat")


@calls("mesh.stop_heartbeat")
def _(caller: Caller) -> None:
    client = connect(caller.server)
    client.mesh.start_heartbeat(interval_seconds=30)
    client.mesh.stop_heartbeat()
    assert "axme-mesh-heartbeat" not in [thread.name for thread in threading.enumerate()]


@calls("mesh.list_agents")
def _(caller: Caller) -> None:
    with agent(caller) as client:
        client.mesh.heartbeat()
    told = caller.client.mesh.list_agents(health="healthy")
    assert caller.address in [each["address"] for each in told["agents"]]
    assert told["summary"]["healthy"] >= 1


@calls("mesh.get_agent")
def _(caller: Caller) -> None:
    new_account(caller)
    told = caller.client.mesh.get_agent(caller.address)
    assert told["agent"]["address"] == caller.address
    assert isinstance(told["metrics"], dict)
    assert isinstance(told["events"], list)


@calls("mesh.kill")
def _(caller: Caller) -> None:
    new_account(caller)
    assert caller.client.mesh.kill(caller.address)["status"] == "killed"
    assert refused(caller.send) == (403, "agent_killed")


@calls("mesh.resume")
def _(caller: Caller) -> None:
    new_account(caller)
    caller.client.mesh.kill(caller.address)
    assert caller.client.mesh.resume(caller.address)["status"] == "active"
    assert caller.send()


@calls("mesh.list_events")
def _(caller: Caller) -> None:
    new_account(caller)
    caller.client.mesh.kill(caller.address)
    told = caller.client.mesh.list_events(event_type="agent.killed")["events"]
    assert caller.address in [event["address"] for event in told]
