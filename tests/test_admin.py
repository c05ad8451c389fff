"""The admin: what an operator sees there, and the little they can do."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from accounts.actions import DEFAULT_WORKSPACE, add_reviewer, ensure_workspace, issue_key
from accounts.actor import Actor, Channel, Kind
from accounts.admin import ReadOnly
from accounts.models import Agent, ApiKey, Membership, User, Workspace
from accounts.people.models import Invite, Profile
from approvals.actions import submit
from approvals.models import Decision, EmailLink, Gate
from events.models import Event, Outbox, Subscription, WebhookEvent
from governance.models import AgentRules, MeshEvent, Usage, WorkspaceRules
from intents.actions import Submission
from intents.lifecycle import Status
from intents.media.models import Upload
from intents.models import Delivery, Intent
from intents.registry.models import IntentType

HERE = "agent://myorg/production"


@pytest.fixture
def workspace(db) -> Workspace:
    return ensure_workspace(DEFAULT_WORKSPACE)


@pytest.fixture
def operator(workspace) -> User:
    """Ann, who may do everything and is a member of nothing."""
    return User.objects.create_superuser("ann@example.com", "secret of Ann")


@pytest.fixture
def page(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def intent(workspace) -> Intent:
    add_reviewer(workspace, email="bob@example.com", password="secret of Bob")
    actor = Actor(Kind.WORKSPACE, "key:first", frozenset({workspace.id}), Channel.API)
    submission = Submission(
        actor=actor,
        type="intent.refund.v1",
        payload={"amount": 120},
        from_agent=f"{HERE}/shop",
        from_address=f"{HERE}/shop",
        to_agent=f"{HERE}/desk",
        to_address=f"{HERE}/desk",
        human_task={"task_type": "approval", "title": "Refund 120?"},
    )
    return submit(submission, now=timezone.now())


def listing(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def single(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def new(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def act(page, model, action, *rows) -> str:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return page.post(listing(model), chosen, follow=True).content.decode()


OURS = (
    User, Workspace, Agent, ApiKey, Intent, Delivery, Gate, Decision, EmailLink, Event, Outbox,
    AgentRules, WorkspaceRules, Usage, MeshEvent, Subscription, WebhookEvent,
    Invite, Profile, IntentType, Upload,
)  # fmt: skip
MESH = (AgentRules, WorkspaceRules, Usage, MeshEvent)
DOMAIN = (
    Intent, Delivery, Gate, Decision, EmailLink, Event, Outbox, Subscription, WebhookEvent, *MESH,
    Invite, Profile, IntentType, Upload,
)  # fmt: skip


@pytest.mark.parametrize("model", OURS)
def test_every_list_opens_filters_and_searches(page, intent, model):
    assert page.get(listing(model)).status_code == 200
    assert page.get(listing(model), {"q": str(uuid4())}).status_code == 200


@pytest.mark.parametrize("model", DOMAIN)
def test_no_row_of_the_domain_can_be_made_changed_or_deleted(page, intent, model):
    assert isinstance(admin.site.get_model_admin(model), ReadOnly)
    assert page.get(new(model)).status_code == 403
    assert page.post(new(model), {}).status_code == 403
    for row in model.objects.order_by("pk")[:1]:
        assert page.get(single(row)).status_code == 200
        assert page.post(single(row), {"title": "Paid"}).status_code == 403
        assert page.post(single(row) + "../delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in page.get(listing(model)).content.decode()


def test_an_outsider_is_sent_to_the_login_and_a_reviewer_too(workspace, client):
    member = add_reviewer(workspace, email="bob@example.com", role=Membership.Role.ADMIN)
    client.force_login(member.user)

    assert client.get(listing(Gate)).status_code == 302
    assert client.get(listing(User)).status_code == 302


def test_staff_see_only_the_tables_they_were_given(workspace, client):
    staff = User.objects.create_user("cid@example.com", is_staff=True)
    client.force_login(staff)

    assert client.get(listing(Intent)).status_code == 403


def test_cancel_ends_the_intent_in_the_name_of_the_operator(page, operator, workspace, intent):
    add_reviewer(workspace, email=operator.email)

    said = act(page, Intent, "cancel", intent)

    intent.refresh_from_db()
    assert intent.status == Status.CANCELED
    assert Event.objects.filter(intent_id=intent.id).order_by("seq").last().actor == operator.email
    assert "Canceled: intent.refund.v1" in said


def test_cancel_is_refused_where_the_operator_is_no_member(page, intent):
    said = act(page, Intent, "cancel", intent)

    intent.refresh_from_db()
    assert intent.status == Status.WAITING
    assert "you are not a member of myorg/production" in said


def test_cancel_says_so_when_it_is_too_late(page, operator, workspace, intent):
    add_reviewer(workspace, email=operator.email)
    act(page, Intent, "cancel", intent)

    assert "is already CANCELED; its outcome is final" in act(page, Intent, "cancel", intent)


def test_nobody_can_approve_in_bulk(page, intent):
    assert admin.site.get_model_admin(Gate).get_actions(page.get("/").wsgi_request) == {}


def test_a_new_key_is_shown_once_and_works(page, workspace):
    made = page.post(new(ApiKey), {"workspace": workspace.pk, "name": "ci"}, follow=True)

    (token,) = set(re.findall(r"axme_sa_[0-9a-f]{8}_[\w-]{32}", made.content.decode()))
    assert keys.actor_for_key(token, now=timezone.now()).name == "key:ci"
    key = ApiKey.objects.get()
    for again in (page.get(listing(ApiKey)), page.get(single(key))):
        assert token not in again.content.decode()
        assert key.hash not in again.content.decode()


def test_a_key_for_an_agent_of_another_workspace_is_refused(page, workspace):
    other = ensure_workspace("other/place")
    agent = Agent.objects.create(workspace=other, name="bot", address="agent://other/place/bot")

    said = page.post(
        new(ApiKey), {"workspace": workspace.pk, "name": "ci", "agent": agent.pk}
    ).content.decode()

    assert "This agent is not in myorg/production." in said
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_refused_and_stays_in_the_list(page, workspace):
    key, token = issue_key(workspace, name="ci", now=timezone.now())

    assert "Revoked: 1." in act(page, ApiKey, "revoke", key)

    with pytest.raises(keys.KeyRefused):
        keys.actor_for_key(token, now=timezone.now())
    assert page.post(single(key), {"name": "other"}).status_code == 403
    assert ApiKey.objects.get().name == "ci"


def test_a_new_agent_gets_its_address_from_its_workspace(page, workspace):
    form = {"workspace": workspace.pk, "name": "bot", "kind": "program", "is_on": "on"}

    assert page.post(new(Agent), form).status_code == 302
    assert Agent.objects.get().address == f"{HERE}/bot"


def test_an_agent_can_be_switched_off_and_keeps_its_address(page, workspace):
    page.post(new(Agent), {"workspace": workspace.pk, "name": "bot", "kind": "program"})
    agent = Agent.objects.get()
    _, token = issue_key(workspace, name="bot", agent=agent, now=timezone.now())

    form = {"display_name": "The bot", "kind": "program", "address": "agent://x/y/z"}
    assert page.post(single(agent), form).status_code == 302

    agent.refresh_from_db()
    assert (agent.display_name, agent.address) == ("The bot", f"{HERE}/bot")
    with pytest.raises(keys.KeyRefused):
        keys.actor_for_key(token, now=timezone.now())


def test_people_join_a_workspace_on_its_page(page, workspace):
    bob = User.objects.create_user("bob@example.com")
    rows = {
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": bob.pk,
        "memberships-0-role": "auditor",
    }

    assert page.post(single(workspace), {"keys_may_decide": "on", **rows}).status_code == 302
    assert bob.memberships.get().role == Membership.Role.AUDITOR


def test_a_new_person_can_be_made_and_signs_in_with_small_letters(page):
    form = {
        "email": "Bob@Example.com",
        "usable_password": "true",
        "password1": "a long enough secret",
        "password2": "a long enough secret",
    }

    assert page.post(new(User), form).status_code == 302
    assert Client().login(username="bob@example.com", password="a long enough secret")


def test_a_message_that_was_given_up_can_be_sent_again(page, workspace):
    dead, sent = (
        Outbox.objects.create(
            workspace=workspace,
            kind="mail",
            subject_id=uuid4(),
            dedupe=state,
            state=state,
            attempts=10,
            last_error="Mailbox full",
            next_try_at=timezone.now() + timedelta(days=1),
            created_at=timezone.now(),
        )
        for state in (Outbox.State.DEAD, Outbox.State.SENT)
    )

    said = act(page, Outbox, "send_again", dead, sent)

    dead.refresh_from_db()
    sent.refresh_from_db()
    assert "To be sent again: 1 of 2." in said
    assert "Mailbox full" in said
    assert (dead.state, sent.state) == (Outbox.State.PENDING, Outbox.State.SENT)
    assert dead.next_try_at <= timezone.now()


def test_nothing_of_a_mailed_link_can_be_read(page, workspace, intent):
    link = EmailLink.objects.create(
        hash="h" * 64,
        gate=Gate.objects.get(),
        person=User.objects.get(email="bob@example.com"),
        digest="d" * 64,
        version=1,
        created_at=timezone.now(),
        expires_at=timezone.now(),
    )

    assert "h" * 64 not in page.get(single(link)).content.decode()
    assert "h" * 64 not in page.get(listing(EmailLink)).content.decode()
