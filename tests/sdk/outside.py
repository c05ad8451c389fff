"""Webhooks and MCP."""

from typing import Any
from uuid import UUID

from tests.sdk.caller import Caller, calls


def new_subscription(caller: Caller) -> dict[str, Any]:
    given = {
        "callback_url": f"https://integrator.example/{caller.name}",
        "event_types": ["inbox.thread_created"],
    }
    return dict(caller.client.upsert_webhook_subscription(given)["subscription"])


def new_event(caller: Caller) -> dict[str, Any]:
    given = {"event_type": "inbox.thread_created", "source": "sdk", "payload": {"n": 1}}
    return caller.client.publish_webhook_event(given, owner_agent=caller.address)


@calls("upsert_webhook_subscription")
def _(caller: Caller) -> None:
    told = new_subscription(caller)
    assert (told["active"], told["revoked_at"]) == (True, None)
    assert new_subscription(caller)["subscription_id"] == told["subscription_id"]


@calls("list_webhook_subscriptions")
def _(caller: Caller) -> None:
    id = new_subscription(caller)["subscription_id"]
    found = caller.client.list_webhook_subscriptions()["subscriptions"]
    assert id in [each["subscription_id"] for each in found]


@calls("delete_webhook_subscription")
def _(caller: Caller) -> None:
    id = new_subscription(caller)["subscription_id"]
    told = caller.client.delete_webhook_subscription(id)
    assert (told["subscription_id"], bool(told["revoked_at"])) == (id, True)


COUNTERS = ("queued_deliveries", "processed_deliveries", "delivered", "pending", "dead_lettered")


@calls("publish_webhook_event")
def _(caller: Caller) -> None:
    told = new_event(caller)
    assert UUID(told["event_id"])
    assert all(isinstance(told[name], int) for name in COUNTERS)


@calls("replay_webhook_event")
def _(caller: Caller) -> None:
    id = new_event(caller)["event_id"]
    told = caller.client.replay_webhook_event(id, owner_agent=caller.address)
    assert (told["event_id"], bool(told["replayed_at"])) == (id, True)
    assert all(isinstance(told[name], int) for name in COUNTERS)


@calls("mcp_initialize")
def _(caller: Caller) -> None:
    assert isinstance(caller.client.mcp_initialize()["protocolVersion"], str)


@calls("mcp_list_tools")
def _(caller: Caller) -> None:
    tools = caller.client.mcp_list_tools()["tools"]
    assert "axme.check_nick" in [tool["name"] for tool in tools]
    assert all(isinstance(tool["inputSchema"], dict) for tool in tools)


@calls("mcp_call_tool")
def _(caller: Caller) -> None:
    caller.client.mcp_list_tools()
    told = caller.client.mcp_call_tool(
        "axme.check_nick", arguments={"nick": f"@Ann.{caller.name}"}, owner_agent=caller.address
    )
    assert told["tool"] == "axme.check_nick"
    assert isinstance(told["status"], str)
