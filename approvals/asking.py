"""From what an agent wants asked to a gate: the title, the outcomes, who may answer, and when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.addresses import ANYONE, canonical
from accounts.models import Agent, Membership, Workspace
from approvals import rules, timetable
from approvals.kinds import USUAL, Kind, kind_of, outcomes_for
from approvals.models import Gate
from events.journeys import Statement, ask
from governance import risk
from intents.models import Intent
from intents.payloads import digest

WORKSPACE_ID = Workspace._meta.get_field("id")
# One statement, written out: every create asks it, and Django took longer to put it into words
# than the database takes to answer.
EVERYBODY = """
    SELECT m.workspace_id, NULL, NULL, NULL, u.id, u.email, m.wants_mail
    FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.workspace_id IN ({marks}) AND u.is_active AND m.role IN (%s, %s)
    UNION ALL
    SELECT a.workspace_id, w.org, w.name, a.address, a.person_id, NULL, NULL
    FROM accounts_agent a JOIN accounts_workspace w ON w.id = a.workspace_id
    WHERE a.workspace_id IN ({marks}) AND a.is_on AND a.kind = %s
    ORDER BY 1, 5"""
ANY_REVIEWER = {ANYONE, "reviewer", "reviewers", "approver", "approvers", "admin", "admins"}


@dataclass(frozen=True)
class Person:
    """A reviewer as far as asking is concerned."""

    id: int
    email: str
    wants_mail: bool


@dataclass
class Directory:
    """Whom the workspaces of one batch can ask, and which addresses belong to people."""

    reviewers: defaultdict[UUID, list[Person]]
    addresses: dict[tuple[UUID, str], int | None]
    # The workspaces that have addresses of people: their org and name, to compare spellings by.
    spaces: dict[UUID, tuple[str, str]]

    @classmethod
    def of(cls, workspaces: Iterable[UUID]) -> "Directory":
        """Read the reviewers and the people's addresses of these workspaces: one query."""
        (found,) = ask(cls.asking(workspaces))
        return cls.from_rows(found)

    @classmethod
    def asking(cls, workspaces: Iterable[UUID]) -> Statement:
        """Return what reads the directory, to be asked together with something else."""
        ids = [WORKSPACE_ID.get_db_prep_value(id, connection) for id in set(workspaces)]
        marks = ", ".join(["%s"] * len(ids)) or "NULL"
        values = [*ids, *Membership.DECIDING, *ids, Agent.Kind.PEOPLE]
        return Statement(EVERYBODY.format(marks=marks), values)

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[Any]]) -> "Directory":
        """Return the directory from the answer to `asking`."""
        found = cls(defaultdict(list), {}, {})
        for workspace, org, name, address, person, email, wants_mail in rows:
            space = UUID(str(workspace))
            if address is None:
                found.reviewers[space].append(Person(person, email.lower(), bool(wants_mail)))
            else:
                found.addresses[space, address] = person
                found.spaces[space] = (org, name)
        return found

    def is_peoples(self, workspace_id: UUID, address: str) -> bool:
        """Tell whether whatever is sent to this address is asked of a person."""
        if address == ANYONE or (workspace_id, address) in self.addresses:
            return True
        return any(p.email == address for p in self.reviewers.get(workspace_id, ()))

    def find(self, workspace_id: UUID, names: Iterable[str]) -> list[Person]:
        """Return the reviewers named by e-mail or by an address of theirs."""
        wanted = {name.strip().lower() for name in names}
        owned = {self.addresses.get(self._place(workspace_id, name)) for name in names}
        people = self.reviewers.get(workspace_id, [])
        return [p for p in people if p.email in wanted or p.id in owned]

    def means_anyone(self, workspace_id: UUID, name: str) -> bool:
        """Tell whether a name stands for every reviewer: a role, or an address of no one person."""
        if name.strip().lower() in ANY_REVIEWER:
            return True
        place = self._place(workspace_id, name)
        return place in self.addresses and self.addresses[place] is None

    def _place(self, workspace_id: UUID, name: str) -> tuple[UUID, str]:
        """Return the key an address of people is kept under, whatever way it is spelled."""
        org, space = self.spaces.get(workspace_id, ("", ""))
        return workspace_id, canonical(name, org=org, workspace=space)


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
