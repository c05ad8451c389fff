"""A person's session from a terminal: what its tokens open, and that they end when it ends."""

from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from accounts.actions import add_reviewer
from accounts.models import Membership, RefreshToken, Session
from accounts.sessions import secrets
from accounts.sessions.secrets import Bearer
from approvals.logins import ending
from approvals.models import Decision
from events.models import WebhookEvent
from intents.models import Intent
from tests.calling import Api, counts, refusal
from tests.factories import APPROVAL, make_gate, make_intent, make_person, make_token
from tests.signing_in import Terminal, bearer, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
ASK = {"intent_type": "a.b.v1", "human_task": APPROVAL}


@pytest.fixture
def bob(people):
    return Terminal(signed_in(people.bob))


@pytest.fixture
def ann(people):
    return Terminal(signed_in(people.ann))


def decision(gate):
    return f"/v1/approvals/{gate.id}/decision"


def test_a_persons_token_decides_as_that_person(people, bob):
    gate = make_gate(people.here)

    assert bob.post(decision(gate), {"decision": "approve"}).status_code == 200

    row = Decision.objects.get()
    assert (row.person, row.decider, row.channel) == (people.bob, "bob@example.com", "api")
    assert row.key is None


def test_a_task_is_answered_by_resuming_it_as_the_cli_does(people, bob):
    gate = make_gate(people.here)

    told = bob.post(
        f"/v1/intents/{gate.intent_id}/resume", {"task_result": {"outcome": "approved"}}
    )

    assert told.json()["intent"]["status"] == "COMPLETED"
    assert Decision.objects.get().person == people.bob


def test_the_token_alone_is_enough(people, bob):
    token = bob.login["account_session_token"]

    assert Api().get("/v1/me/tasks", headers=bearer(token)).status_code == 200


def test_a_person_lists_only_their_own_tasks_and_a_workspace_key_all(people, bob):
    make_gate(people.here, task={"assignees": ["ann@example.com"]})
    mine = make_gate(people.here, task={"assignees": ["bob@example.com"]})
    anyones = make_gate(people.here)
    make_gate(people.elsewhere)

    tasks = bob.get("/v1/me/tasks").json()["tasks"]

    assert {task["approval_id"] for task in tasks} == {str(mine.id), str(anyones.id)}
    assert len(Api(make_token(people.here)).get("/v1/me/tasks").json()["tasks"]) == 3


def test_a_person_decides_nothing_that_is_asked_of_somebody_else(people, bob):
    gate = make_gate(people.here, task={"assignees": ["ann@example.com"]})

    told = bob.post(decision(gate), {"decision": "approve"})

    assert refusal(told)[:2] == (403, "not_allowed_to_decide")


def test_another_workspace_does_not_exist(people, bob):
    intent, gate = make_intent(people.elsewhere), make_gate(people.elsewhere)

    assert bob.get(f"/v1/intents/{intent.id}").status_code == 404
    assert bob.post(decision(gate), {"decision": "approve"}).status_code == 404
    assert bob.get("/v1/intents").json()["intents"] == []


def test_a_person_asks_under_their_own_address(people, bob):
    told = bob.post("/v1/intents", ASK | {"from_agent": "agent://myorg/production/shop"})

    assert told.status_code == 200
    row = Intent.objects.get()
    assert (row.from_agent, row.from_address) == ("bob@example.com", "bob@example.com")


def test_a_program_does_not_answer_what_it_asked_in_a_persons_name(people, ann, bob):
    asked = bob.post("/v1/intents", ASK).json()["intent_id"]
    approval = bob.get(f"/v1/intents/{asked}").json()["intent"]["approval_id"]
    path = f"/v1/approvals/{approval}/decision"

    told = bob.post(path, {"decision": "approve"})

    assert refusal(told)[:2] == (403, "not_allowed_to_decide")
    assert ann.post(path, {"decision": "approve"}).status_code == 200


