"""Who is doing something: the value every action is told. Never a request, never a row."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID


class Kind(StrEnum):
    PERSON = "person"
    AGENT = "agent"
    WORKSPACE = "workspace"
    SYSTEM = "system"


class Channel(StrEnum):
    """The door an answer came through; the trail names it."""

    DESK = "desk"
    EMAIL = "email"
    API = "api"
    MCP = "mcp"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an agent key, a workspace key or the system itself.

    `name` is what the trail shows: a person's e-mail, an agent's address, or the name of a key.
    `workspaces` are the ones this actor may see; keys have exactly one.
    """

    kind: Kind
    name: str
    workspaces: frozenset[UUID]
    channel: Channel
    user_id: int | None = None
    key_id: UUID | None = None
    session_id: UUID | None = None
    address: str | None = None
    reviews: frozenset[UUID] = frozenset()
    administers: frozenset[UUID] = frozenset()
    trace_id: str = ""
    org: str = ""
    space: str = ""

    @property
    def workspace_id(self) -> UUID:
        """The one workspace a key acts for. Raises: ValueError for a person of several."""
        (only,) = self.workspaces
        return only

    @property
    def is_agent(self) -> bool:
        return self.kind is Kind.AGENT

    @property
    def credential(self) -> UUID | None:
        """The row that must still hold when this actor writes; at the desk there is none."""
        return self.key_id or self.session_id

    def manages(self, workspace_id: UUID) -> bool:
        """Tell whether this is a workspace's own key or an admin of it: who sets things up."""
        if self.kind is Kind.PERSON:
            return workspace_id in self.administers
        return self.kind is Kind.WORKSPACE and workspace_id in self.workspaces

    @classmethod
    def system(cls, name: str = "scheduler") -> Self:
        return cls(Kind.SYSTEM, name, frozenset(), Channel.SYSTEM)
