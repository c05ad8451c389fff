"""Creating intents, and asking people about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from accounts.addresses import ANYONE, RUNTIME
from accounts.models import Workspace
from approvals import gates
from approvals.directory import Directory
from approvals.models import Gate
from approvals.opening import open_gate, shown_digest, unknown_assignees
from approvals.refusals import NotYours
from events.journeys import ask as ask_together
from events.journeys import one_journey
from events.rows import insert_rows
from governance import standings
from governance.admission import Admission, Refused
from intents import change as changes
from intents import deliveries
from intents.actions import (
    AlreadyOver,
    Submission,
    begin,
    first_delivery,
    lock,
)
from intents.change import Change
from intents.lifecycle import Status, WaitingFor
from intents.models import Delivery, Intent


@transaction.atomic(savepoint=False)
def submit_many(submissions: Sequence[Submission], *, now: datetime) -> list[Intent | Refused]:
    """Store new intents, and the gates of those that people must answer, in one transaction.

    One is a batch of one. The answer is the intent, or KeyRefused when its key was revoked, or
    NotAdmitted when a kill switch or a policy is in its way.
    """
    if not submissions:
        return []
    *_, found, people = ask_together(
        *standings.asking(submissions, now=now),
        Directory.asking({s.workspace_id for s in submissions}),
    )
    admission, directory = Admission(submissions, found, now=now), Directory.from_rows(people)
    refusals = admission.refusals
    taken = [s for s, said in zip(submissions, refusals, strict=True) if said is None]
    begun = {id(s): begin(s, now=now) for s in taken}
    opened = [gate for s in taken if (gate := _hold(s, begun[id(s)], directory, now=now))]
    with one_journey():
        _store(list(begun.values()), opened, directory, now=now)
        admission.tally.record(now=now)
    return [said or begun[id(s)].intent for s, said in zip(submissions, refusals, strict=True)]


def submit(submission: Submission, *, now: datetime) -> Intent:
    """Store one intent. Raises: KeyRefused, NotAdmitted."""
    (answer,) = submit_many([submission], now=now)
    if isinstance(answer, Exception):
        raise answer
    return answer


@transaction.atomic
def ask(
    intent: Intent, spec: dict[str, Any], *, context: dict[str, Any], actor: Actor, now: datetime
) -> Gate:
    """Hold a locked intent until people answer; its agent asked in the middle of its work.

    Asked again while it waits, the question is brought up to date: a new version, and every
    e-mail link of the old one is dead.
    """
    change = Change(intent, actor=actor, now=now)
    gate = gates.open_gate_of(intent.id)
    if gate is None:
        directory = Directory.of([intent.workspace_id])
        asker = actor.address or actor.name
        gate = open_gate(intent, spec, directory, asker=asker, context=context, now=now)
        gates.hold(change, gate, data=context)
        gates.store([gate], directory, now=now)
        deliveries.reclaim(intent.id)
    else:
        _renew(change, gate, context=context, now=now)
    deliveries.pause([intent.id], now=now)
    changes.write([change])
    return gate


@transaction.atomic
def take_over(intent_id: UUID, *, actor: Actor, now: datetime) -> Gate:
    """Let a person answer an intent that no agent serves.

    Raises: NoSuchIntent, NotYours for people who may not decide there and for work that an agent
    has taken, AlreadyOver.
    """
    intent = lock(intent_id, actor=actor, now=now)
    if intent.workspace_id not in actor.reviews:
        raise NotYours("Only reviewers of this workspace can take work over.")
    if intent.is_over:
        raise AlreadyOver(intent)
    if gate := gates.open_gate_of(intent.id):
        return gate
    if not is_unclaimed(intent):
        raise NotYours("An agent has taken this work. It can be canceled, not taken over.")
    spec = {"title": intent.type, "description": "No agent serves this; a person took it over."}
    people = [actor.user_id] if actor.user_id else []
    directory = Directory.of([intent.workspace_id])
    gate = open_gate(intent, spec, directory, asker=intent.from_agent, people=people, now=now)
    change = Change(intent, actor=actor, now=now)
    change.note("intent.taken_over", {})
    gates.hold(change, gate, data={})
    gates.store([gate], directory, now=now)
    deliveries.pause([intent.id], now=now)
    changes.write([change])
    return gate


def is_unclaimed(intent: Intent) -> bool:
    """Tell whether no agent has been handed this intent yet."""
    taken = intent.deliveries.filter(offered_at__isnull=False, purpose=Delivery.Purpose.WORK)
    return intent.status == Status.DELIVERED and not taken.exists()


def send_test_request(workspace: Workspace, *, actor: Actor, now: datetime) -> Gate:
    """Ask the reviewers of a workspace something harmless, so that they see what it is like."""
    name = f"agent://{workspace.org}/{workspace.name}/first-agent"
    stand_in = Actor(
        actor.kind, actor.name, frozenset({workspace.id}), actor.channel, user_id=actor.user_id
    )
    intent = submit(
        Submission(
            actor=stand_in,
            type="refund.v1",
            payload={"order": 58213, "amount": "64.90", "currency": "EUR", "reason": "Damaged"},
            from_agent=name,
            from_address=name,
            to_agent=ANYONE,
            to_address=ANYONE,
            human_task={
                "title": "Refund order 58213, €64.90",
                "description": "A test request. It pays nothing and tells no one else.",
            },
        ),
        now=now,
    )
    return Gate.objects.get(intent=intent)


def _hold(
    submission: Submission, change: Change, directory: Directory, *, now: datetime
) -> Gate | None:
    """Open the gate a new intent needs: it brings a human task, or it is addressed to people."""
    intent = change.intent
    if intent.human_task is None and not directory.is_peoples(
        intent.workspace_id, intent.to_address
    ):
        if intent.to_address == RUNTIME:
            here = {"type": "internal", "ref": RUNTIME, "name": "Assent"}
            change.wait(WaitingFor.AGENT, pending_with=here, data={})
        return None
    gate = open_gate(intent, intent.human_task or {}, directory, asker=intent.from_agent, now=now)
    gates.hold(change, gate, data={"human_task": gates.described(gate)})
    if strangers := unknown_assignees(intent, intent.human_task or {}, directory):
        # The sender meant somebody we cannot ask; whoever reads the trail shall know.
        change.events[-1].data["unknown_assignees"] = strangers
    return gate


def _store(begun: list[Change], opened: list[Gate], directory: Directory, *, now: datetime) -> None:
    new = [change.intent for change in begun]
    copies = [copy for gate in opened for copy in gates.assignee_copies(gate, now=now)]
    placed = [first_delivery(intent, now=now) for intent in new]
    with one_journey():
        insert_rows(new)
        topics = deliveries.place([*placed, *copies], now=now)
        gates.store(opened, directory, now=now)
        changes.record(begun, topics=topics)


def _renew(change: Change, gate: Gate, *, context: dict[str, Any], now: datetime) -> None:
    digest = shown_digest(change.intent.payload, context)
    if digest == gate.digest:
        return
    gate.context, gate.digest = context, digest
    gate.version += 1
    gate.changed_at = now
    gate.save(update_fields=["context", "digest", "version", "changed_at"])
    change.note("intent.human_task_changed", {**gates.described(gate), "context": context})
    gates.tell_asked([gate], Directory.of([gate.workspace_id]), now=now)
