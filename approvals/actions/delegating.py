"""Handing on: the right to answer a gate, or an agent's work, goes to somebody else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from accounts.addresses import short
from approvals import delegates, gates, judging
from approvals.delegates import Hand
from approvals.directory import Directory
from approvals.models import Decision, Delegation, EmailLink, Gate, Seat
from approvals.opening import open_gate, told
from approvals.refusals import NotYours
from events import log
from events.rows import insert_rows
from governance.admission import Tally, require_admitted
from intents import change as changes
from intents import deliveries
from intents.actions import AlreadyOver, NotAParty, lock
from intents.change import Change
from intents.models import Delivery, Intent


@dataclass(frozen=True, slots=True)
class _Step:
    """One handing on, checked, with everything that is written because of it."""

    change: Change
    row: Delegation
    giver: Hand
    taker: Hand
    directory: Directory

    @property
    def intent(self) -> Intent:
        return self.change.intent

    @property
    def now(self) -> datetime:
        return self.change.now


@dataclass(frozen=True, slots=True)
class _Handed:
    """Work that comes from its sender to another agent, as far as admission is concerned."""

    actor: Actor
    intent: Intent
    to_address: str

    @property
    def workspace_id(self) -> UUID:
        return self.intent.workspace_id

    @property
    def from_address(self) -> str:
        return self.intent.from_address

    @property
    def type(self) -> str:
        return self.intent.type


@transaction.atomic
def delegate(
    intent_id: UUID, *, to: str, note: str = "", owner: str = "", actor: Actor, now: datetime
) -> Delegation:
    """Hand a request on: the right to answer it moves, and every e-mail link of it is dead.

    A person hands on their own right. A key hands on for `owner`, the address of a thread; without
    a gate it is the work itself that moves, or a person is asked about it.
    Raises: NoSuchIntent, KeyRefused, AlreadyOver, NotAParty, UnknownDelegate, HadItBefore,
    TooManyHands, TooFewLeft, NotAdmitted, and those refusals of `decide` that do not depend on an
    answer.
    """
    intent = lock(intent_id, actor=actor, now=now)
    _require_here(intent, owner)
    latest = Gate.objects.filter(intent=intent).order_by("-opened_at", "-id")
    gate = gates.open_gate_of(intent.id) or latest.first()
    if gate is not None and (gate.is_open or intent.is_over):
        gate.intent = intent
        return _hand_on_gate(gate, to=to, note=note, owner=owner, actor=actor, now=now)
    if intent.is_over:
        raise AlreadyOver(intent)
    _require_holder(intent, owner, actor)
    step = _step(intent, None, to=to, note=note, owner=owner, actor=actor, now=now)
    return _hand_on_work(step)


def _require_here(intent: Intent, owner: str) -> None:
    """Refuse what the owner has handed on: it is somebody else's now. Raises: NotYours."""
    row = intent.deliveries.filter(address=owner).exclude(delegated_to="").first()
    if row is not None:
        raise NotYours(f"This was delegated to {row.delegated_to}, who answers it now.")


def _require_holder(intent: Intent, owner: str, actor: Actor) -> None:
    """Only who holds the work hands it on, or a key of the workspace. Raises: NotAParty."""
    if actor.user_id is not None:
        raise NotYours("Nobody is asked about this now, so there is nothing to delegate.")
    work = intent.deliveries.filter(address=owner, purpose=Delivery.Purpose.WORK)
    if actor.is_agent and not work.exists():
        raise NotAParty


def _step(
    intent: Intent,
    gate: Gate | None,
    *,
    to: str,
    note: str,
    owner: str,
    actor: Actor,
    now: datetime,
) -> _Step:
    """Find out who hands on to whom, and whether that may be."""
    directory = Directory.of([intent.workspace_id])
    giver = delegates.giver_of(actor, owner, intent.workspace, directory)
    taker = delegates.taker_named(to, intent.workspace, directory)
    steps = list(Delegation.objects.filter(intent=intent, gate=gate))
    row = Delegation(
        intent=intent,
        gate=gate,
        giver=giver.key,
        giver_name=giver.name,
        taker=taker.key,
        taker_name=taker.name,
        actor=actor.name,
        note=note,
        depth=delegates.next_depth(steps, giver, taker),
        at=now,
    )
    return _Step(Change(intent, actor=actor, now=now), row, giver, taker, directory)


