"""The Model Context Protocol: its messages, its tools, and who may use which."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actions import revoke_key
from accounts.models import ApiKey, Membership
from approvals.actions import decide
from approvals.models import Decision, Gate
from events import streams
from intents.models import Intent
from tests.calling import Api, counts
from tests.factories import answer, make_gate, make_intent, make_person, make_token
from tests.signing_in import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Tools:
    """A coding agent's client: one credential, in the bearer slot as they send it."""

    token: str

    def rpc(self, method: str, params: Any = None) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        told = Api().post("/mcp", body, headers=headers)
        assert told.status_code == 200, told.text
        return told.json()

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        told = self.rpc("tools/call", {"name": f"axme.{name}", "arguments": arguments})
        assert "result" in told, told
        return told["result"]

    def error(self, name: str, **arguments: Any) -> tuple[int, str]:
        told = self.rpc("tools/call", {"name": f"axme.{name}", "arguments": arguments})
        return told["error"]["code"], told["error"]["message"]


@pytest.fixture
def agent(people):
    return Tools(make_token(people.here, agent="coder"))


@pytest.fixture
def workspace_key(people):
    return Tools(make_token(people.here))


def person(user):
    return Tools(signed_in(user)["account_session_token"])


def refused(result):
    """Return the code of a refusal, which is a result that a model can read."""
    assert result["isError"] is True
    assert result["ok"] is False
    assert result["status"] == "refused"
    return result["structuredContent"]["code"]


# Messages


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25"),
     (None, "2025-11-25"), (7, "2025-11-25")],
)  # fmt: skip
def test_the_first_message_agrees_on_a_version(agent, asked, agreed):
    result = agent.rpc("initialize", {"protocolVersion": asked, "capabilities": {}})["result"]

    assert result["protocolVersion"] == agreed
    assert result["capabilities"] == {"tools": {"listChanged": False}}
    assert result["serverInfo"]["name"] == "assent"


def test_a_ping_is_answered_with_nothing(agent):
    assert agent.rpc("ping") == {"jsonrpc": "2.0", "id": 1, "result": {}}


@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "x"])
def test_a_notification_is_taken_without_an_answer(people, method):
    told = Api().post("/mcp", {"jsonrpc": "2.0", "method": method})

    assert (told.status_code, told.content) == (202, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_only_posting(people, method):
    told = Api().call(method, "/mcp")

    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert told.json()["error"]["code"] == "method_not_allowed"


DEEP = b'{"a":' * 70 + b"1" + b"}" * 70


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", -32700), (b"\xff", -32700), (b"NaN", -32700), (b'{"id": 1e999}', -32700),
        (b"", -32600), (b"{}", -32600), (b"[]", -32600), (b"7", -32600), (b"null", -32600),
        (b'"x"', -32600), (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":"' + b"x" * 2000 + b'","method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping\\u0000"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 140_000 + b'"}', -32600),
        (DEEP, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"nonsense"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"__class__"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{}}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}}', -32602),
    ],
    ids=lambda value: f"{value[:24]}{value[-40:]}" if isinstance(value, bytes) else "",
)  # fmt: skip
def test_a_malformed_message_is_refused_by_its_code(agent, raw, code):
    headers = {"authorization": f"Bearer {agent.token}"}

    told = Api().call("POST", "/mcp", content=raw, headers=headers)

    assert told.status_code == 200
    body = told.json()
    assert (body["jsonrpc"], body["error"]["code"]) == ("2.0", code)
    assert body["error"]["message"]
    assert set(body) == {"jsonrpc", "id", "error"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"mcp-protocol-version": "2031-01-01"}, 400), ({"origin": "https://evil.example"}, 403)],
)
def test_an_unknown_version_or_a_foreign_page_is_refused(agent, headers, status):
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

    told = Api().post("/mcp", body, headers=headers)

    assert told.status_code == status
    assert told.json()["error"]["code"] == -32600


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "axme_session_00_00"])
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
def test_without_a_credential_that_holds_nothing_is_said(people, token, method):
    told = Tools(token).rpc(method, {"name": "axme.check_nick", "arguments": {"nick": "@dora"}})

    assert told["error"]["code"] == -32001
    assert told["error"]["data"]["status"] == 401


