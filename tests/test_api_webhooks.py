"""Webhooks over the API: happy, forbidden, malformed, and of another workspace; with the client."""

import json
from uuid import uuid4

import pytest

from accounts.actions import ensure_agent
from accounts.models import ApiKey
from events.models import Outbox, Subscription, WebhookEvent
from governance.actions import kill
from tests.calling import agent_api, refusal, workspace_api
from tests.factories import key

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = "/v1/webhooks/subscriptions"
OWNER = "agent://conformance/owner"
HOOK = {"callback_url": "https://integrator.example/hooks", "event_types": ["inbox.thread_created"]}
FIELDS = {
    "subscription_id", "owner_agent", "callback_url", "event_types", "active", "description",
    "created_at", "updated_at", "revoked_at", "secret_hint",
}  # fmt: skip
COUNTERS = {
    "queued_deliveries", "processed_deliveries", "delivered", "pending", "dead_lettered"
}  # fmt: skip
EVENT = {"event_type": "inbox.thread_created", "source": "tests", "payload": {"thread_id": "1"}}


@pytest.fixture
def stranger(people):
    return workspace_api(people.elsewhere)


def test_a_subscription_is_made_listed_and_ended(api):
    made = api.post(PLACE, {**HOOK, "secret": "sixteen or more characters", "active": True}).json()
    row = made["subscription"]
    listed = api.get(PLACE, params={"owner_agent": OWNER}).json()["subscriptions"]
    ended = api.call(
        "DELETE", f"{PLACE}/{row['subscription_id']}", params={"owner_agent": OWNER}
    ).json()

    assert (set(row), row["secret_hint"], row["active"]) == (FIELDS, "…ters", True)
    assert "sixteen" not in json.dumps(made)
    assert listed == [row]
    assert (ended["subscription_id"], ended["ok"]) == (row["subscription_id"], True)
    assert ended["revoked_at"].endswith("Z")
    assert api.get(PLACE).json()["subscriptions"] == []
    (kept,) = api.get(PLACE, params={"include_inactive": "true"}).json()["subscriptions"]
    assert (kept["active"], kept["revoked_at"]) == (False, ended["revoked_at"])


def test_a_name_is_not_looked_up_when_it_is_given(api):
    answer = api.post(PLACE, {**HOOK, "callback_url": "https://nobody-has-this.invalid/x"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://localhost/x", "https://169.254.169.254/latest",
        "http://hooks.example.com/x", "https://[::ffff:10.0.0.1]/", "not an address",
    ],
)  # fmt: skip
def test_a_private_or_plain_address_is_refused_with_a_sentence(api, url):
    status, code, sentence = refusal(api.post(PLACE, {**HOOK, "callback_url": url}))

    assert (status, code) == (422, "callback_refused")
    assert sentence.endswith(".")
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"event_types": []}, {"event_types": ["x"] * 33}, {"event_types": "intent.created"},
        {"event_types": [1]}, {"event_types": ["coffee.ready"]}, {"event_types": [None]},
        {"secret": "short"}, {"secret": "x" * 129}, {"secret": 5}, {"callback_url": ""},
        {"callback_url": 7}, {"callback_url": None}, {"callback_url": "https://x/" + "a" * 2050},
        {"active": "perhaps"}, {"description": "x" * 256}, {"description": ["x"]},
        {"callback_url": "https://hooks.example.com/\u0000"},
    ],
)  # fmt: skip
def test_a_malformed_subscription_is_refused(api, change):
    assert refusal(api.post(PLACE, {**HOOK, **change}))[0] == 422
    assert not Subscription.objects.exists()


def test_the_longest_address_and_owner_fit(api):
    url = "https://hooks.example.com/" + "a" * (2048 - 26)
    params = {"owner_agent": "agent://a/" + "b" * 245}

    assert api.post(PLACE, {**HOOK, "callback_url": url}, params=params).status_code == 200
    params = {"owner_agent": "agent://a/" + "b" * 246}
    assert refusal(api.post(PLACE, HOOK, params=params))[1] == "invalid_agent_address"


def test_an_agent_subscribes_for_itself_only(people, api):
    agent = agent_api(people.here, "desk")

    assert agent.post(PLACE, HOOK).json()["subscription"]["owner_agent"].endswith("/desk")
    refused = agent.post(PLACE, HOOK, params={"owner_agent": "agent://myorg/production/shop"})
    assert refusal(refused)[:2] == (403, "invalid_actor_scope")


