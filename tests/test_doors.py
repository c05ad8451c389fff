"""Every door that changes something, tried by those who may not: none opens, nothing changes."""

import pytest
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.agents import add_key
from accounts.models import Agent, ApiKey, Membership
from approvals.models import Decision, Gate
from events.models import Event, Subscription, WebhookEvent
from governance.actions import kill
from governance.models import AgentRules, MeshEvent, WorkspaceRules
from intents.media.models import Upload
from intents.models import Intent
from intents.registry.models import IntentType
from tests.calling import Api, agent_api, workspace_api
from tests.factories import HERE, key, make_gate, make_intent
from tests.scenarios import agent_step, bundle
from tests.signing_in import bearer, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = f"{HERE}/worker"
NOTED = (
    Agent, ApiKey, Decision, Event, Subscription, WebhookEvent, AgentRules, WorkspaceRules,
    MeshEvent, Upload, IntentType, Membership, Intent,
)  # fmt: skip
SCHEMA = {"semantic_type": "a.b.v1", "schema_json": {}, "compatibility_mode": "warn"}
HOOK = {"callback_url": "https://hook.example/in", "event_types": ["inbox.thread_created"]}
FILE = {"owner_agent": WORKER, "filename": "a.txt", "mime_type": "text/plain", "size_bytes": 3}


@pytest.fixture
def worker(people):
    return ensure_agent(people.here, "worker")


@pytest.fixture
def work(people, worker):
    return make_intent(people.here, to=WORKER)


@pytest.fixture
def gate(people, worker):
    """A question about an intent that the worker itself has sent, and one it would work on."""
    return make_gate(people.here, actor=key(people.here, agent="worker"), to=WORKER)


def deciding(gate):
    """Return the calls that answer a question."""
    thread, intent = f"/v1/inbox/{gate.intent_id}", f"/v1/intents/{gate.intent_id}"
    task = {"task_result": {"outcome": "approved"}}
    tool = {"name": "axme.decide_task", "arguments": {"task_id": str(gate.id), "outcome": "yes"}}
    return [
        ("POST", f"/v1/approvals/{gate.id}/decision", {"decision": "approve"}),
        ("POST", f"{thread}/approve", {}),
        ("POST", f"{thread}/reject", {}),
        ("POST", f"{thread}/delegate", {"delegate_to": "ann@example.com"}),
        ("POST", f"{intent}/resume", task),
        ("POST", f"{intent}/resume", {"approve_current_step": True}),
        ("POST", f"{intent}/resume", {"action": "complete", "approved": True}),
        ("POST", f"{intent}/resolve", {"status": "COMPLETED", "result": {"approved": True}}),
        ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}),
    ]


def managing(worker, id):
    """Return the calls that set a workspace up."""
    agent, mesh = f"/v1/agents/{WORKER}", f"/v1/mesh/agents/{worker.id}"
    space = f"/v1/organizations/{worker.workspace.org_id}/receive-policy"
    account, entry = f"/v1/service-accounts/{worker.id}", {"sender_pattern": "agent://*"}
    return [
        ("POST", "/v1/service-accounts", {"name": "mole"}),
        ("PATCH", account, {"callback_url": "https://mole.example/"}),
        ("POST", f"{account}/keys", {}),
        ("POST", f"{account}/keys/{id}/revoke", {}),
        ("PUT", f"{agent}/policy", {"policy_type": "open"}),
        ("POST", f"{agent}/policy/entries", entry),
        ("PUT", f"{agent}/receive-override", {"override_type": "open"}),
        ("POST", f"{agent}/receive-override/entries", entry),
        ("PUT", space, {"policy_type": "open"}),
        ("POST", f"{space}/entries", entry),
        ("POST", f"{mesh}/kill", {}),
        ("POST", f"{mesh}/resume", {}),
        ("PUT", f"{mesh}/policies/cost", {"max_intents_per_day": 5}),
        ("PUT", f"{mesh}/policies/action", {"allow": ["*"], "deny": []}),
        ("POST", "/v1/invites/create", {"owner_agent": WORKER}),
        ("POST", "/v1/users/register-nick", {"nick": "@mole"}),
        ("POST", "/v1/schemas", SCHEMA),
        ("DELETE", account, None),
    ]