def test_every_tool_describes_itself_and_takes_what_clients_add(agent):
    tools = agent.rpc("tools/list")["result"]["tools"]

    assert [tool["name"] for tool in tools] == [
        f"axme.{name}"
        for name in ("request_approval", "wait_for_approval", "get_intent", "list_tasks",
                     "decide_task", "check_nick")
    ]  # fmt: skip
    for tool in tools:
        schema = tool["inputSchema"]
        assert schema["type"] == "object"
        assert schema["properties"]["owner_agent"]["type"] == "string"
        assert schema["properties"]["idempotency_key"]["type"] == "string"
        assert "additionalProperties" not in schema
        assert len(tool["description"]) > 30


# Asking and waiting


def test_an_agent_asks_and_is_told_to_wait(people, agent):
    result = agent.call("request_approval", title="Drop the table?", payload={"table": "orders"})

    gate = Gate.objects.select_related("intent").get()
    data = result["structuredContent"]
    assert result["data"] == data
    assert (data["intent_id"], data["approval_id"]) == (str(gate.intent_id), str(gate.id))
    assert data["review_url"].endswith(f"/requests/{gate.id}")
    assert result["content"][0]["text"].startswith("A person is asked.")
    assert (gate.title, gate.intent.payload) == ("Drop the table?", {"table": "orders"})
    assert gate.intent.from_address == "agent://myorg/production/coder"
    waiting = agent.call("wait_for_approval", intent_id=data["intent_id"], wait_seconds=0)
    assert waiting["structuredContent"]["decided"] is False
    assert waiting["structuredContent"]["approved"] is False
    assert "again" in waiting["content"][0]["text"]


@pytest.mark.parametrize(("outcome", "is_approved"), [("approved", True), ("rejected", False)])
def test_the_answer_says_whether_to_go_on(people, agent, now, outcome, is_approved):
    intent_id = agent.call("request_approval", title="Deploy?")["data"]["intent_id"]
    gate = Gate.objects.select_related("intent").get(intent=intent_id)
    decide(answer(gate, people.bob, outcome, comment="Seen."), now=now)

    told = agent.call("wait_for_approval", intent_id=intent_id)

    data = told["structuredContent"]
    assert (data["decided"], data["approved"]) == (True, is_approved)
    assert (data["outcome"], data["comment"]) == (outcome, "Seen.")
    assert data["decided_by"] == "bob@example.com"
    assert told["isError"] is False
    assert agent.call("get_intent", intent_id=intent_id)["data"]["approval_id"] == str(gate.id)


def test_a_withdrawn_request_is_not_approved(people, agent, workspace_key):
    intent_id = agent.call("request_approval", title="Deploy?")["data"]["intent_id"]
    Api(agent.token).post(f"/v1/intents/{intent_id}/cancel")

    data = agent.call("wait_for_approval", intent_id=intent_id)["data"]

    assert (data["decided"], data["approved"], data["status"]) == (True, False, "CANCELED")


def test_work_that_asks_nobody_is_not_approved(people, workspace_key):
    intent = make_intent(people.here)

    data = workspace_key.call("wait_for_approval", intent_id=str(intent.id))["data"]

    assert (data["decided"], data["approved"]) == (False, False)


def test_the_same_idempotency_key_asks_once(people, agent):
    asked = {"title": "Deploy?", "idempotency_key": "k1"}

    first, again = agent.call("request_approval", **asked), agent.call("request_approval", **asked)
    other = agent.call("request_approval", title="Deploy more?", idempotency_key="k1")

    assert first["data"] == again["data"]
    assert refused(other) == "idempotency_conflict"
    assert Intent.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("request_approval", {}),
        ("request_approval", {"title": ""}),
        ("request_approval", {"title": 7}),
        ("request_approval", {"title": "x" * 256}),
        ("request_approval", {"title": "x", "payload": "y"}),
        ("request_approval", {"title": "x", "payload": {"n": 1}, "assignees": "bob"}),
        ("request_approval", {"title": "x", "expires_in_seconds": 10**30}),
        ("request_approval", {"title": "x", "idempotency_key": "k" * 256}),
        ("wait_for_approval", {}),
        ("wait_for_approval", {"intent_id": "x", "wait_seconds": 51}),
        ("wait_for_approval", {"intent_id": "x", "wait_seconds": -1}),
        ("wait_for_approval", {"intent_id": "x", "wait_seconds": "soon"}),
        ("get_intent", {"intent_id": 7}),
        ("get_intent", {"intent_id": "x" * 65}),
        ("decide_task", {"task_id": "x"}),
        ("check_nick", {}),
        ("check_nick", {"nick": "@do ra"}),
        ("check_nick", {"nick": "@x"}),
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_are_refused_and_write_nothing(people, agent, name, arguments):
    before = counts(Intent, Gate)

    assert agent.error(name, **arguments)[0] == -32602
    assert counts(Intent, Gate) == before