def test_an_agent_sees_the_workspaces_subscriptions_and_ends_none_of_them(people, api):
    api.post(PLACE, HOOK)
    agent = agent_api(people.here, "desk")

    (row,) = api.get(PLACE).json()["subscriptions"]
    assert refusal(agent.call("DELETE", f"{PLACE}/{row['subscription_id']}"))[0] == 404
    assert agent.get(PLACE).json()["subscriptions"] == []


@pytest.mark.parametrize("id", ["nonsense", str(uuid4()), "1" * 400])
def test_what_does_not_exist_is_not_ended_or_replayed(api, id):
    assert refusal(api.call("DELETE", f"{PLACE}/{id}"))[:2] == (404, "subscription_not_found")
    replayed = api.post(f"/v1/webhooks/events/{id}/replay")
    assert refusal(replayed)[:2] == (404, "webhook_event_not_found")


def test_another_workspaces_subscriptions_and_events_do_not_exist(api, stranger):
    id = api.post(PLACE, HOOK).json()["subscription"]["subscription_id"]
    event_id = api.post("/v1/webhooks/events", EVENT).json()["event_id"]

    assert stranger.get(PLACE, params={"include_inactive": "1"}).json()["subscriptions"] == []
    assert stranger.call("DELETE", f"{PLACE}/{id}").status_code == 404
    assert stranger.post(f"/v1/webhooks/events/{event_id}/replay").status_code == 404
    assert Subscription.objects.get().is_live


def test_an_event_is_published_counted_and_replayed(api):
    api.post(PLACE, HOOK)
    params = {"owner_agent": OWNER}
    told = api.post("/v1/webhooks/events", EVENT, params=params).json()
    again = api.call(
        "POST", f"/v1/webhooks/events/{told['event_id']}/replay", params=params, content=b"",
        headers={"content-type": "application/json"},
    ).json()  # fmt: skip

    assert (told["ok"], told["owner_agent"], told["source"]) == (True, OWNER, "tests")
    assert (told["queued_deliveries"], told["pending"], told["delivered"]) == (1, 1, 0)
    assert set(told) == COUNTERS | {
        "ok", "accepted_at", "event_type", "source", "owner_agent", "event_id"
    }  # fmt: skip
    assert (again["event_id"], again["owner_agent"]) == (told["event_id"], OWNER)
    assert set(again) == COUNTERS | {
        "ok", "event_id", "owner_agent", "event_type", "replayed_at"
    }  # fmt: skip
    assert Outbox.objects.filter(kind="webhook").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": "intent.completed"}, {"event_type": "coffee.ready"}, {"event_type": None},
        {"source": "x"}, {"source": "assent"}, {"source": "x" * 101}, {"source": None}, {"payload": "text"},
        {"payload": None}, {"payload": [1]},
    ],
)  # fmt: skip
def test_a_malformed_event_is_refused_and_an_intents_event_cannot_be_forged(api, change):
    assert refusal(api.post("/v1/webhooks/events", {**EVENT, **change}))[0] == 422
    assert not WebhookEvent.objects.exists()


def test_a_killed_agents_key_and_a_revoked_one_change_nothing(people, now):
    agent, desk = agent_api(people.here, "desk"), ensure_agent(people.here, "desk")
    made = agent.post(PLACE, HOOK).json()["subscription"]
    event = agent.post("/v1/webhooks/events", EVENT).json()
    before = Outbox.objects.count()

    def tried():
        return {
            refusal(answer)[:2]
            for answer in (
                agent.post(PLACE, {**HOOK, "callback_url": "https://other.example/hooks"}),
                agent.post("/v1/webhooks/events", EVENT),
                agent.post(f"/v1/webhooks/events/{event['event_id']}/replay"),
                agent.call("DELETE", f"{PLACE}/{made['subscription_id']}"),
            )
        }

    kill(desk, actor=key(people.here), now=now)
    assert tried() == {(403, "agent_killed")}
    # Remembered for two seconds, as if another process had revoked it.
    ApiKey.objects.update(revoked_at=now)
    assert tried() <= {(401, "invalid_platform_api_key")}
    assert (Subscription.objects.count(), WebhookEvent.objects.count()) == (1, 1)
    assert Outbox.objects.count() == before


def test_an_agent_publishes_for_itself_only(people):
    agent = agent_api(people.here, "desk")

    assert agent.post("/v1/webhooks/events", EVENT).status_code == 200
    params = {"owner_agent": "agent://myorg/production/shop"}
    assert agent.post("/v1/webhooks/events", EVENT, params=params).status_code == 403


def test_the_same_event_with_the_same_key_is_published_once(api):
    headers = {"idempotency-key": "once"}
    first, second = (api.post("/v1/webhooks/events", EVENT, headers=headers) for _ in "ab")

    assert first.json() == second.json()
    assert WebhookEvent.objects.count() == 1