@pytest.mark.parametrize("verb", ["resolve", "resume", "controls", "policy", "cancel"])
def test_a_reviewer_does_not_do_an_agents_work_and_an_admin_may(people, ann, bob, verb):
    intent = make_intent(people.here)
    path = f"/v1/intents/{intent.id}/{verb}"

    assert refusal(bob.post(path, {}))[:2] == (403, "invalid_actor_scope")
    intent.refresh_from_db()
    assert intent.status == "DELIVERED"
    assert ann.post(path, {}).status_code == 200


@pytest.mark.parametrize("path", ["intents", "intents/stream?wait_seconds=1"])
def test_a_reviewer_takes_no_work_of_an_agent_by_looking(people, ann, bob, path):
    intent = make_intent(people.here)

    for headers in (bob.headers, {"x-api-key": bob.login["api_key"]}):
        told = Api().get(f"/v1/agents/desk/{path}", headers=headers)
        assert refusal(told)[:2] == (403, "invalid_actor_scope")
    assert intent.deliveries.get().offered_at is None
    assert ann.get(f"/v1/agents/desk/{path}").status_code == 200


def test_a_reviewer_joins_in_the_talk_about_work(people, bob):
    intent = make_intent(people.here)

    assert bob.post(f"/v1/inbox/{intent.id}/reply", {"message": "Wait."}).status_code == 200


def test_a_reviewer_manages_nothing(people, ann, bob):
    told = bob.post("/v1/service-accounts", {})

    assert told.status_code in (403, 404)
    assert ann.post("/v1/me/tasks").status_code == 405


def test_an_auditor_reads_and_changes_nothing(people):
    eve = Terminal(signed_in(make_person("Eve", people.here, role=Membership.Role.AUDITOR)))
    gate = make_gate(people.here)

    assert eve.get(f"/v1/intents/{gate.intent_id}").status_code == 200
    assert eve.get("/v1/me/tasks").json()["tasks"] == []
    for path, body in (("/v1/intents", ASK), (decision(gate), {"decision": "approve"})):
        assert refusal(eve.post(path, body))[:2] == (403, "invalid_actor_scope")
    assert not Decision.objects.exists()


def test_the_key_of_a_login_only_reads(people, bob):
    key, gate = Api(bob.login["api_key"]), make_gate(people.here)

    assert key.get(f"/v1/intents/{gate.intent_id}").status_code == 200
    assert key.get(f"/v1/intents/{gate.intent_id}/events/stream?wait_seconds=1").status_code == 200
    for path, body in (("/v1/intents", ASK), (decision(gate), {"decision": "approve"})):
        assert refusal(key.post(path, body))[:2] == (403, "invalid_actor_scope")
    assert counts(Decision, Intent) == {"Decision": 0, "Intent": 1}


@pytest.mark.parametrize("by", ["workspace", "agent"])
def test_a_key_beside_the_token_says_where_and_not_who(people, bob, by):
    add_reviewer(people.elsewhere, email="bob@example.com")
    gate = make_gate(people.elsewhere)
    key = make_token(people.elsewhere, **({"agent": "coder"} if by == "agent" else {}))
    headers = bob.headers | {"x-api-key": key}

    told = Api().post(decision(gate), {"decision": "approve"}, headers=headers)

    assert told.status_code == 200
    assert Decision.objects.get().person == people.bob


def test_a_key_of_a_workspace_one_is_no_member_of_opens_nothing(people, bob):
    headers = bob.headers | {"x-api-key": make_token(people.elsewhere)}

    told = Api().get("/v1/me/tasks", headers=headers)

    assert refusal(told)[:2] == (403, "invalid_actor_scope")
    assert "outside actor membership scope" in refusal(told)[2]


def test_a_key_that_does_not_hold_is_refused_beside_a_good_token(bob):
    headers = bob.headers | {"x-api-key": "axme_sa_00000000_" + "a" * 32}

    told = Api().get("/v1/me/tasks", headers=headers)

    assert refusal(told)[:2] == (401, "invalid_platform_api_key")


# Tokens that do not hold


