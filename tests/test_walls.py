"""Another workspace's key, session and link see nothing and change nothing, at every door."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import ensure_agent
from accounts.models import Agent, Membership
from accounts.people.models import Invite
from approvals import links, notices
from approvals.models import Decision, EmailLink, Gate, Seat
from events.models import Event, Outbox, Subscription, WebhookEvent
from events.subscribing import Wish, subscribe
from events.webhooks import publish
from governance.models import AgentRules, MeshEvent, WorkspaceRules
from intents.media.models import Upload
from intents.models import Delivery, Intent
from intents.registry.models import IntentType
from tests.calling import agent_api, counts, refusal, workspace_api
from tests.factories import make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = (
    Intent, Event, Delivery, Gate, Seat, Decision, Outbox, EmailLink, Subscription, WebhookEvent,
    Agent, AgentRules, WorkspaceRules, MeshEvent, Invite, Upload, IntentType,
)  # fmt: skip
# A body that would do something if the door were open.
BODIES = {
    "/resolve": {"status": "COMPLETED", "result": {}},
    "/resume": {"task_result": {"outcome": "approved"}},
    "/cancel": {"reason": "x"},
    "/controls": {"controls_patch": {"a": 1}},
    "/policy": {"grants_patch": {"delegate:agent://x": {"allow": ["resume"]}}},
    "/reply": {"message": "x"},
    "/decision": {"decision": "approve"},
    "/entries": {"sender_pattern": "*"},
    "/receive-policy": {"policy_type": "closed"},
    "/delegate": {"delegate_to": "bob@example.com"},
    "/messages/delete": {"mode": "both"},
    "/verify": {"code": "000000"},
    "/accept": {"nick": "@Eve"},
}


@pytest.fixture
def gate(people):
    return make_gate(people.here)


@pytest.fixture
def work(people):
    return make_intent(people.here)


@pytest.fixture
def told(people, now):
    """Return a subscription of ours, and an event that was published to it."""
    wanted = Wish(people.here.id, "", "", "https://hooks.example.com/", ["invite.accepted"])
    given = {"workspace_id": people.here.id, "owner": "", "payload": {}, "now": now}
    subscription = subscribe(wanted, now=now)
    return subscription, publish(type="invite.accepted", **given).event


@pytest.fixture
def kept(people):
    """Return what else our paths name, each of it here."""
    api, name = workspace_api(people.here), "shop.refund.request.v1"
    file = {
        "owner_agent": "agent://a/b",
        "filename": "a",
        "mime_type": "text/plain",
        "size_bytes": 1,
    }
    type_ = {"semantic_type": name, "schema_json": {"type": "object"}, "compatibility_mode": "warn"}
    made = {
        path: api.post(f"/v1/{path}", body).json()
        for path, body in (
            ("invites/create", {"owner_agent": "agent://a/b"}),
            ("media/create-upload", file),
            ("schemas", type_),
        )
    }
    return {
        "token": made["invites/create"]["token"],
        "upload_id": made["media/create-upload"]["upload_id"],
        "semantic_type": made["schemas"]["schema"]["semantic_type"],
    }


@pytest.fixture
def foreigners(people):
    """Keys of the other workspace, one of them with the very name of our agent."""
    return [workspace_api(people.elsewhere), agent_api(people.elsewhere, "desk")]


@pytest.fixture
def cid(people):
    client = Client()
    client.force_login(people.cid)
    return client


def snapshot():
    """Return everything there is, so that any change shows."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in ROWS}


def operations():
    """Return every call of our own description, with its path's parameter names."""

    described = Client().get("/api/openapi.json").json()
    return [
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method in methods
        if "{" in path and "{address}" not in path
    ]


