"""A scenario as its author wrote it, in our words: values only. `compiling` makes a plan of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AgentPart:
    """An agent that takes part; `path` is where the bundle names it, for complaints."""

    role: str
    literal: str
    address: str
    path: str
    name: str = ""
    mode: str = "stream"
    callback_url: str = ""
    is_made_if_missing: bool = False


@dataclass(frozen=True, slots=True)
class PersonPart:
    """A person or group of people that takes part; without a contact, any reviewer."""

    role: str
    path: str
    contact: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class StepPart:
    """One step before it is known who or what carries it out."""

    id: str
    path: str
    tool: str = ""
    runtime: str = ""
    assigned_to: str = ""
    requires_approval: bool = False
    task: dict[str, Any] | None = None
    input: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    reminders: dict[str, Any] = field(default_factory=dict)
    deadline: int | None = None
    retries: int = 0
    retry_delay: int = 30
    on_success: str = ""
    on_failure: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything one `apply` asks for."""

    scenario_id: str
    type: str
    title: str = ""
    description: str = ""
    agents: tuple[AgentPart, ...] = ()
    people: tuple[PersonPart, ...] = ()
    steps: tuple[StepPart, ...] = ()
    entry: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    task: dict[str, Any] | None = None
    reminders: dict[str, Any] = field(default_factory=dict)
    deadline_at: datetime | None = None
    max_delivery_attempts: int | None = None

    @property
    def parts(self) -> "tuple[AgentPart | PersonPart, ...]":
        return (*self.agents, *self.people)


@dataclass(slots=True)
class Findings:
    """What is wrong with a bundle, and what its author should know. Each names the place."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class BadBundle(Exception):
    """The bundle cannot be applied, and nothing of it was."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors)[:2000])
        self.errors = errors
