"""Ends that no reviewer chose: the owner resolves or cancels, or the deadline passes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from approvals import gates
from approvals.actions.answer import completions
from approvals.models import Gate
from approvals.refusals import NotYours
from intents import change as changes
from intents import deliveries
from intents.actions import AlreadyOver, lock, require_party
from intents.change import Change, error
from intents.lifecycle import Status
from intents.models import Delivery, Intent


@dataclass(frozen=True, slots=True)
class Ended:
    """An intent that has just ended, and the completion message its `reply_to` got, if any."""

    intent: Intent
    change: Change
    told: Delivery | None


@transaction.atomic
def resolve(
    intent_id: UUID,
    *,
    status: Status,
    outcome: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> Ended:
    """End an intent as its handler or owner says.

    Raises: NoSuchIntent, NotAParty, AlreadyOver, KeyRefused; NotYours when people are asked, or
    would be later, and the caller would go around them (only cancelling is left to its owner).
    """
    intent = lock(intent_id, actor=actor, now=now)
    require_party(intent, actor, permission="resolve")
    return end(intent, status=status, outcome=outcome, actor=actor, now=now)


def end(
    intent: Intent, *, status: Status, outcome: dict[str, Any], actor: Actor, now: datetime
) -> Ended:
    """End a locked intent, close its gate and its deliveries, and tell its `reply_to`."""
    if intent.is_over:
        raise AlreadyOver(intent)
    if intent.waits_for_a_person and not _may_withdraw(intent, actor, status):
        raise NotYours("People are asked about this intent; it ends with their answer.")
    if intent.is_scenario and status == Status.COMPLETED and not _decides(actor, intent):
        raise NotYours("Only its steps complete a scenario. It can be canceled.")
    change = Change(intent, actor=actor, now=now)
    if actor.is_agent:
        intent.handler = actor.address or ""
    if status == Status.COMPLETED:
        change.complete(outcome)
    elif status == Status.FAILED:
        change.fail(outcome)
    else:
        intent.error = outcome
        change.move(Status.CANCELED, outcome)
    return finish(change, Gate.State.CANCELED, now=now)


def _may_withdraw(intent: Intent, actor: Actor, status: Status) -> bool:
    """While people are asked, only who sent the intent may end it, and only by withdrawing it."""
    is_owner = not actor.is_agent or actor.address == intent.from_address
    return status == Status.CANCELED and is_owner


def _decides(actor: Actor, intent: Intent) -> bool:
    """To complete a scenario is to answer for the people whom its later steps would ask."""
    return intent.workspace_id in actor.reviews


def cancel(intent_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Ended:
    """Withdraw an intent. Raises: NoSuchIntent, NotAParty, AlreadyOver, KeyRefused."""
    outcome = error("canceled", reason or "Canceled.", now=now, details={"reason": reason})
    return resolve(intent_id, status=Status.CANCELED, outcome=outcome, actor=actor, now=now)


@transaction.atomic
def expire(intent_id: UUID, *, now: datetime) -> Ended | None:
    """End an intent whose deadline has passed; None when it has ended or moved meanwhile."""
    intent = Intent.objects.locked().overdue(now).filter(id=intent_id).first()
    if intent is None:
        return None
    change = Change(intent, actor=Actor.system(), now=now)
    intent.error = error("timed_out", "Nobody answered before the deadline.", now=now)
    change.move(Status.TIMED_OUT, intent.error)
    return finish(change, Gate.State.EXPIRED, now=now)


def finish(change: Change, gate_state: Gate.State, *, now: datetime) -> Ended:
    """Store the end an intent has just come to, and close its gate and its deliveries with it."""
    intent = change.intent
    if gate := gates.open_gate_of(intent.id):
        gates.close([gate], gate_state, now=now)
    deliveries.close([intent.id], now=now)
    told = completions([intent], now=now)
    topics = deliveries.place(told, now=now)
    changes.write([change], topics=topics)
    return Ended(intent, change, told[0] if told else None)
