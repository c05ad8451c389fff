"""The protocol's CLI: for each command, the calls it makes in its order, and what it reads of them."""

import pytest

from accounts.actions import add_reviewer
from approvals.models import Gate
from intents.models import Intent
from tests.calling import Api, refusal
from tests.factories import make_gate, make_intent, make_token
from tests.signing_in import Terminal, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
CONTEXT, SELECT = "/v1/portal/personal/context", "/v1/portal/personal/workspace-selection"


@pytest.fixture
def bob(people):
    return Terminal(signed_in(people.bob))


@pytest.fixture
def key_only(people):
    """A context that was set by hand, with a workspace key and no login."""
    return Api(make_token(people.here))


def test_whoami_reads_the_context_and_the_sessions(people, bob):
    told = bob.get(CONTEXT).json()
    sessions = bob.get("/v1/auth/sessions?include_revoked=false").json()["sessions"]

    assert told["account"]["email"] == "bob@example.com"
    assert told["selected_workspace"]["name"] == "production"
    assert told["selected_organization"]["name"] == "myorg"
    assert told["guidance"] == {"workspace_count": 1}
    (current,) = sessions
    assert current["is_current"] is True
    assert {"client_type", "device_label", "created_at", "expires_at"} <= current.keys()
    assert (current["client_type"], current["device_label"]) == ("cli", "tests")


def test_whoami_without_a_login_is_told_to_sign_in(key_only):
    assert refusal(key_only.get(CONTEXT))[:2] == (401, "missing_actor_token")


def test_context_use_takes_over_what_the_server_selected(people, bob):
    context = bob.get(CONTEXT).json()["context"]

    assert context["org_id"] == bob.login["org_id"] == str(people.here.org_id)
    assert context["workspace_id"] == bob.login["workspace_id"] == str(people.here.id)


def test_org_list_shows_each_organization_once_with_its_workspaces(people, bob):
    add_reviewer(people.elsewhere, email="bob@example.com")

    organizations = bob.get(CONTEXT).json()["organizations"]

    assert [(org["name"], org["status"], org["roles"]) for org in organizations] == [
        ("myorg", "active", ["member"]),
        ("other", "active", ["member"]),
    ]
    assert [len(org["workspaces"]) for org in organizations] == [1, 1]


def test_workspace_use_finds_it_by_name_and_selects_it(people, bob):
    add_reviewer(people.elsewhere, email="bob@example.com", role="admin")
    (found,) = [w for w in bob.get(CONTEXT).json()["workspaces"] if w["name"] == "place"]
    assert (found["org_name"], found["roles"]) == ("other", ["workspace_admin"])

    body = {"org_id": found["org_id"], "workspace_id": found["workspace_id"]}
    chosen = bob.post(SELECT, body).json()

    assert chosen["context"] == body
    assert chosen["selected_workspace"]["name"] == "place"
    assert chosen["selected_workspace"]["org_name"] == "other"


def test_session_revoke_current_lists_then_revokes(people, bob):
    listed = bob.get("/v1/auth/sessions?include_revoked=false").json()["sessions"]
    (current,) = [each for each in listed if each["is_current"]]

    told = bob.post("/v1/auth/sessions/revoke", {"session_id": current["session_id"]}).json()

    assert told["revoked"] is True
    # What is left on the terminal is a key that opens nothing any more.
    assert refusal(Api(bob.login["api_key"]).get("/v1/inbox"))[1] == "invalid_platform_api_key"


def test_a_call_with_an_old_token_is_refreshed_and_made_again(people, bob, monkeypatch):
    from datetime import timedelta

    from accounts.sessions import secrets
    from api.axme import auth

    real = auth.timezone.now
    later = real() + secrets.TOKEN_LIFE + timedelta(seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)

    assert refusal(bob.get("/v1/me/tasks"))[:2] == (401, "token_expired")
    told = Api(bob.login["api_key"]).post(
        "/v1/auth/refresh", {"refresh_token": bob.login["refresh_token"]}
    ).json()  # fmt: skip

    again = Terminal(bob.login | {"account_session_token": told["access_token"]})
    assert again.get("/v1/me/tasks").status_code == 200


@pytest.mark.parametrize("who", ["bob", "key_only"])
def test_tasks_list_get_and_approve(people, who, request):
    caller, gate = request.getfixturevalue(who), make_gate(people.here)

    (task,) = caller.get("/v1/me/tasks").json()["tasks"]
    intent = caller.get(f"/v1/intents/{task['intent_id']}").json()["intent"]
    body = {"task_result": {"outcome": "approved", "comment": "Seen."}}
    told = caller.post(f"/v1/intents/{task['intent_id']}/resume", body)

    assert (task["intent_type"], task["human_task"]["title"]) == (gate.intent.type, gate.title)
    assert intent["human_task"]["task_type"] == "approval"
    assert told.status_code == 200
    gate.refresh_from_db()
    assert (gate.state, gate.outcome) == ("decided", "approved")