def forged(bob, **changes):
    token = bob.login["account_session_token"]
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return {name: value for name, value in claims.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example"}, "invalid_actor_token"),
        ({"aud": "other"}, "invalid_actor_token"),
        ({"sid": "nonsense"}, "invalid_actor_token"),
        ({"sid": None}, "invalid_actor_token"),
        ({"sub": "x"}, "invalid_actor_token"),
        ({"sub": "999999"}, "invalid_actor_token"),
        ({"sub": "9" * 40}, "invalid_actor_token"),
        ({"exp": None}, "invalid_actor_token"),
        ({"exp": 10**30}, "invalid_actor_token"),
        ({"exp": 1}, "token_expired"),
    ],
    ids=str,
)
def test_claims_that_do_not_hold_are_refused(bob, changes, code):
    token = jwt.encode(forged(bob, **changes), secrets._key("actor-token"), "HS256")

    told = Api().get("/v1/me/tasks", headers=bearer(token))

    assert refusal(told)[:2] == (401, code)


@pytest.mark.parametrize(
    "token", ["a.b.c", "..", "ü.ü.ü", "x" * 5000 + "..", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_token_of_ours_is_refused(people, token):
    headers = {"authorization": f"Bearer {token}".encode()}

    assert refusal(Api().get("/v1/me/tasks", headers=headers))[:2] == (401, "invalid_actor_token")


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_another_algorithm_is_refused(bob, algorithm):
    key = secrets._key("actor-token") + bytes(40) if algorithm == "HS512" else ""
    token = jwt.encode(forged(bob), key, algorithm)

    told = Api().get("/v1/me/tasks", headers=bearer(token))

    assert refusal(told)[:2] == (401, "invalid_actor_token")


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_made_up_key_of_a_session_is_refused(bob, cut):
    key = bob.login["api_key"][:-cut] + "0" * (cut - 1) + "x"

    told = Api(key).get("/v1/capabilities")

    assert refusal(told)[:2] == (401, "invalid_platform_api_key")


def test_a_token_lasts_a_quarter_of_an_hour(people, bob):
    now = timezone.now()
    session = Session.objects.get()
    who = Bearer(session.id, people.bob.pk)
    early = secrets.access_token(who, {}, now=now - timedelta(minutes=14))
    late = secrets.access_token(who, {}, now=now - timedelta(minutes=15))

    assert Api().get("/v1/me/tasks", headers=bearer(early)).status_code == 200
    assert refusal(Api().get("/v1/me/tasks", headers=bearer(late)))[1] == "token_expired"


# Ending at once


def revoke(people):
    ending.revoke_all(people.bob, now=timezone.now())


def leave(people):
    people.bob.memberships.all().delete()


def lock_out(people):
    people.bob.is_active = False
    people.bob.save(update_fields=["is_active"])


def run_out(people):
    Session.objects.update(expires_at=timezone.now())


@pytest.mark.parametrize("end", [revoke, leave, lock_out, run_out])
def test_what_ends_a_session_ends_all_that_came_with_it_at_once(people, bob, end):
    gate = make_gate(people.here)
    assert bob.get("/v1/me/tasks").status_code == 200

    end(people)

    assert bob.get("/v1/me/tasks").status_code in (401, 403)
    assert bob.post(decision(gate), {"decision": "approve"}).status_code in (401, 403)
    assert Api(bob.login["api_key"]).get("/v1/capabilities").status_code in (401, 403)
    if end is not leave:
        told = Api().post("/v1/auth/refresh", {"refresh_token": bob.login["refresh_token"]})
        assert refusal(told)[:2] == (401, "invalid_refresh_token")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("end", [revoke, leave, lock_out, run_out])
def test_a_write_looks_again_inside_its_transaction(people, bob, end):
    """The look-up at the door may be older than what ended the session."""
    from accounts.sessions import actors
    from approvals.actions import Answer, decide_many, submit_many
    from intents.actions import lock
    from tests.factories import submission

    token = bob.login["account_session_token"]
    actor = actors.actor_for_token(token, now=timezone.now())
    gate, now = make_gate(people.here), timezone.now()

    end(people)

    (refused,) = decide_many([Answer(gate.id, "approved", actor)], now=timezone.now())
    (unsent,) = submit_many([submission(actor)], now=timezone.now())
    assert isinstance(refused, secrets.TokenRefused)
    assert isinstance(unsent, secrets.TokenRefused)
    with pytest.raises(secrets.TokenRefused):
        lock(gate.intent_id, actor=actor, now=timezone.now())
    assert (Decision.objects.count(), Intent.objects.filter(created_at__gt=now).count()) == (0, 0)


def test_a_reviewer_made_auditor_decides_no_more(people, bob):
    from accounts.sessions import actors
    from approvals.actions import Answer, decide_many

    actor = actors.actor_for_token(bob.login["account_session_token"], now=timezone.now())
    gate = make_gate(people.here)

    people.bob.memberships.update(role=Membership.Role.AUDITOR)

    (refused,) = decide_many([Answer(gate.id, "approved", actor)], now=timezone.now())
    assert isinstance(refused, secrets.TokenRefused)


# Refreshing


def test_a_refresh_token_is_taken_for_the_next_pair_once(people, bob):
    first = bob.login["refresh_token"]

    told = Api().post("/v1/auth/refresh", {"refresh_token": first}).json()

    assert told["refresh_token"] != first
    assert Api().get("/v1/me/tasks", headers=bearer(told["access_token"])).status_code == 200
    assert not RefreshToken.objects.filter(hash__in=[first, told["refresh_token"]]).exists()


def test_a_refresh_token_that_comes_twice_ends_the_session(people, bob):
    first = bob.login["refresh_token"]
    next = Api().post("/v1/auth/refresh", {"refresh_token": first}).json()

    again = Api().post("/v1/auth/refresh", {"refresh_token": first})

    assert refusal(again)[:2] == (401, "invalid_refresh_token")
    assert refusal(bob.get("/v1/me/tasks"))[1] == "invalid_actor_token"
    late = Api().post("/v1/auth/refresh", {"refresh_token": next["refresh_token"]})
    assert refusal(late)[:2] == (401, "invalid_refresh_token")


def test_a_refresh_token_sent_twice_at_once_gives_one_pair_and_no_session(people, bob):
    call = ("POST", "/v1/auth/refresh", {"json": {"refresh_token": bob.login["refresh_token"]}})

    answers = Api().together(call, call, call)

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    assert refusal(bob.get("/v1/me/tasks"))[1] == "invalid_actor_token"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"refresh_token": "nonsense"}, 401), ({"refresh_token": "ü" * 200}, 401),
     ({"refresh_token": ""}, 422), ({"refresh_token": 7}, 422), ({}, 422), ([], 422),
     ({"refresh_token": "x" * 300}, 422)],
    ids=str,
)  # fmt: skip
def test_a_made_up_refresh_token_is_refused(people, body, status):
    assert refusal(Api().post("/v1/auth/refresh", body))[0] == status


