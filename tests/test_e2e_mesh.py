"""Agents and the mesh with the real client, and the kill switch across two server processes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest
from axme import AxmeClient, AxmeClientConfig
from axme_sdk.exceptions import AxmeAuthError, AxmeRateLimitError, AxmeValidationError
from playwright.sync_api import expect

from tests.server import REDIS_URL
from tests.waiting import until

HERE = "agent://myorg/production"


@contextmanager
def client(server, key):
    with AxmeClient(AxmeClientConfig(base_url=server.url, api_key=key)) as opened:
        yield opened


@pytest.fixture
def ops(server):
    with client(server, server.keys["here"]) as opened:
        yield opened


@pytest.fixture
def name():
    return f"bot-{uuid4().hex[:8]}"


def work(to, **more):
    return {"intent_type": "intent.sum.v1", "to_agent": to, "payload": {}, **more}


def register(ops, name):
    """Register an agent and give it a key, as the client's callers do."""
    account = ops.create_service_account({"name": name, "org_id": "myorg"}, idempotency_key=name)
    id = account["service_account"]["service_account_id"]
    key = ops.create_service_account_key(id, {"created_by_actor_id": "me"}, idempotency_key=name)
    return id, key["key"]


def test_an_agent_is_registered_found_keyed_and_works(server, ops, name):
    id, key = register(ops, name)
    address = f"{HERE}/{name}"

    mine = ops.get_service_account(id)["service_account"]
    org, space = mine["org_id"], mine["workspace_id"]
    assert mine in ops.list_service_accounts(org_id=org, workspace_id=space)["service_accounts"]
    listed = ops.list_agents(org_id=org, workspace_id=space, limit=500)["agents"]
    assert ops.get_agent(address)["agent"].items() >= listed[-1].items()
    assert register(ops, name) == (id, key)

    with client(server, key["token"]) as bot:
        sent = ops.send_intent(work(address))
        got = next(iter(bot.listen(address, wait_seconds=5, timeout_seconds=20)))
        assert got["intent_id"] == sent
        bot.resume_intent(sent, {"action": "complete", "result": {"ok": True}})
    assert ops.wait_for(sent, timeout_seconds=20)["event_type"] == "intent.completed"

    ended = ops.revoke_service_account_key(id, key["key_id"])["key"]
    assert ended["status"] == "revoked"
    with client(server, key["token"]) as bot, pytest.raises(AxmeAuthError):
        bot.send_intent(work("human"))
    with pytest.raises(AxmeValidationError):
        ops.create_service_account({"name": name})


def test_the_mesh_hears_kills_and_resumes_an_agent(server, ops, name):
    id, key = register(ops, name)
    address = f"{HERE}/{name}"
    with client(server, key["token"]) as bot:
        bot.mesh.report_metric(success=True, latency_ms=10, cost_usd=0.5)
        bot.mesh.report_metric(success=False, cost_usd=0.25)
        bot.mesh.start_heartbeat(interval_seconds=0.05)
        until(lambda: ops.mesh.get_agent(id)["agent"]["cost_period"] == 0.75, what="The cost")
        bot.mesh.stop_heartbeat()
        assert bot.mesh.heartbeat(metrics={"cost_usd": 0.25})["status"] == "healthy"

        told = ops.mesh.get_agent(address)
        assert (told["agent"]["health_status"], told["agent"]["cost_period"]) == ("healthy", 1.0)
        healthy = ops.mesh.list_agents(limit=500, health="healthy")
        assert address in [agent["address"] for agent in healthy["agents"]]
        assert healthy["summary"]["healthy"] >= 1

        assert ops.mesh.kill(address)["status"] == "killed"
        assert bot.mesh.heartbeat()["health_status"] == "killed"
        for sender, to in ((ops, address), (bot, "human")):
            with pytest.raises(AxmeAuthError) as refused:
                sender.send_intent(work(to))
            assert refused.value.body["error"]["code"] == "agent_killed"

        assert ops.mesh.resume(id)["status"] == "active"
        assert bot.send_intent(work("human"))
    events = ops.mesh.list_events(limit=500, event_type="agent.killed")["events"]
    assert address in [event["address"] for event in events]