def test_tasks_reject_says_in_detail_what_is_missing(people, bob):
    gate = make_gate(people.here, task={"required_comment": True})
    path = f"/v1/intents/{gate.intent_id}/resume"

    refused = bob.post(path, {"task_result": {"outcome": "rejected"}})

    assert refused.json()["detail"] == "This answer needs a comment. Write one or two sentences."
    again = {"task_result": {"outcome": "rejected", "comment": "No receipt."}}
    assert bob.post(path, again).json()["intent"]["status"] == "FAILED"


def test_intents_list_reads_the_inbox_and_then_each_intent(people, key_only):
    sent = make_intent(people.here, to="agent://myorg/production/desk")

    threads = key_only.get("/v1/inbox", headers={"x-owner-agent": "agent://desk"}).json()["threads"]
    intents = [key_only.get(f"/v1/intents/{t['intent_id']}").json()["intent"] for t in threads]

    assert [intent["intent_id"] for intent in intents] == [str(sent.id)]
    assert {"status", "updated_at", "created_at", "to_agent", "payload"} <= intents[0].keys()


def test_a_persons_own_inbox_is_at_their_address(people, bob):
    sent = make_intent(people.here, to="bob@example.com")

    threads = bob.get("/v1/inbox").json()["threads"]

    assert [thread["intent_id"] for thread in threads] == [str(sent.id)]


def test_run_and_intents_retry_send_the_same_again(people, bob):
    body = {
        "intent_type": "intent.ask.v1",
        "from_agent": "agent://alpha/requester",
        "to_agent": "agent://alpha/reviewer",
        "payload": {"question": "Go on?"},
    }
    first = bob.post("/v1/intents", body).json()["intent_id"]
    canceled = bob.post(f"/v1/intents/{first}/resolve", {"status": "CANCELED", "reason": "x"})
    intent = bob.get(f"/v1/intents/{first}").json()["intent"]
    names = ("intent_type", "from_agent", "to_agent", "payload")

    second = bob.post("/v1/intents", {name: intent[name] for name in names}).json()["intent_id"]

    assert canceled.status_code == 200
    assert intent["status"] == "CANCELED"
    assert Intent.objects.get(id=second).payload == {"question": "Go on?"}


def test_intents_watch_follows_the_stream_with_both_credentials(people, bob):
    gate = make_gate(people.here)

    shown = Api().stream(
        f"/v1/intents/{gate.intent_id}/events/stream?since=1&wait_seconds=1", headers=bob.headers
    )

    assert shown[0].event == "intent.created"
    assert shown[-1].event == "stream.timeout"


def test_quota_show_reads_the_one_limit_and_what_there_is(people, bob):
    make_gate(people.here)
    place = {"org_id": bob.login["org_id"], "workspace_id": bob.login["workspace_id"]}

    told = bob.get("/v1/portal/enterprise/overview", params=place).json()["overview"]

    assert told["quota_policy"] == {
        "dimensions": {"payload_max_bytes": 131_072},
        "overage_mode": "none",
        "hard_enforcement": False,
    }
    used = {name: each["used"] for name, each in told["usage_summary"]["dimensions"].items()}
    assert (used["intents_per_day"], used["actors_total"]) == (1, 2)
    assert used["service_accounts_per_workspace"] == 0


@pytest.mark.parametrize(
    "params",
    [{"workspace_id": "00000000-0000-0000-0000-000000000000"}, {"org_id": "nope"},
     {"org_id": "other", "workspace_id": "place"}],
    ids=str,
)  # fmt: skip
def test_quota_show_of_another_workspace_is_refused(people, bob, key_only, params):
    for caller in (bob, key_only):
        told = refusal(caller.get("/v1/portal/enterprise/overview", params=params))
        assert told[:2] == (403, "invalid_actor_scope")


def test_login_by_alpha_bootstrap_is_not_supported(people):
    body = {"email": "dora@example.com", "use_case": "x"}

    assert refusal(Api().post("/v1/alpha/bootstrap", body))[:2] == (404, "not_supported")


def test_status_and_doctor_ask_for_health_with_whatever_is_kept(people, bob):
    bob.post("/v1/auth/logout")

    assert bob.get("/health").json()["ok"] is True
    assert refusal(bob.get(CONTEXT))[:2] == (401, "invalid_actor_token")
    assert not Gate.objects.exists()