# Sessions of one's own


def test_a_person_lists_and_ends_their_sessions(people, bob, ann):
    other = Terminal(signed_in(people.bob))

    listed = bob.get("/v1/auth/sessions").json()["sessions"]
    assert [(s["session_id"], s["is_current"]) for s in listed] == [
        (other.login["session_id"], False),
        (bob.login["session_id"], True),
    ]
    told = bob.post("/v1/auth/sessions/revoke", {"session_id": other.login["session_id"]}).json()
    assert (told["ok"], told["revoked"]) == (True, True)

    assert refusal(other.get("/v1/me/tasks"))[1] == "invalid_actor_token"
    assert len(bob.get("/v1/auth/sessions").json()["sessions"]) == 1
    both = bob.get("/v1/auth/sessions?include_revoked=true").json()["sessions"]
    assert [(s["revoked"], s["revoked_at"] is not None) for s in both] == [
        (True, True), (False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("id", ["nonsense", "", "00000000-0000-0000-0000-000000000000", "ANNS"])
def test_somebody_elses_session_does_not_exist(bob, ann, id):
    id = ann.login["session_id"] if id == "ANNS" else id

    told = bob.post("/v1/auth/sessions/revoke", {"session_id": id})

    assert refusal(told)[:2] == (404, "session_not_found")
    assert ann.get("/v1/me/tasks").status_code == 200


def test_logging_out_ends_this_session_only_and_logging_out_everywhere_all(people, bob, ann):
    second, third = (Terminal(signed_in(people.bob)) for _ in range(2))

    assert bob.post("/v1/auth/logout").json()["ok"] is True
    assert bob.get("/v1/me/tasks").status_code == 401
    assert second.get("/v1/me/tasks").status_code == 200
    assert second.post("/v1/auth/logout-all").json()["ok"] is True
    assert third.get("/v1/me/tasks").status_code == 401
    assert ann.get("/v1/me/tasks").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/auth/sessions"), ("POST", "/v1/auth/sessions/revoke"),
     ("POST", "/v1/auth/logout"), ("POST", "/v1/auth/logout-all"),
     ("GET", "/v1/portal/personal/context"), ("POST", "/v1/portal/personal/workspace-selection")],
)  # fmt: skip
def test_a_key_has_no_session(people, method, path):
    told = Api(make_token(people.here)).call(method, path, json={})

    assert refusal(told)[:2] == (401, "missing_actor_token")