def test_a_spent_limit_is_a_rate_limit_to_the_client_and_does_not_hold_it_up(server, ops, name):
    id, _ = register(ops, name)
    with server.api() as api:
        api.put(f"/v1/mesh/agents/{id}/policies/cost", json={"max_intents_per_hour": 0})

    with pytest.raises(AxmeRateLimitError) as refused:
        ops.send_intent(work(f"{HERE}/{name}"))
    assert refused.value.retry_after <= 2


@pytest.mark.e2e
def test_ann_switches_an_agent_off_and_bobs_open_page_shows_it(server, ops, open_page, name):
    id, _ = register(ops, name)
    ann, bob = open_page("ann"), open_page("bob")
    for page in (ann, bob):
        page.goto("/agents")
    assert bob.get_by_role("link", name="Switch off").count() == 0

    press = ann.get_by_role("link", name=f"Switch off {name}")
    press.click()
    expect(ann.get_by_label("Reason")).to_be_focused()
    ann.get_by_role("link", name="Keep it on").click()
    expect(press).to_be_focused()
    expect(ann.get_by_text(f"Switch off {name}?")).to_have_count(0)
    press.click()
    expect(ann.get_by_label("Reason")).to_be_focused()
    ann.keyboard.press("Escape")
    expect(press).to_be_focused()
    expect(ann.get_by_text(f"Switch off {name}?")).to_have_count(0)
    assert ops.mesh.get_agent(id)["agent"]["health_status"] == "unknown"

    press.click()
    ann.get_by_label("Reason").fill("It loops")
    ann.get_by_role("button", name="Switch off now").click()

    expect(ann.get_by_text(f"{name} is switched off.")).to_be_visible()
    expect(bob.locator(f"#state-{id}")).to_have_text("Switched off by Ann", timeout=15_000)
    assert ops.mesh.get_agent(id)["events"][0]["details"] == {"reason": "It loops"}


@pytest.mark.skipif(not REDIS_URL, reason="needs REDIS_URL: a laptop has one process only")
def test_after_a_kill_has_answered_no_create_passes_in_either_process(server, ops, name):
    id, key = register(ops, name)
    address, over = f"{HERE}/{name}", threading.Event()
    committed = (
        f"SELECT count(*) FROM intents_intent WHERE '{address}' IN (from_address, to_address)"
    )

    def hammer(url, key, to):
        """Create as fast as answers come; return when each began and what it was told."""
        with server.api(key, at=url) as api:
            seen = []
            while not over.is_set():
                began = time.monotonic()
                seen.append((began, api.post("/v1/intents", json=work(to)).status_code))
        return seen

    server.keys[name] = key["token"]
    with server.second_door() as other, ThreadPoolExecutor(8) as threads:
        ways = [(server.url, other), ("here", name)]
        runs = [
            threads.submit(hammer, url, who, address if who == "here" else "agent://x/y")
            for url in ways[0]
            for who in ways[1]
            for _ in range(2)
        ]
        until(lambda: server.query(committed)[0][0] > 200, what="A storm of creates")

        with server.api() as api:
            killed = api.post(f"/v1/mesh/agents/{id}/kill")
        answered, at_kill = time.monotonic(), server.query(committed)[0][0]
        time_left = time.monotonic() + 1.5
        until(lambda: time.monotonic() > time_left, what="Some more creates")
        over.set()
        seen = [each for run in runs for each in run.result()]

    assert killed.json()["status"] == "killed"
    late = [status for began, status in seen if began > answered]
    assert len(late) > 50
    assert set(late) == {403}
    assert {status for _, status in seen} == {200, 403}
    assert server.query(committed)[0][0] == at_kill == sum(s == 200 for _, s in seen)
