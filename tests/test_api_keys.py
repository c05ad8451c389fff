"""Who may call: the slots a key comes in, and keys that do not hold."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import keys
from accounts.actions import revoke_key
from accounts.models import Agent, ApiKey
from events.models import Event, Subscription, WebhookEvent
from intents.models import Intent
from tests.calling import Api, counts, refusal
from tests.factories import make_gate, make_intent, make_token

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = {"intent_type": "a.b.v1"}
HOOK = {"callback_url": "https://hooks.example.com/a", "event_types": ["intent.*"]}
TOLD = {"event_type": "invite.accepted", "source": "tests", "payload": {}}


@pytest.fixture
def token(people):
    return make_token(people.here)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "TOKEN"},
        {"authorization": "Bearer TOKEN"},
        {"authorization": "bearer  TOKEN "},
        {"x-api-key": "TOKEN", "authorization": "Bearer of other news"},
    ],
    ids=["own header", "bearer", "small letters", "own header first"],
)
def test_a_key_comes_in_its_header_or_as_a_bearer(token, headers):
    sent = {name: value.replace("TOKEN", token) for name, value in headers.items()}

    assert Api().get("/v1/capabilities", headers=sent).status_code == 200


MISSING = (401, "missing_platform_api_key", "Send an API key in the x-api-key header.")


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-key": ""}, {"x-api-key": "  "}, {"authorization": ""}, {"authorization": "Bearer "},
     {"authorization": "Basic abc"}],
    ids=str,
)  # fmt: skip
def test_without_a_key_nothing_is_said(people, headers):
    assert refusal(Api().get("/v1/capabilities", headers=headers)) == MISSING


@pytest.mark.parametrize("token", ["nonsense", "axme_sa_00000000_" + "a" * 32, "ü", "x" * 5000])
def test_an_unknown_key_is_refused(people, token):
    answer = Api().get("/v1/capabilities", headers={"x-api-key": token.encode()})

    assert refusal(answer)[:2] == (401, "invalid_platform_api_key")


def test_a_revoked_key_writes_nothing_even_while_it_is_remembered(people, token):
    api, intent, gate = Api(token), make_intent(people.here), make_gate(people.here)
    before = counts(Intent, Event, Subscription, WebhookEvent)

    calls = [
        ("/v1/intents", CREATE),
        (f"/v1/intents/{intent.id}/resolve", {"status": "done"}),
        (f"/v1/intents/{intent.id}/resume", {"note": "x"}),
        (f"/v1/intents/{intent.id}/cancel", {}),
        (f"/v1/intents/{intent.id}/controls", {}),
        (f"/v1/intents/{intent.id}/policy", {}),
        (f"/v1/inbox/{intent.id}/reply", {"message": "x"}),
        (f"/v1/inbox/{gate.intent_id}/approve", {}),
        (f"/v1/inbox/{gate.intent_id}/reject", {}),
        (f"/v1/approvals/{gate.id}/decision", {"decision": "approve"}),
        ("/v1/service-accounts", {"name": "shop"}),
        ("/v1/users/register-nick", {"nick": "@dora"}),
        ("/v1/invites/create", {"owner_agent": "shop"}),
        (
            "/v1/schemas",
            {"semantic_type": "a.b.v1", "schema_json": {}, "compatibility_mode": "warn"},
        ),
        ("/v1/webhooks/subscriptions", HOOK),
        ("/v1/webhooks/events", TOLD),
        (f"/v1/webhooks/events/{uuid4()}/replay", {}),
    ]
    for path, body in calls:
        # Each time anew: this process forgets a key as soon as one write of it was refused.
        ApiKey.objects.update(revoked_at=None)
        assert api.get("/v1/capabilities").status_code == 200
        # Revoked by another process, which cannot make this one forget.
        ApiKey.objects.update(revoked_at=timezone.now())
        assert keys.remembered(token) is not None
        answer = api.post(path, body)
        assert refusal(answer)[:2] == (401, "invalid_platform_api_key"), path
    assert counts(Intent, Event, Subscription, WebhookEvent) == before


def test_a_key_revoked_here_reads_nothing_at_once(people, token):
    api = Api(token)
    api.get("/v1/capabilities")

    revoke_key(ApiKey.objects.get(), now=timezone.now())

    assert refusal(api.get("/v1/capabilities"))[0] == 401


def test_the_key_of_an_agent_that_is_switched_off_writes_nothing(people):
    api = Api(make_token(people.here, agent="desk"))
    api.get("/v1/capabilities")
    Agent.objects.update(is_on=False)

    assert refusal(api.post("/v1/intents", CREATE))[0] == 401
    assert not Intent.objects.exists()


def test_one_revoked_key_among_creates_sent_at_once_hurts_no_other(people, token):
    other = make_token(people.here, name="other")
    for known in (token, other):
        Api(known).get("/v1/capabilities")
    ApiKey.objects.filter(name="other").update(revoked_at=timezone.now())
    sent = [("POST", "/v1/intents", {"json": CREATE, "headers": {"x-api-key": key}})
            for key in [token, other] * 10]  # fmt: skip

    answers = Api().together(*sent)

    assert [answer.status_code for answer in answers] == [200, 401] * 10
    assert Intent.objects.count() == 10