def test_every_call_with_a_foreign_id_finds_nothing(people, foreigners, gate, work, told, kept):
    calls = operations()
    assert len(calls) >= 12
    agent = ensure_agent(people.here, "desk")
    others = {
        "approval_id": gate.id, "subscription_id": told[0].id, "event_id": told[1].id,
        "service_account_id": agent.id, "address_id": agent.id, "key_id": agent.id,
        "entry_id": agent.id, "org_id": people.here.org_id,
    }  # fmt: skip
    before = snapshot()

    for api in foreigners:
        for method, path in calls:
            for intent_id in (gate.intent_id, work.id):
                ids = {"intent_id": intent_id, "thread_id": intent_id, **others, **kept}
                ids |= {"login_id": intent_id, "grant_id": intent_id, "macro_id": intent_id}
                body = next((b for end, b in BODIES.items() if path.endswith(end)), {})
                given = {} if method == "GET" else {"json": body}
                answer = api.call(method, path.format(**ids), **given)

                assert refusal(answer)[0] == 404, (method, path, answer.text)
                assert str(intent_id) not in answer.text
    assert snapshot() == before


def test_a_foreign_id_and_an_unknown_one_are_told_the_same(foreigners, gate):
    unknown = UUID(int=gate.id.int ^ 1)

    for api in foreigners:
        for path in ("/v1/intents/{}", "/v1/intents/{}/events", "/v1/inbox/{}"):
            told = [refusal(api.get(path.format(id))) for id in (gate.intent_id, unknown)]
            assert told[0] == told[1]


def test_lists_show_nothing_of_another_workspace(foreigners, gate, work):
    here = {"owner_agent": "agent://myorg/production/desk"}
    api, agent = foreigners

    assert api.get("/v1/intents").json()["intents"] == []
    assert api.get("/v1/me/tasks").json()["tasks"] == []
    assert api.get("/v1/inbox", params=here).json()["threads"] == []
    assert agent.get("/v1/inbox").json()["threads"] == []


@pytest.mark.parametrize(
    "address", ["desk", "agent://myorg/production/desk", "agent_core", "human"]
)
def test_a_stream_shows_nothing_of_another_workspace(foreigners, gate, work, address):
    path = f"/v1/agents/{address}/intents"

    assert foreigners[0].get(path).json()["intents"] == []
    shown = foreigners[0].stream(f"{path}/stream?since=0&wait_seconds=1&status=DELIVERED,WAITING")
    assert [frame.event for frame in shown] == ["stream.timeout"]
    assert Delivery.objects.filter(offered_at=None).count() == 2


def test_an_idempotency_key_of_another_workspace_replays_nothing(people, foreigners):
    sent, headers = {"intent_type": "a.b.v1"}, {"idempotency-key": "k"}
    ours = workspace_api(people.here).post("/v1/intents", sent, headers=headers).json()

    theirs = foreigners[0].post("/v1/intents", sent, headers=headers).json()

    assert ours["intent_id"] != theirs["intent_id"]


def test_a_session_of_another_workspace_sees_and_changes_nothing(cid, gate, work):
    before = snapshot()
    paths = [reverse("gate", args=[gate.id]), reverse("decide", args=[gate.id]),
             reverse("take_over", args=[work.id])]  # fmt: skip

    assert cid.get(paths[0]).status_code == 404
    for path in paths[1:]:
        answer = cid.post(path, {"outcome": "approved", "seen": gate.digest})
        assert answer.status_code == 404
    assert snapshot() == before


def test_the_desks_lists_show_nothing_of_another_workspace(cid, gate, work):
    for name in ("inbox", "open", "done", "unclaimed"):
        page = cid.get(reverse(name))
        assert page.status_code == 200
        assert gate.title not in page.content.decode()
        assert str(work.id) not in page.content.decode()
    live = cid.get(reverse("live"), {"open": str(gate.id), "since": "2020-01-01T00:00:00Z"})
    assert gate.title not in live.content.decode()
    assert str(gate.id) not in live.content.decode()


def test_a_link_opens_its_own_gate_only_and_ends_with_its_owners_membership(people, gate, now):
    row = Outbox.objects.filter(recipient_id=people.bob.id)[0]
    token = re.search(r"/m/([\w-]+)", notices.compose(row, now).text)[1]
    other = make_gate(people.elsewhere)
    Membership.objects.filter(user=people.bob).update(workspace=people.elsewhere)
    before = counts(Decision, Event)

    page = Client().post(reverse("mail_link", args=[token]), {"outcome": "approved"})

    assert page.status_code in (404, 409, 422)
    assert counts(Decision, Event) == before
    assert links.find(token).gate_id != other.id
