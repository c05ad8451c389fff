"""From a terminal to the desk: once, within five minutes, by a button, and never by a key."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import entering
from accounts.entering import EntryRefused
from accounts.models import EntryToken
from tests.calling import Api, agent_api, refusal, workspace_api
from tests.factories import key, person

pytestmark = pytest.mark.django_db(transaction=True)
EXCHANGE = "/auth/exchange"


def is_signed_in(client):
    return client.get("/agents").status_code == 200


def test_a_look_signs_nobody_in_and_the_button_does_once(people, now):
    token = entering.let_in(person(people.ann), now=now)
    client, other = Client(), Client()
    for _ in range(2):
        page = client.get(EXCHANGE, {"token": token})
        assert "Sign in as Ann" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert not is_signed_in(client)

    assert client.post(EXCHANGE, {"token": token})["Location"] == "/agents"

    assert is_signed_in(client)
    assert other.post(EXCHANGE, {"token": token}).status_code == 410
    assert not is_signed_in(other)
    assert token not in str(EntryToken.objects.values().get())


def test_a_token_of_a_key_leads_to_the_sign_in_page_and_lets_nobody_in(people):
    told = workspace_api(people.here).post("/v1/auth/dashboard-token").json()
    client = Client()

    assert told["expires_in"] == 300
    page = client.get(EXCHANGE, {"token": told["token"]})
    assert page["Location"] == "/sign-in?next=/agents"
    assert client.post(EXCHANGE, {"token": told["token"]}).status_code == 410
    assert not is_signed_in(client)


def test_after_five_minutes_and_for_one_who_left_it_has_ended(people, now):
    late = entering.let_in(person(people.ann), now=now - timedelta(minutes=6))
    gone = entering.let_in(person(people.bob), now=timezone.now())
    people.bob.is_active = False
    people.bob.save(update_fields=["is_active"])

    assert Client().get(EXCHANGE, {"token": late}).status_code == 410
    for token in (late, gone, "", "nonsense"):
        with pytest.raises(EntryRefused):
            entering.enter(token, now=timezone.now())
        assert Client().post(EXCHANGE, {"token": token}).status_code == 410


def test_agents_and_strangers_get_no_token(people, now):
    answer = agent_api(people.here, "desk").post("/v1/auth/dashboard-token")
    assert refusal(answer)[:2] == (403, "invalid_actor_scope")
    assert refusal(Api().post("/v1/auth/dashboard-token"))[0] == 401
    assert key(people.here, now=now)
    assert not EntryToken.objects.exists()


def test_a_post_needs_a_page_of_ours(people, now):
    token = entering.let_in(person(people.ann), now=now)
    client = Client(enforce_csrf_checks=True)

    assert client.post(EXCHANGE, {"token": token}).status_code == 403
    assert entering.enter(token, now=now) == people.ann
