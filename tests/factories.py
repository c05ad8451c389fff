"""Rows as the product makes them: by its actions, so that every row has its events.

Ann owns (admin), Bob approves (reviewer), Cid is a stranger (reviewer of another workspace).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import keys
from accounts.actions import DEFAULT_WORKSPACE, add_reviewer, ensure_agent, ensure_workspace
from accounts.actions import issue_key as issue
from accounts.actor import Actor, Channel, Kind
from accounts.addresses import canonical
from accounts.models import Agent, Membership, User, Workspace
from accounts.sealing import seal
from approvals.actions import Answer, submit
from approvals.models import Gate
from events.models import Event
from intents.actions import Submission
from intents.models import Intent

PASSWORD = "correct horse battery"
ELSEWHERE = "other/place"
HERE = f"agent://{DEFAULT_WORKSPACE}"
APPROVAL = {"task_type": "approval", "title": "Refund 120 to Dora?"}


@dataclass(frozen=True)
class People:
    """Everybody the tests talk about, with the workspace each belongs to."""

    here: Workspace
    elsewhere: Workspace
    ann: User
    bob: User
    cid: User


def make_people() -> People:
    here, elsewhere = ensure_workspace(DEFAULT_WORKSPACE), ensure_workspace(ELSEWHERE)
    return People(
        here,
        elsewhere,
        ann=make_person("Ann", here, role=Membership.Role.ADMIN),
        bob=make_person("Bob", here),
        cid=make_person("Cid", elsewhere),
    )


def make_person(name: str, workspace: Workspace, *, role: str = Membership.Role.REVIEWER) -> User:
    """Return a member who signs in as `name@example.com` with PASSWORD."""
    email = f"{name.lower()}@example.com"
    return add_reviewer(workspace, email=email, password=PASSWORD, name=name, role=role).user


def person(user: User, *, channel: Channel = Channel.DESK) -> Actor:
    """Return what a person is to an action."""
    return keys.actor_for_user(user, channel=channel)


def make_token(
    workspace: Workspace, *, agent: str = "", name: str = "ci", now: datetime | None = None
) -> str:
    """Return the token of a new key: a workspace key, or the key of the agent named."""
    owner = ensure_agent(workspace, agent) if agent else None
    return issue(workspace, name=name, agent=owner, now=now or timezone.now())[1]


def key(
    workspace: Workspace, *, agent: str = "", name: str = "ci", now: datetime | None = None
) -> Actor:
    """Return what the holder of a new key is to an action."""
    token = make_token(workspace, agent=agent, name=name, now=now)
    return keys.actor_for_key(token, now=now or timezone.now())


def make_called(workspace: Workspace, name: str, url: str, *, secret: str = "") -> Agent:
    """Return an agent whose work is pushed to this address."""
    agent = ensure_agent(workspace, name)
    agent.delivery_mode, agent.callback_url = Agent.Mode.HTTP, url
    agent.push_secret = seal(secret) if secret else ""
    agent.save(update_fields=["delivery_mode", "callback_url", "push_secret"])
    return agent


def anyone_in(workspace: Workspace) -> Actor:
    """Return a sender without a key row, where the key is beside the point."""
    return Actor(
        Kind.WORKSPACE,
        "key:ci",
        frozenset({workspace.id}),
        Channel.API,
        address=f"agent://{workspace}/ci",
        reviews=frozenset({workspace.id}),
        org=workspace.org,
        space=workspace.name,
    )


def submission(actor: Actor, **given: Any) -> Submission:
    """Return a new intent as the API hands it over. `to` and `sender` may be any spelling."""
    sender, to = given.pop("sender", f"{HERE}/shop"), given.pop("to", f"{HERE}/desk")
    given = {"type": "intent.refund.v1", "payload": {"amount": 120, "to": "Dora"}} | given
    return Submission(
        actor=actor,
        from_agent=sender,
        from_address=_canonical(sender, actor),
        to_agent=to,
        to_address=_canonical(to, actor),
        **given,
    )


def make_intent(
    workspace: Workspace, *, actor: Actor | None = None, now: datetime | None = None, **given: Any
) -> Intent:
    """Return a stored intent to an agent; with `human_task` it waits for a person."""
    sender = actor or anyone_in(workspace)
    return submit(submission(sender, **given), now=now or timezone.now())


def make_gate(
    workspace: Workspace,
    *,
    actor: Actor | None = None,
    now: datetime | None = None,
    task: dict[str, Any] | None = None,
    **given: Any,
) -> Gate:
    """Return the open gate of a new intent; `task` adds to a plain approval."""
    human_task = APPROVAL | (task or {})
    intent = make_intent(workspace, actor=actor, now=now, human_task=human_task, **given)
    return Gate.objects.select_related("intent").get(intent=intent)


def answer(gate: Gate, by: Actor | User, outcome: str = "approved", **given: Any) -> Answer:
    """Return an answer that is ready for `decide`; a person answers at the desk."""
    return Answer(gate.id, outcome, person(by) if isinstance(by, User) else by, **given)


def trail(intent_id: UUID) -> list[str]:
    """Return what happened to an intent, in order, and see to it that nothing is missing."""
    rows = list(Event.objects.filter(intent_id=intent_id).order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.type for row in rows]


def _canonical(literal: str, actor: Actor) -> str:
    return canonical(literal, org=actor.org, workspace=actor.space)