@pytest.mark.parametrize("arguments", [[], "x", 7, None])
def test_arguments_are_an_object(people, agent, arguments):
    told = agent.rpc("tools/call", {"name": "axme.check_nick", "arguments": arguments})

    assert told["error"]["code"] == -32602


def test_an_agent_key_asks_for_its_own_address_only(people, agent, workspace_key):
    code, _ = agent.error("request_approval", title="x", owner_agent="agent://other")
    result = workspace_key.call("request_approval", title="x", owner_agent="other")

    assert code == -32003
    assert result["owner_agent"] == "other"
    assert Gate.objects.get().asker == "agent://myorg/production/other"


@pytest.mark.parametrize("id", [str(uuid4()), "nonsense", "0"])
@pytest.mark.parametrize("name", ["wait_for_approval", "get_intent"])
def test_an_unknown_intent_is_not_found(people, agent, name, id):
    assert refused(agent.call(name, intent_id=id)) == "intent_not_found"


@pytest.mark.parametrize("name", ["wait_for_approval", "get_intent"])
def test_another_tenants_intent_does_not_exist(people, agent, name):
    theirs = make_intent(people.elsewhere)

    assert refused(agent.call(name, intent_id=str(theirs.id))) == "intent_not_found"


def test_an_agent_reads_no_intent_it_takes_no_part_in(people, agent):
    other = make_intent(people.here)

    result = agent.call("wait_for_approval", intent_id=str(other.id))

    assert refused(result) == "invalid_actor_scope"


def test_a_server_that_stops_lets_go_of_who_waits(people, agent, monkeypatch):
    intent_id = agent.call("request_approval", title="Deploy?")["data"]["intent_id"]
    monkeypatch.setattr(streams, "_is_draining", True)

    data = agent.call("wait_for_approval", intent_id=intent_id, wait_seconds=50)["data"]

    assert data["decided"] is False


def test_a_revoked_key_asks_nothing_even_while_it_is_remembered(people, agent, now):
    agent.call("request_approval", title="One?")
    ApiKey.objects.update(revoked_at=now)

    assert agent.error("request_approval", title="Two?")[0] == -32001
    assert Intent.objects.count() == 1


# Deciding


def test_a_person_sees_their_tasks_and_answers_one(people):
    gate, bob = make_gate(people.here), person(people.bob)

    (task,) = bob.call("list_tasks")["data"]["tasks"]
    result = bob.call(
        "decide_task", task_id=task["task_id"], outcome="approve", digest=task["digest"]
    )

    assert task["payload"] == {"amount": 120, "to": "Dora"}
    assert (result["ok"], result["data"]["outcome"]) == (True, "approved")
    decision = Decision.objects.get()
    assert (decision.gate_id, decision.person_id) == (gate.id, people.bob.pk)
    assert (decision.decider, decision.channel, decision.key) == ("bob@example.com", "mcp", None)
    again = bob.call("decide_task", intent_id=str(gate.intent_id), outcome="approved")
    assert again["data"] == result["data"]
    assert bob.call("list_tasks")["data"]["tasks"] == []


def test_a_person_is_shown_only_what_they_may_answer(people):
    make_gate(people.here, task={"assignees": ["ann@example.com"]})
    mine = make_gate(people.here, task={"assignees": ["bob@example.com"]})
    make_gate(people.elsewhere)

    tasks = person(people.bob).call("list_tasks")["data"]["tasks"]

    assert [task["task_id"] for task in tasks] == [str(mine.id)]


@pytest.mark.parametrize("arguments", [{}, {"agent": "coder"}], ids=["workspace key", "agent key"])
def test_no_key_lists_or_decides(people, arguments):
    gate, tools = make_gate(people.here), Tools(make_token(people.here, **arguments))

    for result in (
        tools.call("list_tasks"),
        tools.call("decide_task", task_id=str(gate.id), outcome="approve"),
    ):
        assert refused(result) == "not_allowed_to_decide"
        assert "Only a person's own sign-in" in result["content"][0]["text"]
    assert not Decision.objects.exists()


def test_the_key_of_a_login_reads_and_neither_asks_nor_decides(people):
    gate, key = make_gate(people.here), Tools(signed_in(people.bob)["api_key"])

    decided = key.call("decide_task", task_id=str(gate.id), outcome="approve")

    assert refused(decided) == "not_allowed_to_decide"
    assert key.error("request_approval", title="x")[0] == -32003
    assert key.call("get_intent", intent_id=str(gate.intent_id))["ok"]


