"""Whom a workspace can ask: its reviewers, and the addresses people stand behind. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.addresses import ANYONE, canonical
from accounts.models import Agent, Membership, Workspace
from events.journeys import Statement, ask

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
