"""Nicknames, invitations, the trail and what is not supported, over the API."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Agent, ApiKey, Membership, User, Workspace
from accounts.people.models import Invite, Profile
from api.axme.unsupported import FAMILIES
from api.models import IdempotencyKey
from events.models import Outbox
from intents.media.models import Upload
from intents.registry.models import IntentType
from tests.calling import agent_api, counts, refusal, workspace_api
from tests.factories import make_gate, make_intent

pytestmark = pytest.mark.django_db(transaction=True)
INVITE = {"owner_agent": "agent://desk/owner", "recipient_hint": "Dora", "ttl_seconds": 3600}


@pytest.fixture
def stranger(people):
    return workspace_api(people.elsewhere)


def register(api, nick="@Dora", **more):
    answer = api.post("/v1/users/register-nick", {"nick": nick, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_nickname_is_registered_with_an_address_of_people(people, api):
    told = register(api, display_name="Dora D", email="dora@example.com")

    row = Profile.objects.select_related("agent").get()
    assert told["user_id"] == str(row.id)
    assert told["nick"] == "@Dora"
    assert told["public_address"] == "dora@ax"
    assert told["owner_agent"] == row.agent.address == "agent://myorg/production/dora"
    assert row.agent.kind == Agent.Kind.PEOPLE
    asked = api.post("/v1/intents", {"intent_type": "a.v1", "to_agent": told["owner_agent"]})
    assert asked.json()["status"] == "WAITING"


def test_a_nickname_is_taken_in_any_case_and_only_here(api, stranger):
    assert api.get("/v1/users/check-nick", params={"nick": "@DORA"}).json()["available"] is True
    register(api)

    told = api.get("/v1/users/check-nick", params={"nick": "@DORA"}).json()
    assert (told["nick"], told["normalized_nick"], told["available"]) == ("@DORA", "dora", False)
    again = api.post("/v1/users/register-nick", {"nick": "@dOrA"})
    assert refusal(again)[:2] == (409, "nick_taken")
    # Another workspace neither sees it nor is in its way.
    assert stranger.get("/v1/users/check-nick", params={"nick": "@Dora"}).json()["available"]
    register(stranger)


def test_the_name_of_an_agent_or_of_the_server_is_no_nickname(people, api):
    agent_api(people.here, "billing")

    for nick in ("@Billing", "@agent_core", "@human"):
        assert refusal(api.post("/v1/users/register-nick", {"nick": nick}))[1] == "nick_taken"


@pytest.mark.parametrize(
    "nick", ["@ab", "@" + "x" * 33, "@a b c", "@dörte", "@a/b/c", "dora@ax", "@x\u202ey"]
)
def test_other_characters_are_no_nickname(api, nick):
    for answer in (
        api.post("/v1/users/register-nick", {"nick": nick}),
        api.get("/v1/users/check-nick", params={"nick": nick}),
        api.get("/v1/users/resolve-nick", params={"nick": nick}),
    ):
        assert refusal(answer)[:2] == (422, "invalid_nick")
    assert not Profile.objects.exists()


def test_a_renamed_person_keeps_the_address_and_the_old_nickname_is_free(api):
    first = register(api)

    told = api.post(
        "/v1/users/rename-nick", {"owner_agent": first["owner_agent"], "nick": "@Dorothea"}
    ).json()
    second = register(api)

    assert (told["owner_agent"], told["nick"]) == (first["owner_agent"], "@Dorothea")
    assert told["renamed_at"]
    assert second["user_id"] != first["user_id"]
    assert second["owner_agent"] != first["owner_agent"]
    for nick, person in (("@dorothea", first), ("@dora", second)):
        found = api.get("/v1/users/resolve-nick", params={"nick": nick}).json()
        assert found["owner_agent"] == person["owner_agent"]


def test_a_profile_is_read_and_changed_field_by_field(api):
    owner = register(api, display_name="Dora", phone="+49 30 1")["owner_agent"]

    told = api.post(
        "/v1/users/profile/update", {"owner_agent": owner, "display_name": "Dora D"}
    ).json()

    assert (told["display_name"], told["phone"]) == ("Dora D", "+49 30 1")
    read = api.get("/v1/users/profile", params={"owner_agent": owner}).json()
    assert read == told
    assert Agent.objects.get(address=owner).display_name == "Dora D"


def test_people_of_another_workspace_do_not_exist(api, stranger):
    owner = register(api)["owner_agent"]
    before = Profile.objects.values().get()

    for answer in (
        stranger.get("/v1/users/profile", params={"owner_agent": owner}),
        stranger.get("/v1/users/resolve-nick", params={"nick": "@Dora"}),
        stranger.post("/v1/users/rename-nick", {"owner_agent": owner, "nick": "@Evil"}),
        stranger.post("/v1/users/profile/update", {"owner_agent": owner, "display_name": "E"}),
    ):
        assert refusal(answer)[:2] == (404, "user_not_found")
    assert Profile.objects.values().get() == before


def test_an_agent_key_reads_people_and_changes_none(people, api):
    owner, agent = register(api)["owner_agent"], agent_api(people.here, "shop")

    assert agent.get("/v1/users/resolve-nick", params={"nick": "@Dora"}).status_code == 200
    for path, body in (
        ("register-nick", {"nick": "@Eve"}),
        ("rename-nick", {"owner_agent": owner, "nick": "@Eve"}),
        ("profile/update", {"owner_agent": owner, "display_name": "Eve"}),
    ):
        assert refusal(agent.post(f"/v1/users/{path}", body))[0] == 403


@pytest.mark.parametrize("body", [{}, {"nick": 7}, {"nick": None}, [], {"nick": "@dora", "display_name": "x" * 121},
                                  {"nick": "@dora", "email": {"a": 1}}], ids=str)  # fmt: skip
def test_a_malformed_registration_registers_nobody(api, body):
    assert refusal(api.post("/v1/users/register-nick", body))[:2] == (422, "schema_invalid")
    assert not Profile.objects.exists()


def invited(api, **more):
    answer = api.post("/v1/invites/create", INVITE | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_invitation_is_made_and_read_and_only_its_hash_is_kept(api):
    made = invited(api)

    assert made["status"] == "pending"
    assert made["invite_url"].endswith(f"/invitations/{made['token']}")
    read = api.get(f"/v1/invites/{made['token']}").json()
    assert {k: read[k] for k in INVITE if k != "ttl_seconds"} == {
        k: v for k, v in INVITE.items() if k != "ttl_seconds"
    }
    assert made["token"] not in str(Invite.objects.values().get())
    assert not Outbox.objects.exists()


def test_a_repeated_call_gets_the_same_secret_and_nobody_else_finds_it(api):
    headers = {"Idempotency-Key": "k"}

    first, again = (
        api.post("/v1/invites/create", INVITE, headers=headers).json() for _ in range(2)
    )
    taken = [accept(api, first, headers=headers) for _ in range(2)]

    assert first == again
    assert taken[0].json() == taken[1].json()
    assert Invite.objects.count() == 1
    assert first["token"] not in str(list(IdempotencyKey.objects.values()))


def test_a_hint_that_is_an_address_is_mailed_to(api):
    invited(api, recipient_hint="Dora@Example.com")

    assert Invite.objects.get().email == "dora@example.com"
    assert Outbox.objects.get().kind == "invite.mail"


def accept(api, made, nick="@Dora", headers=None, **more):
    path = f"/v1/invites/{made['token']}/accept"
    return api.post(path, {"nick": nick, **more}, headers=headers or {})


def test_accepting_binds_a_nickname_and_lets_nobody_in(api):
    made, before = invited(api), counts(User, Membership)

    told = accept(api, made, display_name="Dora D").json()

    assert told["status"] == "accepted"
    assert told["owner_agent"] == "agent://myorg/production/dora"
    assert told["registry_bind_status"] == "disabled"
    assert counts(User, Membership) == before
    assert accept(api, made).json()["user_id"] == told["user_id"]
    assert refusal(accept(api, made, "@Other"))[:2] == (410, "invite_ended")
    read = api.get(f"/v1/invites/{made['token']}").json()
    assert (read["status"], read["nick"], read["accepted_owner_agent"]) == (
        "accepted", "@Dora", told["owner_agent"],
    )  # fmt: skip


def test_the_same_invitation_again_returns_who_accepted_it_before(api):
    first = accept(api, invited(api)).json()

    assert accept(api, invited(api)).json()["user_id"] == first["user_id"]
    assert Profile.objects.count() == 1


def test_nobody_takes_a_nickname_over_by_an_invitation_for_somebody_else(people, api):
    accept(api, invited(api)).json()
    for hint in ("Eve", "eve@example.com"):
        assert refusal(accept(api, invited(api, recipient_hint=hint)))[1] == "nick_taken"
    Agent.objects.filter(address__endswith="/dora").update(person=people.bob)

    assert refusal(accept(api, invited(api)))[1] == "nick_taken"


def test_an_expired_or_revoked_invitation_is_not_accepted(api):
    made = invited(api)
    Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(accept(api, made))[:2] == (410, "invite_ended")
    assert api.get(f"/v1/invites/{made['token']}").json()["status"] == "expired"
    Invite.objects.update(expires_at=timezone.now() + timedelta(1), revoked_at=timezone.now())
    assert refusal(accept(api, made))[:2] == (410, "invite_ended")
    assert not Profile.objects.exists()


def test_invitations_of_another_workspace_do_not_exist(api, stranger):
    made = invited(api)

    assert refusal(stranger.get(f"/v1/invites/{made['token']}"))[:2] == (404, "invite_not_found")
    assert refusal(accept(stranger, made))[:2] == (404, "invite_not_found")
    assert refusal(api.get("/v1/invites/" + "x" * 40))[:2] == (404, "invite_not_found")


def test_agent_keys_and_keys_that_may_not_decide_invite_nobody(people, api):
    agent = agent_api(people.here, "shop")
    own = {"owner_agent": "agent://myorg/production/shop"}
    assert refusal(agent.post("/v1/invites/create", INVITE | own))[0] == 403
    Workspace.objects.update(keys_may_decide=False)

    assert refusal(workspace_api(people.here).post("/v1/invites/create", INVITE))[0] == 403
    assert not Invite.objects.exists()


@pytest.mark.parametrize(
    "change",
    [{"owner_agent": None}, {"owner_agent": "x"}, {"ttl_seconds": 59}, {"ttl_seconds": 10**30},
     {"recipient_hint": ""}, {"recipient_hint": "x" * 256}, {"ttl_seconds": "soon"}],
    ids=str,
)  # fmt: skip
def test_a_malformed_invitation_is_not_made(api, change):
    assert refusal(api.post("/v1/invites/create", INVITE | change))[:2] == (422, "schema_invalid")
    assert not Invite.objects.exists()


def test_the_trail_is_read_newest_first_and_page_by_page(people, api):
    gate = make_gate(people.here)
    make_intent(people.here)

    whole = api.get("/v1/audit/events").json()["events"]
    pages, cursor = [], ""
    while cursor is not None:
        page = api.get("/v1/audit/events", params={"limit": 3, "cursor": cursor}).json()
        pages += page["events"]
        cursor = page["next_cursor"]
        assert page["has_more"] is (cursor is not None)

    assert pages == whole
    assert [row["at"] for row in whole] == sorted((row["at"] for row in whole), reverse=True)
    asked = next(row for row in whole if row["action"] == "intent.human_task_assigned")
    assert asked["object_id"] == str(gate.intent_id)
    assert asked["details"]["approval_id"] == str(gate.id)


def test_the_trail_is_narrowed_by_action_and_by_who(people, api):
    make_gate(people.here)
    actor = {"params": {"owner_agent": "key:ci"}}

    named = api.get("/v1/audit/events", params={"action_prefix": "intent.human"}).json()["events"]
    assert {row["action"] for row in named} == {"intent.human_task_assigned"}
    assert api.get("/v1/audit/events", **actor).json()["events"]
    assert not api.get("/v1/audit/events", params={"owner_agent": "agent://a/b"}).json()["events"]


def test_the_trail_of_another_workspace_does_not_exist(people, stranger):
    make_intent(people.here)

    assert stranger.get("/v1/audit/events").json()["events"] == []
    agent = agent_api(people.here, "shop")
    assert refusal(agent.get("/v1/audit/events"))[:2] == (403, "invalid_actor_scope")


@pytest.mark.parametrize("cursor", ["x", "e:-1", "e:" + "9" * 40, "e:1.5", "²"])
def test_a_made_up_cursor_is_refused(api, cursor):
    answer = api.get("/v1/audit/events", params={"cursor": cursor})

    assert refusal(answer)[:2] == (422, "schema_invalid")


def test_what_is_not_supported_says_so_and_what_to_use_instead(api):
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    calls = [
        (m, f"/v1/{f}{rest}", {}) for f in FAMILIES for rest in ("", "/7/more") for m in methods
    ]

    answers = api.together(*calls)

    for (_, path, _), answer in zip(calls, answers, strict=True):
        assert refusal(answer) == (404, "not_supported", FAMILIES[path.split("/")[2]])


def test_without_a_key_not_even_that_is_said(api):
    assert refusal(type(api)().get("/v1/billing/plan"))[0] == 401


def test_of_many_who_want_a_nickname_at_once_one_has_it(api):
    body = {"json": {"nick": "@Dora"}}

    answers = api.together(*[("POST", "/v1/users/register-nick", body)] * 12)

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 11
    assert Profile.objects.count() == 1
    assert Agent.objects.filter(kind=Agent.Kind.PEOPLE).count() == 1


def test_of_many_who_accept_at_once_under_other_names_one_does(api):
    path = f"/v1/invites/{invited(api)['token']}/accept"

    answers = api.together(*(("POST", path, {"json": {"nick": f"@dora{n}"}}) for n in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [410] * 7
    assert Profile.objects.count() == 1


def test_a_revoked_key_changes_nobody_even_while_it_is_remembered(people, api):
    owner, made = register(api)["owner_agent"], invited(api)
    ApiKey.objects.update(revoked_at=timezone.now())
    before = counts(Profile, Invite, Upload, IntentType)
    file = {"filename": "a", "mime_type": "text/plain", "size_bytes": 1}
    type_ = {
        "semantic_type": "a.v1",
        "schema_json": {"type": "object"},
        "compatibility_mode": "warn",
    }

    for path, body in (
        ("users/register-nick", {"nick": "@Eve"}),
        ("users/rename-nick", {"owner_agent": owner, "nick": "@Eve"}),
        ("users/profile/update", {"owner_agent": owner, "display_name": "Eve"}),
        ("invites/create", INVITE),
        (f"invites/{made['token']}/accept", {"nick": "@Eve"}),
        ("media/create-upload", file | {"owner_agent": owner}),
        ("media/finalize-upload", {"upload_id": str(uuid4()), "size_bytes": 1}),
        ("schemas", type_),
    ):
        answer = api.post(f"/v1/{path}", body)
        assert refusal(answer)[:2] == (401, "invalid_platform_api_key"), path
    assert counts(Profile, Invite, Upload, IntentType) == before
    assert Profile.objects.get().nick == "@Dora"


WHO = {"ok", "user_id", "owner_agent", "nick", "public_address", "display_name", "phone", "email"}
ASKED = {"ok", "token", "owner_agent", "recipient_hint", "status", "created_at", "expires_at"}
PLACE = {"ok", "upload_id", "owner_agent", "bucket", "object_path"}
TYPE = {"semantic_type", "schema_ref", "schema_hash", "compatibility_mode", "scope", "owner_agent",
        "active", "created_at", "updated_at"}  # fmt: skip


def test_the_answers_have_the_fields_of_the_protocol_and_no_others(api):
    """Its published schemas of these answers allow no further ones."""
    owner = register(api)["owner_agent"]
    made = invited(api)
    accepted = {"accepted_at", "accepted_owner_agent", "nick", "public_address"}
    file = {"owner_agent": owner, "filename": "a", "mime_type": "text/plain", "size_bytes": 1}
    upload = api.post("/v1/media/create-upload", file).json()
    told = api.get(f"/v1/media/{upload['upload_id']}").json()
    type_ = {
        "semantic_type": "a.b.c.v1",
        "schema_json": {"type": "object"},
        "compatibility_mode": "warn",
    }

    assert set(register(api, "@Other")) == WHO | {"created_at"}
    renamed = api.post("/v1/users/rename-nick", {"owner_agent": owner, "nick": "@Dorothea"}).json()
    assert set(renamed) == WHO | {"renamed_at"}
    profile = api.get("/v1/users/profile", params={"owner_agent": owner}).json()
    assert set(profile) == WHO | {"normalized_nick", "updated_at"}
    assert set(made) == ASKED | {"invite_url"}
    assert set(api.get(f"/v1/invites/{made['token']}").json()) == ASKED | accepted
    assert set(accept(api, made, "@Third").json()) == {
        "ok", "token", "status", "invite_owner_agent", "user_id", "owner_agent", "nick",
        "public_address", "display_name", "accepted_at", "registry_bind_status",
    }  # fmt: skip
    assert set(upload) == PLACE | {"upload_url", "status", "expires_at", "max_size_bytes"}
    assert set(told) == {"ok", "upload"}
    assert set(told["upload"]) == (PLACE - {"ok"}) | {
        "mime_type", "filename", "size_bytes", "sha256", "status", "created_at", "expires_at",
        "finalized_at", "download_url", "preview_url",
    }  # fmt: skip
    assert set(api.post("/v1/schemas", type_).json()["schema"]) == TYPE
    assert set(api.get("/v1/schemas/a.b.c.v1").json()["schema"]) == TYPE | {"schema_json"}