def _hand_on_gate(
    gate: Gate, *, to: str, note: str, owner: str, actor: Actor, now: datetime
) -> Delegation:
    earlier = list(Decision.objects.filter(gate=gate).select_related("person").order_by("at"))
    if refusal := judging.cannot_answer(gate, actor, now=now, earlier=earlier):
        raise refusal
    step = _step(gate.intent, gate, to=to, note=note, owner=owner, actor=actor, now=now)
    reviewers = [person.id for person in step.directory.reviewers[gate.workspace_id]]
    stage = judging.stage_of(gate, earlier)
    gate.rule = delegates.rule_after(gate.rule, stage, step.giver, step.taker, reviewers)
    gate.changed_at = now
    gate.save(update_fields=["rule", "changed_at"])
    if step.taker.kind != "program":
        _reseat(gate, reviewers)
        _tell(gate, step)
    gate.intent.pending_with = {**gates.pending_with(gate), "name": step.taker.name}
    return _finish(step, Delivery.Purpose.COPY, told={"approval_id": str(gate.id)})


def _reseat(gate: Gate, reviewers: list[int]) -> None:
    """Give the places in the queues to those who may answer now."""
    Seat.objects.filter(gate=gate).delete()
    insert_rows(gates.seats(gate, reviewers=reviewers))


def _tell(gate: Gate, step: _Step) -> None:
    """Let every link that was mailed end, and mail new ones to who is asked now."""
    live = EmailLink.objects.filter(gate=gate, used_at=None, expires_at__gt=step.now)
    live.update(expires_at=step.now)
    people = [step.taker.person] if step.taker.person is not None else []
    asked = people or [person.id for person in told(gate, step.directory)]
    log.tell(gates.notice(gate, gates.DELEGATED, id, now=step.now) for id in asked)


def _hand_on_work(step: _Step) -> Delegation:
    """Put the work before another agent, or ask a person about it."""
    intent, taker = step.intent, step.taker
    if taker.kind == "program":
        (address,) = taker.addresses
        tally = Tally()
        require_admitted(_Handed(step.change.actor, intent, address), tally=tally, now=step.now)
        intent.handler = address
        intent.pending_with = {"type": "agent", "ref": address, "name": short(address)}
        intent.deliveries.filter(address__in=step.giver.addresses).update(
            purpose=Delivery.Purpose.COPY, next_try_at=None
        )
        row = _finish(step, Delivery.Purpose.WORK, told={})
        tally.record(now=step.now)
        return row
    spec = {"title": intent.type, "description": step.row.note}
    people = [taker.person] if taker.person is not None else []
    gate = open_gate(
        intent, spec, step.directory, asker=intent.from_agent, people=people, now=step.now
    )
    gates.hold(step.change, gate, data={})
    gates.store([gate], step.directory, now=step.now)
    deliveries.pause([intent.id], now=step.now)
    return _finish(step, Delivery.Purpose.COPY, told={"approval_id": str(gate.id)})


def _finish(step: _Step, purpose: Delivery.Purpose, *, told: dict[str, Any]) -> Delegation:
    """Write the step, move the threads, and tell everybody who follows the intent."""
    row = step.row
    said = {"from": row.giver_name, "to": row.taker_name, "note": row.note, "depth": row.depth}
    step.change.note("intent.transfer", {**told, **said})
    row.save(force_insert=True)
    topics = _move_threads(step, purpose)
    changes.write([step.change], topics=topics)
    return row


def _move_threads(step: _Step, purpose: Delivery.Purpose) -> set[str]:
    """Leave the giver a copy to read, and put the thread into the taker's inbox."""
    rows = step.intent.deliveries
    left = rows.filter(address__in=step.giver.addresses)
    left.update(delegated_to=step.row.taker_name[:383], updated_at=step.now)
    (address,) = step.taker.addresses
    (placed,) = deliveries.copies(step.intent, {address: step.row.taker_name[:383]}, now=step.now)
    known = rows.filter(address=address).first()
    # An agent that is given the thread of its own work keeps the work.
    is_work = known is not None and known.purpose == Delivery.Purpose.WORK
    placed.purpose = Delivery.Purpose.WORK if is_work else purpose
    return deliveries.place([placed], now=step.now)
