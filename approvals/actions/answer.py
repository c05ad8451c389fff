"""Answering a gate: the one call behind the desk, both APIs, the e-mail page and the inbox."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.keys import KeyRefused
from accounts.standing import holding, refused
from approvals import evidence, judging, rules
from approvals.judging import Answer
from approvals.kinds import FAIL, is_approval
from approvals.models import Decision, Gate
from approvals.refusals import NoSuchGate, Refusal
from events.journeys import Statement, ask, one_journey
from events.rows import columns_of, in_list, insert_rows, rows_of, update_rows, write_where
from intents import change as changes
from intents import deliveries
from intents.actions import asking_usable
from intents.change import Change, error
from intents.models import Delivery, Intent

EMPTY_SEATS = "DELETE FROM approvals_seat WHERE gate_id"
INTENT_COLUMNS = len(Intent._meta.concrete_fields)
CLOSED = ("state", "outcome", "closed_at", "changed_at", "nudge_at")


def decide(answer: Answer, *, now: datetime) -> Decision:
    """Answer one gate.

    Raises: NoSuchGate (also for another workspace's), AlreadyDecided with the winner, GateClosed,
    NotYours, PayloadChanged, OutcomeNotAllowed, CommentRequired, EvidenceRequired, FormInvalid,
    KeyRefused. Nothing is written then.
    """
    (result,) = decide_many([answer], now=now)
    if isinstance(result, Exception):
        raise result
    return result


@transaction.atomic(savepoint=False)
def decide_many(
    answers: Sequence[Answer], *, now: datetime
) -> list[Decision | Refusal | KeyRefused]:
    """Answer several gates in one transaction; each gets its decision or its own refusal.

    The intents are locked first, in order. Two answers to one gate in a batch: the first wins.
    """
    batch = _Batch(answers, now=now)
    results = [batch.take(answer) for answer in answers]
    batch.write()
    return results


class _Batch:
    """The locked rows of one call, and what its answers change."""

    def __init__(self, answers: Sequence[Answer], *, now: datetime) -> None:
        self.now = now
        actors = [answer.actor for answer in answers]
        locked, usable = ask(
            _locking({answer.gate_id for answer in answers}), asking_usable(actors, now=now)
        )
        self.usable = holding(usable, actors, now=now)
        self.gates = {gate.id: gate for gate in _gates(locked)}
        self.decisions: list[Decision] = []
        self.closed: list[Gate] = []
        self.changes: list[Change] = []
        self.goes_on: list[Intent] = []

    def take(self, answer: Answer) -> Decision | Refusal | KeyRefused:
        if answer.actor.credential and answer.actor.credential not in self.usable:
            return refused(answer.actor)
        gate = self.gates.get(answer.gate_id)
        try:
            if gate is None or gate.workspace_id not in answer.actor.workspaces:
                raise NoSuchGate
            decision = judging.judge(gate, answer, earlier=self._earlier(gate), now=self.now)
            evidence.check(gate, decision)
        except Refusal as refusal:
            return refusal
        self.decisions.append(decision)
        self._settle(gate, decision, answer)
        return decision

    def write(self) -> None:
        if not self.decisions:
            return
        over = [change.intent for change in self.changes if change.intent.is_over]
        with one_journey():
            insert_rows(self.decisions)
            update_rows(self.closed, CLOSED)
            write_where(EMPTY_SEATS, [gate.id for gate in self.closed])
            if over:
                deliveries.close([intent.id for intent in over], now=self.now)
            if self.goes_on:
                deliveries.resume([intent.id for intent in self.goes_on], now=self.now)
            topics = deliveries.place(completions(over, now=self.now), now=self.now)
            changes.write(self.changes, topics=topics)

    def _earlier(self, gate: Gate) -> list[Decision]:
        """Return the answers given so far; a fresh open gate has none, so nothing is read."""
        mine = [decision for decision in self.decisions if decision.gate_id == gate.id]
        if gate.is_open and not rules.needs_several(gate.rule):
            return mine
        return [*Decision.objects.filter(gate=gate).select_related("person").order_by("at"), *mine]

    def _settle(self, gate: Gate, decision: Decision, answer: Answer) -> None:
        """Let the answers so far take effect, if they now amount to a verdict."""
        earlier = [*self._earlier(gate)]
        votes = [rules.Vote(d.stage, d.voice, d.effect) for d in earlier]
        verdict = rules.evaluate(gate.rule, votes)
        if verdict.state == "open":
            return
        gate.state, gate.outcome = Gate.State.DECIDED, decision.outcome
        gate.closed_at = gate.changed_at = self.now
        gate.nudge_at = None
        self.closed.append(gate)
        change = Change(gate.intent, actor=answer.actor, now=self.now)
        self.changes.append(change)
        _carry_out(change, gate, decision, answer)
        if answer.then == "continue" and not gate.intent.is_over:
            self.goes_on.append(gate.intent)


def _locking(gate_ids: set[UUID]) -> Statement:
    """Say which intents to lock, in order, and after each its gate.

    Both are locked: who had to wait for them gets them as they are now, not as they were before.
    """
    which, ids = in_list(gate_ids)
    lock = "FOR UPDATE" if connection.features.has_select_for_update else ""
    return Statement(
        f"SELECT {columns_of(Intent)}, {columns_of(Gate)} "  # noqa: S608
        "FROM intents_intent JOIN approvals_gate ON approvals_gate.intent_id = intents_intent.id "
        f"WHERE approvals_gate.id {which} ORDER BY intents_intent.id {lock}",
        ids,
    )


def _gates(found: Iterable[Sequence[Any]]) -> list[Gate]:
    """Return gates with their intents; two gates of one intent share it."""
    lines = list(found)
    gates = rows_of(Gate, [line[INTENT_COLUMNS:] for line in lines])
    intents: dict[UUID, Intent] = {}
    for intent in rows_of(Intent, [line[:INTENT_COLUMNS] for line in lines]):
        intents.setdefault(intent.id, intent)
    for gate in gates:
        gate.intent = intents[gate.intent_id]
    return gates


def _carry_out(change: Change, gate: Gate, decision: Decision, answer: Answer) -> None:
    """Do to the intent what the decision means: fail it, complete it, or let it go on."""
    result = outcome_of(gate, decision)
    if decision.effect == FAIL and not gate.goes_on_after_no:
        said = f"{decision.by} answered “{decision.outcome}”"
        message = f"{said}: {decision.comment}" if decision.comment else f"{said}."
        change.fail(error("rejected", message, now=change.now, details=result))
    elif answer.then == "continue" or gate.step_id:  # The scenario has the next step.
        change.work(result)
    else:
        change.complete(result)


def outcome_of(gate: Gate, decision: Decision) -> dict[str, Any]:
    """Return what the agent is told of a decision: the result of its intent."""
    # What earlier steps found is in the scenario already.
    context = {"step_id": gate.step_id} if gate.step_id else gate.context
    return {
        **context,
        "outcome": decision.outcome,
        "approved": is_approval(decision.outcome),
        "comment": decision.comment,
        "data": decision.data,
        "decided_by": decision.decider,
        "decided_at": decision.at.isoformat(),
        "via": decision.channel,
        "approval_id": str(gate.id),
        "version": decision.version,
        "digest": decision.digest,
        **({"on_behalf_of": decision.on_behalf_of} if decision.on_behalf_of else {}),
    }


def completions(over: Sequence[Intent], *, now: datetime) -> list[Delivery]:
    """Return the completion messages of ended intents that name a `reply_to`."""
    return [
        copy
        for intent in over
        if intent.reply_to
        for copy in deliveries.copies(intent, {reply_address(intent): intent.reply_to}, now=now)
    ]


def reply_address(intent: Intent) -> str:
    """Return the canonical form of an intent's `reply_to`, in its sender's workspace."""
    from accounts.addresses import canonical

    workspace = intent.workspace
    return canonical(intent.reply_to, org=workspace.org, workspace=workspace.name)