# Where a session acts


def test_a_person_selects_where_their_calls_act(people, bob):
    add_reviewer(people.elsewhere, email="bob@example.com")
    gate = make_gate(people.elsewhere)
    before = bob.get("/v1/portal/personal/context").json()
    (_, other) = before["workspaces"]

    chosen = bob.post(
        "/v1/portal/personal/workspace-selection",
        {"org_id": other["org_id"], "workspace_id": other["workspace_id"]},
    ).json()

    assert before["selected_workspace"]["name"] == "production"
    place = {"org_id": str(people.elsewhere.org_id), "workspace_id": str(people.elsewhere.id)}
    assert chosen["context"] == place
    assert bob.get("/v1/portal/personal/context").json()["context"] == chosen["context"]
    assert [t["approval_id"] for t in bob.get("/v1/me/tasks").json()["tasks"]] == [str(gate.id)]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"org_id": "other", "workspace_id": "place"}, 403), ({"workspace_id": "nonsense"}, 403),
     ({"org_id": "other", "workspace_id": "production"}, 403), ({"workspace_id": ""}, 422),
     ({"workspace_id": "x" * 65}, 422), ({}, 422), ({"workspace_id": 7}, 422)],
    ids=str,
)  # fmt: skip
def test_a_workspace_one_is_no_member_of_cannot_be_selected(bob, body, status):
    told = bob.post("/v1/portal/personal/workspace-selection", body)

    assert refusal(told)[0] == status
    selected = bob.get("/v1/portal/personal/context").json()["selected_workspace"]
    assert selected["name"] == "production"


def test_whoever_lost_the_selected_workspace_is_told_and_selects_another(people, bob):
    add_reviewer(people.elsewhere, email="bob@example.com")
    people.bob.memberships.filter(workspace=people.here).delete()

    assert refusal(bob.get("/v1/me/tasks"))[:2] == (403, "invalid_actor_scope")
    context = bob.get("/v1/portal/personal/context").json()
    assert (context["context"]["workspace_id"], context["selected_workspace"]) == ("", {})
    body = {"org_id": "other", "workspace_id": "place"}
    assert bob.post("/v1/portal/personal/workspace-selection", body).status_code == 200
    assert bob.get("/v1/me/tasks").status_code == 200


def test_whoever_subscribed_hears_of_an_ended_session(people, bob):
    ending.revoke_all(people.bob, now=timezone.now())

    event = WebhookEvent.objects.get()
    assert (event.type, event.owner) == ("auth.session_revoked", "bob@example.com")
    assert event.payload["session_id"] == bob.login["session_id"]
