"""An answer, and whether it may be given: refuses with a reason, or returns the decision."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from accounts.actor import Actor, Kind
from approvals import forms, rules
from approvals.kinds import ADVANCE
from approvals.models import Decision, Gate
from approvals.refusals import (
    AlreadyDecided,
    CommentRequired,
    EvidenceRequired,
    FormInvalid,
    GateClosed,
    NotYours,
    OutcomeNotAllowed,
    PayloadChanged,
    Refusal,
)

LONGEST_COMMENT = 5000
EVIDENCE_FIELDS = ("evidence", "attachments")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person or key answers. `seen` is the digest they were shown; None, the current one.

    `then` says what an advancing answer does to the intent: complete it, or hand it back to its
    agent, which resolves it later.
    """

    gate_id: UUID
    outcome: str
    actor: Actor
    comment: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    seen: str | None = None
    then: Literal["complete", "continue"] = "complete"


def judge(gate: Gate, answer: Answer, *, earlier: Sequence[Decision], now: datetime) -> Decision:
    """Return the decision this answer makes, not stored.

    Raises: Refusal; the checks go from "is it still open" over "may you" to "is it complete".
    """
    if refusal := cannot_answer(gate, answer.actor, now=now, earlier=earlier):
        raise refusal
    if answer.seen is not None and answer.seen != gate.digest:
        raise PayloadChanged(gate)
    effect = gate.effect_of(answer.outcome)
    if effect is None:
        raise OutcomeNotAllowed(answer.outcome, [o["value"] for o in gate.outcomes])
    data = _complete(gate, answer, effect)
    return Decision(
        gate=gate,
        stage=stage_of(gate, earlier),
        person_id=answer.actor.user_id,
        key_id=answer.actor.key_id,
        decider=answer.actor.name,
        on_behalf_of=rules.voice_of(gate.rule, answer.actor.user_id),
        outcome=answer.outcome,
        effect=effect,
        comment=answer.comment.strip(),
        data=data,
        channel=answer.actor.channel,
        digest=gate.digest,
        version=gate.version,
        at=now,
    )


def cannot_answer(
    gate: Gate, actor: Actor, *, now: datetime, earlier: Sequence[Decision] = ()
) -> Refusal | None:
    """Return why this actor may not answer now, or None when they may. The desk asks this too.

    A deadline that has passed is passed, also while the clock that ends it is late.
    """
    if not gate.is_open or _is_settled(gate, earlier):
        return AlreadyDecided(earlier[-1]) if earlier else GateClosed(gate)
    if actor.is_agent:
        return NotYours("An agent key never decides. A person answers this at the desk.")
    if gate.workspace_id not in actor.reviews:
        return NotYours(_why_not(actor))
    if refusal := _asked_it(gate, actor):
        return refusal
    if gate.due_at is not None and gate.due_at <= now:
        return GateClosed(gate)
    stage = stage_of(gate, earlier)
    if actor.user_id and not rules.may_answer(gate.rule, stage, actor.user_id):
        return NotYours(_whose(gate, actor.user_id))
    if any(d.stage == stage and d.decider == actor.name for d in earlier):
        return AlreadyDecided(earlier[-1])
    return None


def _complete(gate: Gate, answer: Answer, effect: str) -> dict[str, Any]:
    """Check comment, evidence and form; return the form's data in its own types."""
    advances = effect == ADVANCE
    _check_text(answer)
    if gate.is_comment_required and not answer.comment.strip():
        raise CommentRequired
    if gate.is_evidence_required and advances and not _has_evidence(answer.data):
        raise EvidenceRequired
    return forms.check(
        gate.form_schema,
        answer.data,
        outcome=answer.outcome,
        comment=answer.comment,
        advances=advances,
    )


def _check_text(answer: Answer) -> None:
    """Refuse what no database keeps or no reader reads. Raises: FormInvalid."""
    if len(answer.comment) > LONGEST_COMMENT:
        raise FormInvalid({"comment": f"must have at most {LONGEST_COMMENT} characters"})
    if "\0" in answer.comment or "\\u0000" in json.dumps(answer.data):
        raise FormInvalid({"comment": "has a character that cannot be kept"})


def _asked_it(gate: Gate, actor: Actor) -> Refusal | None:
    """Refuse who asked, where the gate says so; and a program that asked in a person's name."""
    if not _is_requester(gate, actor):
        return None
    if "requester" in gate.rule["exclude"]:
        return NotYours("Who asks cannot answer here. Another reviewer must.")
    if actor.session_id:
        return NotYours("You asked this from a program yourself. Answer it at the desk.")
    return None


def _is_requester(gate: Gate, actor: Actor) -> bool:
    """Compare keys and people, not names: what an agent says it is called is only what it says."""
    intent = gate.intent
    if actor.user_id is not None and actor.user_id == intent.person_id:
        return True
    return actor.key_id is not None and actor.key_id == intent.key_id


def _has_evidence(data: dict[str, Any]) -> bool:
    return any(str(data.get(name) or "").strip() for name in EVIDENCE_FIELDS)


def stage_of(gate: Gate, earlier: Sequence[Decision]) -> int:
    """Return the stage that is asked now."""
    votes = [rules.Vote(d.stage, d.voice, d.effect) for d in earlier]
    return rules.evaluate(gate.rule, votes).stage


def _is_settled(gate: Gate, earlier: Sequence[Decision]) -> bool:
    votes = [rules.Vote(d.stage, d.voice, d.effect) for d in earlier]
    return rules.evaluate(gate.rule, votes).state != "open"


def _whose(gate: Gate, user_id: int) -> str:
    if name := rules.taker_of(gate.rule, user_id):
        return f"You delegated this to {name}, who answers it now."
    return "This request is addressed to somebody else."


def _why_not(actor: Actor) -> str:
    if actor.kind is Kind.WORKSPACE:
        return "Keys of this workspace may not decide; a person answers this at the desk."
    return "You can read requests here, but only reviewers may answer them."