def test_an_auditor_neither_asks_nor_decides(people):
    eve = make_person("Eve", people.here, role=Membership.Role.AUDITOR)
    gate, tools = make_gate(people.here), person(eve)

    decided = tools.call("decide_task", task_id=str(gate.id), outcome="approve")

    assert refused(decided) == "not_allowed_to_decide"
    assert tools.error("request_approval", title="x")[0] == -32003
    assert tools.call("get_intent", intent_id=str(gate.intent_id))["ok"]


@pytest.mark.parametrize(
    ("task", "given", "code"),
    [
        ({"required_comment": True}, {"outcome": "approve"}, "comment_required"),
        ({"evidence_required": True}, {"outcome": "approve"}, "evidence_required"),
        ({}, {"outcome": "maybe"}, "outcome_not_allowed"),
        ({}, {"outcome": "approve", "digest": "0" * 64}, "payload_changed"),
        ({}, {"outcome": "approve", "comment": "\ufffe" * 2000, "data": {"x": 1}}, None),
        ({"assignees": ["ann@example.com"]}, {"outcome": "approve"}, "not_allowed_to_decide"),
        (
            {"form_schema": {"type": "object", "required": ["n"]}},
            {"outcome": "approve"},
            "form_invalid",
        ),
    ],
    ids=str,
)
def test_what_a_rule_refuses_is_told_to_the_model(people, task, given, code):
    gate = make_gate(people.here, task=task)

    result = person(people.bob).call("decide_task", task_id=str(gate.id), **given)

    assert (refused(result) if code else result["ok"]) == (code or True)
    assert Decision.objects.count() == (0 if code else 1)


def test_the_second_answer_is_told_who_was_first(people, now):
    gate = make_gate(people.here)
    decide(answer(gate, people.ann), now=now)

    result = person(people.bob).call("decide_task", task_id=str(gate.id), outcome="reject")

    assert refused(result) == "already_decided"
    assert "Ann already answered" in result["content"][0]["text"]


@pytest.mark.parametrize("named", ["task_id", "intent_id"])
def test_another_tenants_task_does_not_exist(people, named):
    theirs = make_gate(people.elsewhere)
    id = theirs.id if named == "task_id" else theirs.intent_id

    result = person(people.bob).call("decide_task", outcome="approve", **{named: str(id)})

    assert refused(result) == "approval_not_found"


@pytest.mark.parametrize("id", ["", "nonsense", str(uuid4())])
def test_an_unknown_task_is_not_found(people, id):
    bob = person(people.bob)

    assert refused(bob.call("decide_task", task_id=id, outcome="approve")) == "approval_not_found"


def test_a_program_with_a_persons_token_does_not_answer_what_it_asked(people, now):
    bob = person(people.bob)
    asked = bob.call("request_approval", title="Deploy?", owner_agent="agent://somebody/else")

    task_id = asked["data"]["approval_id"]
    result = bob.call("decide_task", task_id=task_id, outcome="approve")

    assert refused(result) == "not_allowed_to_decide"
    assert "Answer it at the desk" in result["content"][0]["text"]
    gate = Gate.objects.select_related("intent").get()
    assert gate.asker == "bob@example.com"
    decide(answer(gate, people.bob), now=now)


def test_the_key_that_asked_does_not_answer_over_the_api_either(people, workspace_key):
    asked = workspace_key.call("request_approval", title="Deploy?")["data"]

    path = f"/v1/approvals/{asked['approval_id']}/decision"
    told = Api(workspace_key.token).post(path, {"decision": "approve"})

    assert told.status_code == 403
    assert not Decision.objects.exists()


# Nicknames


def test_a_nickname_is_free_until_somebody_has_it(people, agent):
    free, taken = (agent.call("check_nick", nick=nick) for nick in ("@Dora", "@CODER"))

    assert free["data"] == {
        "nick": "@Dora", "normalized_nick": "dora", "public_address": "dora@ax", "available": True,
    }  # fmt: skip
    assert taken["data"]["available"] is False
    assert isinstance(free["tool"], str)
    assert isinstance(free["status"], str)
    assert json.loads(free["content"][0]["text"].split("\n\n", 1)[1]) == free["data"]


def test_a_revoked_workspace_key_is_refused(people, workspace_key):
    key = ApiKey.objects.get()
    revoke_key(key, now=timezone.now())

    assert workspace_key.error("check_nick", nick="@dora")[0] == -32001
