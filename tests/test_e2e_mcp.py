"""A coding agent asks and waits, a person signs a terminal in: with a real server and browser."""

import re
from uuid import uuid4

import httpx
import pytest
from axme import AxmeClient, AxmeClientConfig
from axme_sdk.exceptions import AxmeAuthError, AxmeHttpError, AxmeValidationError
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.stage import open_request, question
from tests.waiting import until

SUBJECT = "sign-in code"


@pytest.mark.e2e
def test_a_coding_agent_asks_a_person_decides_and_the_agent_is_told(server, run, open_page):
    title = f"Drop the orders {uuid4().hex[:6]}?"
    agent = run(server, "code", title, key="worker")
    asked = agent.told("asked")["asked"]
    assert agent.told("agreed")["agreed"] == "2024-11-05"

    bob = open_page("bob")
    open_request(bob, title, place="/open")
    expect(bob.get_by_role("cell", name="DROP TABLE orders")).to_be_visible()
    assert bob.url.split("?")[0] == asked["review_url"]
    bob.get_by_label("Comment").fill("There is a backup.")
    bob.get_by_role("button", name="Approve").click()

    answered = agent.told("answered")["answered"]
    assert (answered["approved"], answered["comment"]) == (True, "There is a backup.")
    assert answered["decided_by"] == "bob@example.com"


@pytest.fixture
def client(server):
    """The real client, with the key of a workspace or of a login, and with a person's token."""
    opened = []

    def connect(key="", token=""):
        config = AxmeClientConfig(
            base_url=server.url, api_key=key or server.keys["here"], actor_token=token or None
        )
        opened.append(AxmeClient(config))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


class Cli:
    """Makes the calls that the protocol's CLI makes, in its order, and keeps what it keeps."""

    def __init__(self, server):
        self.server, self.kept = server, {}

    def request(self, method, path, body=None, **query):
        kept = {"x-api-key": self.kept.get("api_key"), "x-axme-client": "axme-cli/test"}
        if token := self.kept.get("account_session_token"):
            kept["authorization"] = f"Bearer {token}"
        headers = {"accept": "application/json"} | {k: v for k, v in kept.items() if v}
        with httpx.Client(base_url=self.server.url, trust_env=False, timeout=25) as http:
            return http.request(method, path, json=body, params=query, headers=headers)

    def get(self, path, **query):
        return self.request("GET", path, **query)

    def post(self, path, body=None):
        return self.request("POST", path, body)

    def login(self, email):
        """`axme login`: the address, the code from the mailbox, and the context."""
        seen = {mail.path for mail in self.server.mails(SUBJECT, to=email)}
        asked = self.post("/v1/auth/login-intent", {"email": email}).json()

        def fresh():
            return [m for m in self.server.mails(SUBJECT, to=email) if m.path not in seen]

        (mail,) = until(fresh, what="The mail with the code")
        code = re.findall(r"^\d{6}$", mail.text, re.MULTILINE)[0]
        path = f"/v1/auth/login-intent/{asked['intent_id']}/verify"
        self.kept = self.post(path, {"code": code}).json()
        return self.get("/v1/portal/personal/context").json()


def test_a_person_signs_in_by_mail_answers_a_task_and_signs_out(server, client):
    cli = Cli(server)
    title = f"Refund {uuid4().hex[:6]}?"
    with server.api() as api:
        intent_id = api.post("/v1/intents", json=question(title)).json()["intent_id"]

    context = cli.login("bob@example.com")
    tasks = cli.get("/v1/me/tasks").json()["tasks"]
    resume = {"task_result": {"outcome": "approved", "comment": "Seen."}}
    answered = cli.post(f"/v1/intents/{intent_id}/resume", resume)

    assert context["account"]["email"] == "bob@example.com"
    assert title in [task["human_task"]["title"] for task in tasks]
    assert answered.json()["intent"]["result"]["decided_by"] == "bob@example.com"

    token, key = cli.kept["account_session_token"], cli.kept["api_key"]
    assert client(key, token).mcp_call_tool("axme.list_tasks")["ok"] is True
    sessions = cli.get("/v1/auth/sessions", include_revoked="false").json()["sessions"]
    (current,) = [each for each in sessions if each["is_current"]]
    body = {"session_id": current["session_id"]}
    assert cli.post("/v1/auth/sessions/revoke", body).json()["revoked"] is True

    refused = cli.get("/v1/me/tasks")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_actor_token")
    with pytest.raises(AxmeAuthError):
        client(key).get_intent(intent_id)
    with pytest.raises(AxmeAuthError):
        client(key, token).mcp_list_tools()


@pytest.mark.e2e
def test_a_person_signs_a_terminal_in_at_the_desk(server, open_page):
    cli = Cli(server)
    grant = cli.post("/v1/auth/cli-grants").json()
    page = open_page()

    page.goto(f"{grant['approval_url']}&grant={grant['grant_id']}")
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign a terminal in?")).to_be_visible()
    expect(page.get_by_text(grant["user_code"])).to_be_visible()
    expect(page.get_by_text("axme-cli/test")).to_be_visible()
    poll = f"/v1/auth/cli-grants/{grant['grant_id']}"
    assert cli.get(poll).json()["state"] == "pending"

    page.get_by_role("button", name="It is mine, sign it in").click()
    expect(page.get_by_role("heading", name="The terminal is signed in as you")).to_be_visible()

    cli.kept = cli.get(poll).json()
    assert cli.kept["state"] == "approved"
    context = cli.get("/v1/portal/personal/context").json()
    assert context["account"]["email"] == "bob@example.com"
    assert cli.get("/v1/me/tasks").status_code == 200


def test_the_clients_own_words_for_what_goes_wrong(client):
    with pytest.raises(AxmeAuthError):
        client("axme_sa_00000000_nothing").mcp_initialize()
    with pytest.raises(AxmeValidationError):
        client().mcp_call_tool("axme.nonsense")
    with pytest.raises(AxmeValidationError):
        client().mcp_call_tool("axme.check_nick", arguments={"nick": "no at"})
    knowing = client()
    knowing.mcp_list_tools()
    with pytest.raises(ValueError, match="missing required MCP tool arguments"):
        knowing.mcp_call_tool("axme.request_approval", arguments={})
    with pytest.raises(AxmeHttpError) as refused:
        client()._mcp_request(
            payload={"jsonrpc": "2.0", "id": "1", "method": "nope"}, trace_id=None, retryable=False
        )
    assert refused.value.body["code"] == -32601
    result = knowing.mcp_call_tool(
        "axme.check_nick", arguments={"nick": "@dora"}, owner_agent="agent://dora",
        idempotency_key="k",
    )  # fmt: skip
    assert (result["tool"], result["owner_agent"]) == ("axme.check_nick", "agent://dora")