def acting(work):
    """Return the calls of an agent about its work and for itself."""
    thread, intent = f"/v1/inbox/{work.id}", f"/v1/intents/{work.id}"
    tool = {"name": "axme.request_approval", "arguments": {"title": "May I?"}}
    return [
        ("POST", "/v1/intents", {"intent_type": "a.b.v1", "to_agent": f"{HERE}/desk"}),
        ("POST", f"{intent}/resume", {"note": "still here"}),
        ("POST", f"{intent}/resolve", {"status": "COMPLETED"}),
        ("POST", f"{intent}/cancel", {}),
        ("POST", f"{intent}/controls", {"controls_patch": {"a": 1}}),
        ("POST", f"{intent}/policy", {"grants_patch": {"a": {}}}),
        ("POST", f"{thread}/reply", {"message": "Hello"}),
        ("POST", f"{thread}/approve", {}),
        ("POST", f"{thread}/read", {}),
        ("POST", f"{thread}/delegate", {"delegate_to": f"{HERE}/desk"}),
        ("POST", f"{thread}/messages/delete", {"mode": "self"}),
        ("POST", "/v1/webhooks/subscriptions", HOOK),
        ("POST", "/v1/webhooks/events", {
            "event_type": "inbox.thread_created", "source": "mole", "payload": {},
        }),
        ("POST", "/v1/media/create-upload", FILE),
        ("POST", "/v1/scenarios/apply", bundle(agent_step("one", "checker"))),
        ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}),
    ]  # fmt: skip


def tried(api, calls, **given):
    """Return what each call is answered that was not refused."""
    answers = api.together(
        *[(method, path, {"json": body, **given}) for method, path, body in calls]
    )
    return [
        (call[:2], answer.status_code, answer.text)
        for call, answer in zip(calls, answers, strict=True)
        if not is_refused(answer)
    ]


def is_refused(answer):
    if answer.request.url.path == "/mcp":
        said = answer.json()
        return "error" in said or said["result"]["isError"]
    return answer.status_code in {401, 403, 404}


def rows():
    return {model.__name__: model.objects.count() for model in NOTED}


def test_an_agents_key_answers_nothing_by_any_door(people, gate):
    agent = agent_api(people.here, "worker")
    before = rows()

    assert tried(agent, deciding(gate)) == []

    assert Gate.objects.get().state == Gate.State.OPEN
    assert rows() == before


def test_an_agents_key_sets_nothing_up(people, worker):
    agent = agent_api(people.here, "worker")
    before = rows()

    assert tried(agent, managing(worker, ApiKey.objects.get().id)) == []

    assert rows() == before
    assert Agent.objects.get(id=worker.id).killed_at is None


def test_a_reviewers_token_sets_nothing_up(people, worker):
    bob = bearer(signed_in(people.bob)["account_session_token"])
    id = add_key(worker, expires_at=None, actor=key(people.here), now=timezone.now())[0].id
    before = rows()

    assert tried(Api(), managing(worker, id), headers=bob) == []

    assert rows() == before


def test_the_key_of_a_terminal_only_reads(people, worker, work, gate):
    read_only = Api(signed_in(people.ann)["api_key"])
    before = rows()

    calls = [*acting(work), *deciding(gate), *managing(worker, work.id)]
    assert tried(read_only, calls) == []

    assert rows() == before


def test_a_killed_agents_key_does_nothing(people, worker, work):
    agent, owner = agent_api(people.here, "worker"), key(people.here)
    ensure_agent(people.here, "checker")
    kill(worker, actor=owner, now=timezone.now())
    before = rows()

    assert tried(agent, acting(work)) == []

    assert rows() == before


def test_nothing_of_a_workspace_is_there_for_a_key_of_another(people, worker, work, gate):
    stranger = workspace_api(people.elsewhere)
    id = add_key(worker, expires_at=None, actor=key(people.here), now=timezone.now())[0].id
    named = [
        call
        for call in [*acting(work), *deciding(gate), *managing(worker, id)]
        if str(work.id) in call[1] or str(gate.intent_id) in call[1] or str(worker.id) in call[1]
    ]
    before = rows()

    assert len(named) > 20
    assert tried(stranger, named) == []

    assert rows() == before
