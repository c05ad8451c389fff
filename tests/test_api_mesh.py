"""Heartbeats, health, spend, kill and resume, limits and events over the API."""

from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.models import Agent
from governance.models import AgentRules, MeshEvent, Usage
from intents.models import Intent
from tests.calling import agent_api, counts, refusal, workspace_api
from tests.factories import HERE, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
MESH = "/v1/mesh/agents"
BEAT = "/v1/mesh/heartbeat"
METRICS = {"intents_total": 3, "intents_succeeded": 2, "intents_failed": 1,
           "avg_latency_ms": 12.5, "cost_usd": 0.25, "llm_calls": 4}  # fmt: skip


@pytest.fixture
def mine(people):
    return agent_api(people.here, "desk")


@pytest.fixture
def desk(people):
    return ensure_agent(people.here, "desk")


def listed(api, **params):
    return api.get(MESH, params=params).json()


def test_a_heartbeat_makes_an_agent_healthy_and_its_cost_adds_up(api, mine, desk):
    (before,) = listed(api)["agents"]
    assert (before["health_status"], before["metrics"]) == ("unknown", {})
    assert (before["address"], before["address_id"]) == (f"{HERE}/desk", str(desk.id))

    for _ in range(2):
        told = mine.post(BEAT, {"metrics": METRICS}).json()
    mine.call("POST", BEAT, headers={"content-type": "application/json"})

    assert (told["status"], told["health_status"]) == ("healthy", "healthy")
    (after,) = listed(api)["agents"]
    assert after["health_status"] == "healthy"
    assert after["metrics"] == METRICS
    assert after["cost_period"] == 0.5
    assert after["last_heartbeat_at"]


def test_health_is_filtered_and_counted(people, api):
    now = timezone.now()
    ages = {"fresh": 5, "slow": 100, "lost": 1000, "never": None}
    for name, age in ages.items():
        agent = ensure_agent(people.here, name)
        heard = None if age is None else now - timedelta(seconds=age)
        Agent.objects.filter(id=agent.id).update(last_heartbeat_at=heard)
    api.post(f"{MESH}/{ensure_agent(people.here, 'dead').id}/kill")

    told = listed(api)
    assert told["summary"] == {
        "total": 5, "healthy": 1, "degraded": 1, "unreachable": 1, "killed": 1, "unknown": 1,
    }  # fmt: skip
    for name, word in zip(ages, ("healthy", "degraded", "unreachable", "unknown"), strict=True):
        found = listed(api, health=word)
        assert [a["display_name"] for a in found["agents"]] == [name]
        assert found["summary"] == told["summary"]
    assert len(listed(api, limit=2)["agents"]) == 2


@pytest.mark.parametrize("params", [{"health": "fine"}, {"window": "year"}, {"limit": "x"}])
def test_a_list_of_no_known_kind_is_refused(api, params):
    assert refusal(api.get(MESH, params=params))[0] == 422


def test_the_window_says_how_far_back_is_counted(people, api, desk):
    make_intent(people.here)
    Usage.objects.create(agent=desk, hour_at=timezone.now() - timedelta(days=3), intents=5)

    seen = [listed(api, window=w)["agents"][0]["intents_period"] for w in ("day", "week", "month")]
    assert seen == [1, 6, 6]


@pytest.mark.parametrize(
    "spelled",
    ["{id}", "agent://myorg/production/desk", "agent:/myorg/production/desk", "desk",
     quote("agent://myorg/production/desk", safe="")],
)  # fmt: skip
def test_an_agent_is_killed_and_resumed_in_any_spelling(api, desk, spelled):
    path = f"{MESH}/{spelled.format(id=desk.id)}"

    killed = api.call("POST", f"{path}/kill", headers={"content-type": "application/json"}).json()

    assert (killed["ok"], killed["status"]) == (True, "killed")
    assert api.post(f"{path}/resume").json()["status"] == "active"


