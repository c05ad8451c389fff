"""Service accounts, their keys, agents by address, and who may send to them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest

from accounts.models import Agent, ApiKey
from accounts.sealing import unseal
from api.models import IdempotencyKey
from governance.models import AgentRules, MeshEvent, WorkspaceRules
from intents.models import Intent
from tests.calling import Api, agent_api, counts, refusal, workspace_api
from tests.factories import HERE

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = "/v1/service-accounts"
CALLBACK = "https://hooks.example.com/assent"


@pytest.fixture
def made(api):
    return api.post(ACCOUNTS, {"name": "analyzer", "display_name": "Analyzer"}).json()


@pytest.fixture
def one(made):
    return f"{ACCOUNTS}/{made['service_account_id']}"


def test_a_service_account_is_an_agent_with_its_address(people, api, made):
    told = made["service_account"]

    assert made["ok"] is True
    assert made["id"] == made["service_account_id"] == told["service_account_id"]
    assert made["address"] == told["address"] == told["agent_address"] == f"{HERE}/analyzer"
    assert (told["name"], told["display_name"]) == ("analyzer", "Analyzer")
    assert (told["status"], told["delivery_mode"]) == ("active", "stream")
    assert told["created_by_actor_id"] == "key:ci"
    assert told["org_id"] == str(people.here.org_id)
    listed = api.get(ACCOUNTS, params={"org_id": told["org_id"]}).json()["service_accounts"]
    assert listed == [told]
    assert api.get(f"{ACCOUNTS}/{told['service_account_id']}").json()["service_account"] == told


def test_a_name_is_taken_once_and_free_again_when_removed(api, made, one):
    assert refusal(api.post(ACCOUNTS, {"name": "analyzer"}))[:2] == (409, "name_taken")

    gone = api.call("DELETE", one).json()
    assert gone["service_account"]["status"] == "revoked"
    assert refusal(api.get(one))[:2] == (404, "agent_not_found")
    assert api.get("/v1/agents").json()["agents"] == []
    again = api.post(ACCOUNTS, {"name": "analyzer"}).json()
    assert again["service_account"]["status"] == "active"


def test_a_name_that_is_asked_for_many_times_at_once_is_given_once(api):
    asked = [("POST", ACCOUNTS, {"json": {"name": "popular"}})] * 5

    statuses = [answer.status_code for answer in api.together(*asked)]

    assert sorted(statuses) == [200, 409, 409, 409, 409]


def test_an_account_that_is_removed_has_no_keys_left(api, one):
    token = api.post(f"{one}/keys").json()["key"]["token"]
    assert Api(token).get("/v1/capabilities").status_code == 200

    api.call("DELETE", one)

    assert refusal(Api(token).get("/v1/capabilities"))[0] == 401


def test_a_key_is_shown_once_and_speaks_for_its_agent(api, made, one):
    key = api.post(f"{one}/keys", {"created_by_actor_id": "x"}).json()["key"]

    assert set(key) == {"key_id", "service_account_id", "key_hint", "status", "created_at",
                        "expires_at", "token"}  # fmt: skip
    assert key["token"].startswith("axme_sa_")
    assert key["token"].startswith(key["key_hint"])
    assert (key["status"], key["expires_at"]) == ("active", None)
    assert key["service_account_id"] == made["id"]
    sent = Api(key["token"]).post("/v1/intents", {"intent_type": "a.b", "to_agent": "x"}).json()
    assert Intent.objects.get(id=sent["intent_id"]).from_address == f"{HERE}/analyzer"
    assert key["token"] not in api.get(one).text


def test_a_revoked_and_an_expired_key_hold_no_more(api, one):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    key = api.post(f"{one}/keys", {"expires_at": soon}).json()["key"]
    assert key["expires_at"] is not None

    ended = api.post(f"{one}/keys/{key['key_id']}/revoke").json()["key"]

    assert set(ended) == {"key_id", "service_account_id", "status", "revoked_at"}
    assert (ended["status"], ended["key_id"]) == ("revoked", key["key_id"])
    assert ended["revoked_at"]
    assert api.post(f"{one}/keys/{key['key_id']}/revoke").json()["key"] == ended
    assert refusal(Api(key["token"]).get("/v1/capabilities"))[0] == 401


def test_the_same_call_gets_the_same_key_and_no_secret_is_kept_in_the_clear(api, one):
    headers = {"idempotency-key": "k"}
    first, second = (api.post(f"{one}/keys", headers=headers).json() for _ in range(2))

    assert first == second
    assert ApiKey.objects.filter(agent__isnull=False).count() == 1
    kept = IdempotencyKey.objects.get().response
    assert first["key"]["token"] not in str(kept)


def test_http_delivery_makes_a_push_secret_that_is_shown_once(api, made, one):
    given = {"delivery_mode": "http", "callback_url": CALLBACK}
    told = api.call("PATCH", one, json=given).json()["service_account"]

    assert (told["delivery_mode"], told["callback_url"]) == ("http", CALLBACK)
    assert unseal(Agent.objects.get().push_secret) == told["push_secret"]
    assert "push_secret" not in api.get(one).json()["service_account"]
    assert "push_secret" not in api.call("PATCH", one, json=given).json()["service_account"]
    mine = "my own secret, long enough"
    api.call("PATCH", one, json={"push_secret": mine})
    assert unseal(Agent.objects.get().push_secret) == mine


def test_empty_texts_change_nothing(api, made, one):
    api.call("PATCH", one, json={"delivery_mode": "", "callback_url": "", "display_name": None})

    assert api.get(one).json()["service_account"]["display_name"] == "Analyzer"


BAD = [
    {}, {"name": None}, {"name": ""}, {"name": "a"}, {"name": "a b"}, {"name": "ä" * 5}, {"name": "a" * 64}, {"name": "x/y"},
    {"name": 5}, {"name": []}, {"name": ".."}, {"name": "agent_core"}, {"name": "human"}, {"name": "policy"}, {"name": "ok\0"},
    {"name": "ok", "delivery_mode": "pigeon"}, {"name": "ok", "delivery_mode": 1}, {"name": "ok", "description": "x" * 1025},
    {"name": "ok", "display_name": {}}, {"name": "ok", "push_secret": "short"}, {"name": "ok", "callback_url": "nonsense"},
    {"name": "ok", "callback_url": "http://hooks.example.com"}, {"name": "ok", "callback_url": "https://127.0.0.1/x"},
    {"name": "ok", "callback_url": "https://169.254.169.254/latest"}, [], "x", 5, None,
]  # fmt: skip


def test_what_cannot_be_kept_is_refused_and_nothing_is_written(api):
    before = counts(Agent, IdempotencyKey)

    for body in BAD:
        told = refusal(api.call("POST", ACCOUNTS, json=body))
        assert told[0] == 422, (body, told)
    assert counts(Agent, IdempotencyKey) == before


@pytest.mark.parametrize(
    "at", ["yesterday", "2020-01-01T00:00:00Z", "2020-01-01", "9999-12-31T23:59:59Z", 10**30, {}]
)
def test_an_expiry_that_is_past_or_nonsense_is_refused(api, one, at):
    assert refusal(api.post(f"{one}/keys", {"expires_at": at}))[0] == 422
    assert not ApiKey.objects.filter(agent__isnull=False).exists()


def test_other_workspaces_ids_do_not_exist(people, api, made, one):
    theirs = workspace_api(people.elsewhere)
    key_id = api.post(f"{one}/keys").json()["key"]["key_id"]
    calls = [("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/keys"),
             ("POST", f"{one}/keys/{key_id}/revoke"), ("GET", f"/v1/agents/{HERE}/analyzer"),
             ("GET", f"/v1/agents/{HERE}/analyzer/policy")]  # fmt: skip

    for method, path in calls:
        given = {} if method == "GET" else {"json": {}}
        assert refusal(theirs.call(method, path, **given))[:2] == (404, "agent_not_found"), path
    named = {"org_id": str(people.here.org_id)}
    for path in (ACCOUNTS, "/v1/agents"):
        assert theirs.get(path).json()["ok"] is True
        assert refusal(theirs.get(path, params=named))[:2] == (404, "workspace_not_found")
    stranger = {"name": "mine", "workspace_id": str(people.here.id)}
    assert refusal(theirs.post(ACCOUNTS, stranger))[:2] == (404, "workspace_not_found")


def test_an_agents_key_manages_nothing(people, made, one):
    mine, before = agent_api(people.here, "analyzer"), counts(Agent, ApiKey, AgentRules)
    calls = [("GET", ACCOUNTS), ("POST", ACCOUNTS), ("GET", one), ("PATCH", one), ("DELETE", one),
             ("POST", f"{one}/keys"), ("POST", f"{one}/keys/{uuid4()}/revoke"),
             ("GET", "/v1/agents/analyzer/policy")]  # fmt: skip

    for method, path in calls:
        given = {} if method == "GET" else {"json": {"name": "another"}}
        told = refusal(mine.call(method, path, **given))
        assert told[:2] == (403, "invalid_actor_scope"), (method, path)
    assert counts(Agent, ApiKey, AgentRules) == before


@pytest.mark.parametrize(
    "path",
    ["agent://myorg/production/analyzer", "agent:/myorg/production/analyzer", "myorg/production/analyzer",
     "analyzer", quote("agent://myorg/production/analyzer", safe=""), quote("myorg/production/analyzer", safe=""),
     quote(quote("agent://myorg/production/analyzer", safe=""), safe="")],
)  # fmt: skip
def test_an_agent_is_found_by_every_spelling_of_its_address(api, made, path):
    told = api.get(f"/v1/agents/{path}").json()["agent"]

    assert told["address"] == f"{HERE}/analyzer"
    assert told["service_account_id"] == made["id"]
    assert (told["service_account_name"], told["status"]) == ("analyzer", "active")
    del told["updated_at"]
    assert api.get("/v1/agents", params={"limit": 1}).json()["agents"] == [told]


@pytest.mark.parametrize("path", ["nobody", "agent://a/b", "human", "a@b.example", str(uuid4())])
def test_an_agent_nobody_registered_is_not_there(api, path):
    assert refusal(api.get(f"/v1/agents/{path}"))[:2] == (404, "agent_not_found")


def test_streams_come_before_agents_by_address(api, made):
    assert api.get(f"/v1/agents/{HERE}/analyzer/intents").json()["intents"] == []


@pytest.mark.parametrize(
    ("path", "name", "word", "mode"),
    [
        ("/v1/agents/agent://myorg/production/analyzer/policy", "policy", "policy_type", "denylist"),
        ("/v1/agents/analyzer/receive-override", "override", "override_type", "closed"),
        ("/v1/organizations/myorg/receive-policy", "policy", "policy_type", "closed"),
    ],
)  # fmt: skip
def test_a_rule_is_read_set_and_its_list_kept(api, made, path, name, word, mode):
    first = api.get(path).json()[name]
    assert first["entries"] == []
    assert first[word] in {"open", "use_org_default"}

    assert api.call("PUT", path, json={word: mode}).json()[name][word] == mode
    for _ in range(2):
        told = api.post(f"{path}/entries", {"sender_pattern": "agent://partner/*"}).json()[name]
    (entry,) = told["entries"]
    assert entry["sender_pattern"] == "agent://partner/*"
    assert api.get(path).json()[name] == told
    left = api.call("DELETE", f"{path}/entries/{entry['entry_id']}").json()[name]
    assert left["entries"] == []
    gone = api.call("DELETE", f"{path}/entries/{entry['entry_id']}")
    assert refusal(gone)[:2] == (404, "entry_not_found")


@pytest.mark.parametrize(
    "path", ["/v1/agents/analyzer/policy", "/v1/agents/analyzer/receive-override",
             "/v1/organizations/myorg/receive-policy"],
)  # fmt: skip
def test_a_rule_of_no_known_kind_is_refused(api, made, path):
    for body in ({}, {"policy_type": "shut", "override_type": "shut"}, {"policy_type": 1}, [], "x"):
        assert refusal(api.call("PUT", path, json=body))[0] == 422
    for pattern in ("", "a*b", "**", 5, None, "x" * 400):
        body = {"sender_pattern": pattern}
        assert refusal(api.post(f"{path}/entries", body))[0] == 422, pattern
    assert not MeshEvent.objects.exists()
    assert not AgentRules.objects.exists()
    assert not WorkspaceRules.objects.exists()


def test_the_rule_of_another_organisation_does_not_exist(people, api):
    for org in (people.elsewhere.org, str(people.elsewhere.org_id), "nonsense"):
        path = f"/v1/organizations/{org}/receive-policy"
        assert refusal(api.get(path))[:2] == (404, "workspace_not_found")
        put = api.call("PUT", path, json={"policy_type": "closed"})
        assert refusal(put)[:2] == (404, "workspace_not_found")


def test_refused_senders_are_told_why_on_the_wire(api, made):
    api.call("PUT", "/v1/agents/analyzer/policy", json={"policy_type": "allowlist"})

    told = refusal(api.post("/v1/intents", {"intent_type": "a.b", "to_agent": "analyzer"}))

    assert told[:2] == (403, "sender_not_in_receive_allowlist")
