"""The client itself, intents, and scenarios."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from tests.sdk.caller import HERE, Caller, calls, connect


def bundle(caller: Caller) -> dict[str, Any]:
    """Return a scenario of one agent and one person."""
    return {
        "scenario_id": "refund.demo.v1",
        "agents": [{"role": "clerk", "address": caller.name, "create_if_missing": True}],
        "humans": [{"role": "boss", "display_name": "Bob"}],
        "workflow": {
            "steps": [
                {"step_id": "check", "tool_id": "tool.agent.task.v1", "assigned_to": "clerk"},
                {"step_id": "approve", "assigned_to": "boss", "requires_approval": True},
            ]
        },
        "intent": {"type": "intent.refund.v1", "payload": {"amount": 120}},
    }


@calls("close")
def _(caller: Caller) -> None:
    client = connect(caller.server)
    client.close()
    assert client._http.is_closed


@calls("health")
def _(caller: Caller) -> None:
    assert caller.client.health()["ok"] is True


@calls("get_capabilities")
def _(caller: Caller) -> None:
    told = caller.client.get_capabilities()
    assert all(len(name) >= 3 for name in told["capabilities"])
    assert told["supported_intent_types"]


@calls("create_intent")
def _(caller: Caller) -> None:
    given = {"intent_type": "intent.sum.v1", "to_agent": caller.address, "payload": {"n": 1}}
    created = caller.client.create_intent(given, correlation_id=str(uuid4()))
    assert (created["ok"], created["status"]) == (True, "DELIVERED")
    assert UUID(created["intent_id"])
    assert datetime.fromisoformat(created["created_at"]).tzinfo


@calls("send_intent")
def _(caller: Caller) -> None:
    given = {"intent_type": "intent.sum.v1", "to_agent": caller.address, "payload": {"n": 1}}
    first = caller.client.send_intent(given, idempotency_key=caller.name)
    assert caller.client.send_intent(given, idempotency_key=caller.name) == first


@calls("get_intent")
def _(caller: Caller) -> None:
    told = caller.client.get_intent(caller.send())
    assert (told["status"], told["intent"]["status"]) == ("pending_action", "DELIVERED")
    assert told["payload"] == told["intent"]["payload"] == {"n": 1}


@calls("list_intent_events")
def _(caller: Caller) -> None:
    intent_id = caller.send()
    told = caller.client.list_intent_events(intent_id)["events"]
    names = [event["event_type"] for event in told]
    assert names == ["intent.created", "intent.submitted", "intent.delivered"]
    later = caller.client.list_intent_events(intent_id, since=told[0]["seq"])["events"]
    assert later == told[1:]


@calls("resolve_intent")
def _(caller: Caller) -> None:
    given = {"status": "COMPLETED", "result": {"total": 42}}
    told = caller.client.resolve_intent(caller.send(), given, owner_agent=caller.address)
    assert told["event"]["event_type"] == "intent.completed"
    assert told["completion_delivery"]["delivered"] is False


@calls("resume_intent")
def _(caller: Caller) -> None:
    given = {"action": "complete", "total": 42}
    told = caller.client.resume_intent(caller.send(), given, owner_agent=caller.address)
    assert (told["applied"], told["intent"]["status"]) == (True, "COMPLETED")
    assert told["intent"]["result"] == {"total": 42}


@calls("update_intent_controls")
def _(caller: Caller) -> None:
    intent_id = caller.send()
    given = {"controls_patch": {"timeout_seconds": 30}, "expected_policy_generation": 0}
    assert caller.client.update_intent_controls(intent_id, given)["policy_generation"] == 1
    assert caller.client.update_intent_controls(intent_id, given)["applied"] is False


@calls("update_intent_policy")
def _(caller: Caller) -> None:
    given = {"grants_patch": {f"delegate:{HERE}/worker": {"allow": ["resume"]}}}
    told = caller.client.update_intent_policy(caller.send(), given)
    assert (told["applied"], told["policy_generation"]) == (True, 1)


@calls("observe")
def _(caller: Caller) -> None:
    intent_id = caller.send()
    caller.client.resolve_intent(intent_id, {"status": "FAILED", "error": {"code": "broken"}})
    seen = [event["event_type"] for event in caller.client.observe(intent_id)]
    assert (seen[0], seen[-1]) == ("intent.created", "intent.failed")


@calls("wait_for")
def _(caller: Caller) -> None:
    intent_id = caller.send()
    caller.client.resolve_intent(intent_id, {"status": "CANCELED", "reason": "No need"})
    assert caller.client.wait_for(intent_id)["status"] == "CANCELED"


@calls("listen")
def _(caller: Caller) -> None:
    intent_id = caller.send()
    delivery = next(caller.client.listen(caller.address))
    assert (delivery["intent_id"], delivery["status"]) == (intent_id, "DELIVERED")


@calls("validate_scenario")
def _(caller: Caller) -> None:
    assert caller.client.validate_scenario(bundle(caller))["errors"] == []
    bad = caller.client.validate_scenario({**bundle(caller), "workflow": {"steps": []}})
    assert bad["valid"] is False
    assert "workflow.steps" in bad["errors"][0]


@calls("apply_scenario")
def _(caller: Caller) -> None:
    told = caller.client.apply_scenario(bundle(caller), idempotency_key=caller.name)
    again = caller.client.apply_scenario(bundle(caller), idempotency_key=caller.name)
    assert (again["intent_id"], again["idempotent"]) == (told["intent_id"], True)
    assert told["status"] in {"DELIVERED", "IN_PROGRESS", "WAITING"}
    assert [agent["address"] for agent in told["agents_provisioned"]] == [caller.address]
    assert told["compile_id"]