def test_a_killed_agent_neither_sends_nor_is_sent_to_until_resumed(api, mine, desk):
    path = f"{MESH}/{desk.id}"
    send = {"intent_type": "a.b", "to_agent": "desk"}

    api.post(f"{path}/kill")

    assert refusal(api.post("/v1/intents", send))[:2] == (403, "agent_killed")
    assert refusal(mine.post("/v1/intents", {"intent_type": "a.b"}))[:2] == (403, "agent_killed")
    beat = mine.post(BEAT).json()
    assert (beat["status"], beat["health_status"]) == ("killed", "killed")
    assert listed(api, health="killed")["agents"][0]["address"] == f"{HERE}/desk"
    frames = mine.stream(f"/v1/agents/{HERE}/desk/intents/stream?wait_seconds=1")
    assert [frame.event for frame in frames] == ["stream.timeout"]

    assert api.post(f"{path}/resume").json()["status"] == "active"
    assert api.post("/v1/intents", send).status_code == 200
    told = api.get("/v1/mesh/events").json()["events"]
    assert [e["event_type"] for e in told] == ["agent.resumed", "agent.killed"]
    assert {e["actor_id"] for e in told} == {"key:ci"}
    only = api.get("/v1/mesh/events", params={"event_type": "agent.killed", "limit": 1}).json()
    assert [e["event_type"] for e in only["events"]] == ["agent.killed"]


def test_a_killed_agent_ends_no_intent_over_the_api(people, api, mine, desk):
    intent = make_intent(people.here)
    api.post(f"{MESH}/desk/kill")

    for way, body in (("resolve", {"status": "COMPLETED"}), ("resume", {"note": "x"})):
        answer = mine.post(f"/v1/intents/{intent.id}/{way}", body)
        assert refusal(answer)[:2] == (403, "agent_killed")
    assert api.get(f"/v1/intents/{intent.id}").json()["intent"]["status"] == "DELIVERED"


def test_a_cost_policy_blocks_with_a_short_pause(api, desk):
    path = f"{MESH}/agent://myorg/production/desk/policies/cost"
    given = {"max_intents_per_day": 100, "max_intents_per_hour": 1, "max_cost_per_day_usd": 5.5}

    put = api.call("PUT", path, json=given).json()["policy"]

    assert put == api.get(path).json()["policy"]
    assert {k: put[k] for k in given} == given
    assert put["action_on_breach"] == "block"
    send = {"intent_type": "a.b", "to_agent": "desk"}
    assert api.post("/v1/intents", send).status_code == 200
    refused = api.post("/v1/intents", send)
    assert refusal(refused)[:2] == (429, "policy_limit_exceeded")
    assert int(refused.headers["retry-after"]) <= 2
    one = api.get(f"{MESH}/desk").json()
    assert [e["event_type"] for e in one["events"]] == ["policy.breached", "policy.changed"]
    assert one["policies"]["cost"] == put
    assert one["agent"]["intents_period"] == 1
    assert api.call("PUT", path, json={}).json()["policy"]["max_intents_per_hour"] is None
    assert api.post("/v1/intents", send).status_code == 200


def test_an_action_policy_names_types(api, desk):
    path = f"{MESH}/{desk.id}/policies/action"
    put = api.call("PUT", path, json={"allowed_intent_types": ["a.*"], "deny": ["a.x"]}).json()

    assert api.get(path).json() == put
    assert (put["policy"]["allow"], put["policy"]["deny"]) == (["a.*"], ["a.x"])
    sent = [
        api.post("/v1/intents", {"intent_type": t, "to_agent": "desk"}) for t in ("a.b", "a.x", "b")
    ]
    assert [answer.status_code for answer in sent] == [200, 403, 403]
    assert refusal(sent[1])[1] == "policy_denied"


