"""From what an agent wants asked to a gate: the title, the outcomes, who may answer, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from approvals import rules, timetable
from approvals.directory import ANY_REVIEWER, Directory, Person
from approvals.kinds import USUAL, Kind, kind_of, outcomes_for
from approvals.models import Gate
from governance import risk
from intents.models import Intent
from intents.payloads import digest


def open_gate(
    intent: Intent,
    spec: dict[str, Any],
    directory: Directory,
    *,
    asker: str,
    context: dict[str, Any] | None = None,
    people: Sequence[int] = (),
    now: datetime,
) -> Gate:
    """Return the gate for a human task, not stored yet. `people` restricts it beyond the spec."""
    kind = kind_of(str(spec.get("task_type", "")))
    named = directory.find(intent.workspace_id, _asked(intent, spec))
    gate = Gate(
        workspace_id=intent.workspace_id,
        intent=intent,
        kind=kind,
        title=str(spec.get("title") or intent.type)[:255],
        description=str(spec.get("description") or ""),
        asker=asker,
        risk=risk.assess(spec, intent.payload, floor=_floor(kind)),
        outcomes=outcomes_for(kind, list(spec.get("allowed_outcomes") or ())),
        form_schema=spec.get("form_schema") or {},
        is_comment_required=spec.get("required_comment", USUAL[kind].is_comment_required),
        is_evidence_required=bool(spec.get("evidence_required")),
        rule=rules.first_answer(
            [*people, *(person.id for person in named)],
            exclude=["requester"] if spec.get("exclude_requester") is True else [],
        ),
        context=context or {},
        digest=shown_digest(intent.payload, context or {}),
        opened_at=now,
        changed_at=now,
        due_at=intent.deadline_at,
        rank_at=timetable.rank(now, intent.deadline_at),
        reminders=intent.reminders,
    )
    gate.nudge_at = upcoming(gate, last=now)[1]
    return gate


def shown_digest(payload: dict[str, Any], context: dict[str, Any]) -> str:
    """Return the digest of all an agent puts before the reviewer: what the decision is bound to."""
    return digest({"context": context, "payload": payload})


def upcoming(gate: Gate, *, last: datetime) -> tuple[str | None, datetime | None]:
    """Return what the timetable has next for this gate."""
    return timetable.next_nudge(
        gate.reminders,
        sent=gate.reminders_sent,
        escalated=gate.escalated_at is not None,
        last=last,
        due_at=gate.due_at,
    )


def told(gate: Gate, directory: Directory, *, notify: str = "") -> list[Person]:
    """Return who hears of the gate by e-mail: the reviewer in `notify`, or all who may answer."""
    people = directory.reviewers.get(gate.workspace_id, [])
    able = [p for p in people if rules.may_answer(gate.rule, 0, p.id)]
    named = [p for p in able if p.email == notify.strip().lower()]
    return named or [p for p in able if p.wants_mail]


def unknown_assignees(intent: Intent, spec: dict[str, Any], directory: Directory) -> list[str]:
    """Return the named people that are no reviewers here: they are not asked, and it is said."""
    notify = spec.get("notify_email")
    asked = [*spec.get("assignees", ()), *([notify] if notify else [])]
    return [
        name
        for name in asked
        if name.strip().lower() not in ANY_REVIEWER
        and not directory.find(intent.workspace_id, [name])
    ]


def _asked(intent: Intent, spec: dict[str, Any]) -> list[str]:
    """A named assignee is asked; else the person the address belongs to; else any reviewer."""
    names = list(spec.get("assignees") or ())
    if any(name.strip().lower() in ANY_REVIEWER for name in names):
        return []
    return names or [intent.to_address]


def _floor(kind: Kind) -> risk.Risk:
    """Overriding a safeguard is grave whatever the agent says of it."""
    return risk.Risk.HIGH if kind == Kind.OVERRIDE else risk.Risk.LOW
