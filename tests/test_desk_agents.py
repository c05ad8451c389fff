"""The desk's page of agents: who sees it, what it shows, and the switch that asks twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.models import Agent
from governance import actions
from governance.models import MeshEvent
from tests.factories import key, make_intent, make_person, person
from tests.signing_in import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(people):
    return ensure_agent(people.here, "desk")


@pytest.fixture
def ann(people):
    return at_desk(people.ann)


def seen(client, name="agents", *args, **given):
    page = client.get(reverse(name, args=args), **given)
    assert page.status_code == 200
    return page.content.decode()


def beat(people, agent, *, ago=0, cost="0"):
    mine = key(people.here, agent=agent.name)
    at = timezone.now() - timedelta(seconds=ago)
    actions.heartbeat(agent, metrics={"calls": 7}, cost_usd=Decimal(cost), actor=mine, now=at)


def test_a_page_without_agents_says_how_they_come(ann):
    assert "No agent is registered yet" in seen(ann)


@pytest.mark.parametrize(
    ("ago", "words"),
    [(None, "Never heard"), (5, "Healthy"), (120, "Late heartbeat"), (900, "Not heard since")],
)
def test_health_is_said_in_words(people, ann, desk, ago, words):
    if ago is not None:
        beat(people, desk, ago=ago)

    assert words in seen(ann)


def test_the_list_shows_what_an_agent_did_and_spent_today(people, ann, desk):
    actions.set_limits(
        desk, limits={"max_cost_per_day_usd": 10}, actor=person(people.ann), now=timezone.now()
    )
    beat(people, desk, cost="8.5")
    make_intent(people.here)

    page = seen(ann)

    assert "$8.50" in page
    assert "of $10<" in page
    assert "85 % of today" in page
    assert f'id="asked-{desk.id}">1<' in page


def test_the_list_takes_the_same_number_of_queries_for_one_as_for_many(
    people, ann, desk, django_assert_max_num_queries
):
    for number in range(20):
        other = ensure_agent(people.here, f"agent-{number}")
        if number % 2:
            actions.kill(other, actor=person(people.ann), now=timezone.now())
    seen(ann)

    with django_assert_max_num_queries(12):
        seen(ann)


def test_the_first_press_asks_and_the_second_switches_off(people, ann, desk):
    make_intent(people.here)
    asked = seen(ann, "agent_switch", desk.id)
    part = seen(ann, "agent_switch", desk.id, headers={"hx-request": "true"})
    assert "1 piece of its work stays and waits for it" in asked
    assert "Switch off now" in part
    assert "<html" not in part
    assert Agent.objects.get(id=desk.id).killed_at is None

    said = ann.post(
        reverse("agent_switch", args=[desk.id]), {"to": "off", "reason": "It loops"}, follow=True
    )

    assert "desk is switched off. Nothing it sends is taken" in said.content.decode()
    assert "Switched off by Ann" in seen(ann)
    event = MeshEvent.objects.get()
    assert (event.actor, event.details) == ("ann@example.com", {"reason": "It loops"})
    assert "It loops" in seen(ann, "agent", desk.id)


def test_a_double_press_switches_nothing_on_again(people, ann, desk):
    for _ in range(2):
        ann.post(reverse("agent_switch", args=[desk.id]), {"to": "off"})
    assert Agent.objects.get(id=desk.id).killed_at is not None
    assert "Switch on now" in seen(ann, "agent_switch", desk.id)

    ann.post(reverse("agent_switch", args=[desk.id]), {"to": "on"})
    assert Agent.objects.get(id=desk.id).killed_at is None


@pytest.mark.parametrize("data", [{}, {"to": "sideways"}])
def test_a_press_that_says_neither_asks_again(ann, desk, data):
    answer = ann.post(reverse("agent_switch", args=[desk.id]), data)

    assert answer["Location"] == reverse("agent_switch", args=[desk.id])
    assert Agent.objects.get(id=desk.id).killed_at is None


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_others_see_the_agents_and_switch_none(people, desk, role):
    client = at_desk(make_person("Dan", people.here, role=role))
    page = seen(client)
    assert "Never heard" in page
    assert "Switch off" not in page
    assert "Switch off now" not in seen(client, "agent_switch", desk.id)

    said = client.post(reverse("agent_switch", args=[desk.id]), {"to": "off"}, follow=True)

    assert "Only admins" in said.content.decode()
    assert Agent.objects.get(id=desk.id).killed_at is None


def test_another_workspaces_agent_does_not_exist(people, desk):
    cid = at_desk(people.cid)

    assert desk.address not in seen(cid)
    assert desk.address not in seen(cid, "agents_live")
    for name in ("agent", "agent_switch"):
        assert cid.get(reverse(name, args=[desk.id])).status_code == 404
    posted = cid.post(reverse("agent_switch", args=[desk.id]), {"to": "off"})
    assert posted.status_code == 404
    assert not MeshEvent.objects.exists()


def test_a_visitor_is_asked_to_sign_in(people, desk):
    for name, args in (
        ("agents", []),
        ("agents_live", []),
        ("agent", [desk.id]),
        ("agent_switch", [desk.id]),
    ):
        assert Client().get(reverse(name, args=args))["Location"].startswith("/sign-in")


def test_live_parts_are_slots_and_never_buttons(people, ann, desk):
    beat(people, desk)
    part = seen(ann, "agents_live", headers={"hx-request": "true"})

    assert f'id="state-{desk.id}" hx-swap-oob' in part
    assert "Healthy" in part
    assert "Switch off" not in part
    assert "<table" not in part


def test_what_an_agent_says_of_itself_is_escaped(people, ann, desk):
    mine = key(people.here, agent="desk")
    bad = {"<b>x": "<script>alert(1)</script>\u202e"}
    actions.heartbeat(desk, metrics=bad, cost_usd=Decimal(0), actor=mine, now=timezone.now())
    Agent.objects.update(display_name="<i>Desk", description="<u>")

    page = seen(ann, "agent", desk.id) + seen(ann) + seen(ann, "agent_switch", desk.id)

    for markup in ("<script>alert", "<b>x", "<i>Desk", "<u>", "\u202e"):
        assert markup not in page


def test_rules_are_shown(people, ann, desk):
    me, now = person(people.ann), timezone.now()
    given = {"max_intents_per_hour": 5, "action_on_breach": "alert"}
    actions.set_limits(desk, limits=given, actor=me, now=now)
    actions.set_mode(desk, rule="receive", mode="allowlist", actor=me, now=now)
    actions.add_entry(desk, rule="receive", pattern="agent://myorg/*", actor=me, now=now)
    actions.set_types(desk, allow=[], deny=["a.*"], actor=me, now=now)

    page = seen(ann, "agent", desk.id)

    for words in ("Its list only", "agent://myorg/*", "All but not", "5 intents an hour", "only noted",
                  "Rules changed by Ann", "Types of intents"):  # fmt: skip
        assert words in page, words