@pytest.mark.parametrize(
    ("method", "path", "bodies"),
    [
        ("POST", BEAT, [{"metrics": m} for m in (
            5, [], "x", {"cost_usd": -1}, {"cost_usd": "much"}, {"cost_usd": 10**9}, {"intents_total": -1},
            {"intents_total": 10**40}, {"avg_latency_ms": 1e300}, {"x": "y" * 5000})] + [[], "x"]),
        ("PUT", f"{MESH}/desk/policies/cost", [
            {"max_intents_per_day": -1}, {"max_intents_per_hour": 1.5}, {"max_cost_per_day_usd": "x"},
            {"max_cost_per_day_usd": 10**30}, {"max_intents_per_day": 10**30}, {"action_on_breach": "explode"}, [], 5]),
        ("PUT", f"{MESH}/desk/policies/action", [
            {"allow": "x"}, {"allow": [""]}, {"deny": ["a*b"]}, {"deny": [5]}, {"allow": ["x"] * 101}, {"allow": ["x" * 256]}]),
        ("POST", f"{MESH}/desk/kill", [{"reason": 5}, {"reason": "x" * 2001}, []]),
    ],
    ids=["heartbeat", "cost", "action", "kill"],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_written(api, mine, desk, method, path, bodies):
    before = counts(Usage, AgentRules, MeshEvent), Agent.objects.values().get()

    for body in bodies:
        caller = mine if path == BEAT else api
        assert refusal(caller.call(method, path, json=body))[0] == 422, body
    assert (counts(Usage, AgentRules, MeshEvent), Agent.objects.values().get()) == before


def test_a_workspace_key_beats_for_the_agent_it_names(api, desk):
    assert refusal(api.post(BEAT))[:2] == (422, "agent_required")
    for given in ({"headers": {"x-owner-agent": "desk"}}, {"params": {"owner_agent": "desk"}},
                  {"json": {"agent": f"{HERE}/desk"}}):  # fmt: skip
        assert api.call("POST", BEAT, **given).json()["address"] == f"{HERE}/desk"
    nobody = api.post(BEAT, headers={"x-owner-agent": "nobody"})
    assert refusal(nobody)[:2] == (404, "agent_not_found")


def test_an_agent_beats_for_itself_only(people, mine):
    ensure_agent(people.here, "other")
    answer = mine.post(BEAT, headers={"x-owner-agent": "other"})

    assert refusal(answer)[:2] == (403, "invalid_actor_scope")


def calls_on(agent):
    one = f"{MESH}/{agent.id}"
    return [
        ("GET", one), ("POST", f"{one}/kill"), ("POST", f"{one}/resume"),
        ("GET", f"{one}/policies/cost"), ("PUT", f"{one}/policies/cost"),
        ("GET", f"{one}/policies/action"), ("PUT", f"{one}/policies/action"),
    ]  # fmt: skip


def test_another_workspaces_agent_does_not_exist(people, api, desk):
    theirs = [workspace_api(people.elsewhere), agent_api(people.elsewhere, "desk")]
    MeshEvent.objects.all().delete()

    for caller in theirs:
        for method, path in calls_on(desk):
            given = {} if method == "GET" else {"json": {}}
            assert refusal(caller.call(method, path, **given))[:2] == (404, "agent_not_found")
    assert [a["address"] for a in listed(theirs[0])["agents"]] == ["agent://other/place/desk"]
    assert theirs[0].get("/v1/mesh/events").json()["events"] == []
    assert refusal(api.get(f"{MESH}/{uuid4()}"))[:2] == (404, "agent_not_found")


def test_an_agents_key_sees_and_steers_nobody(people, mine, desk):
    for method, path in [*calls_on(desk), ("GET", MESH), ("GET", "/v1/mesh/events")]:
        given = {} if method == "GET" else {"json": {}}
        told = refusal(mine.call(method, path, **given))
        assert told[:2] == (403, "invalid_actor_scope"), (method, path)
    assert Agent.objects.get(id=desk.id).killed_at is None
    assert not Intent.objects.exists()
