"""Workflows by name: what `macro_id` stands for, as steps in the bundle's own grammar. Pure."""

from dataclasses import dataclass
from typing import Any

from api.axme.translate.reading import Reader

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    description: str
    default: str | int = ""


@dataclass(frozen=True, slots=True)
class Macro:
    """A named workflow; `agent` is in its parameters when an agent works before people decide."""

    description: str
    parameters: tuple[Parameter, ...]


TITLE = Parameter("title", "What people are asked")
APPROVER = Parameter(
    "approver", "Who decides: a role of the bundle or an e-mail; else any reviewer"
)
DEADLINE = Parameter("deadline_seconds", "How long people have", DAY)
AGENT = Parameter("agent", "The role or address of the agent that works first")
WORK = Parameter("agent_deadline_seconds", "How long the agent has", 3600)
MACROS = {
    "macro.human_approval.v1": Macro("One person decides.", (TITLE, APPROVER, DEADLINE)),
    "macro.agent_then_approval.v1": Macro(
        "An agent works, then a person decides on what it found.",
        (AGENT, WORK, TITLE, APPROVER, DEADLINE),
    ),
}


def expanded(macro_id: str, given: Reader) -> list[dict[str, Any]] | None:
    """Return the steps a macro stands for, or None when there is no such macro."""
    macro = MACROS.get(macro_id)
    if macro is None:
        return None
    filled = {p.name: given.given.get(p.name) or p.default for p in macro.parameters}
    for name in given.given:
        if name not in filled:
            given.refuse(name, f"there is no such parameter; write one of: {', '.join(filled)}")
    steps = [_approval(filled)]
    if AGENT in macro.parameters:
        if not filled["agent"]:
            given.refuse("agent", "is missing; write the role or address of an agent")
        steps.insert(0, _work(filled))
    return steps


def summary(macro_id: str) -> dict[str, Any]:
    return {"macro_id": macro_id, "description": MACROS[macro_id].description}


def whole(macro_id: str) -> dict[str, Any]:
    parameters = [
        {"name": p.name, "default": p.default, "description": p.description}
        for p in MACROS[macro_id].parameters
    ]
    return {**summary(macro_id), "parameters": parameters}


def _work(filled: dict[str, Any]) -> dict[str, Any]:
    return {
        "step_id": "work",
        "tool_id": "tool.agent.task.v1",
        "assigned_to": filled["agent"],
        "step_deadline_seconds": filled["agent_deadline_seconds"],
    }


def _approval(filled: dict[str, Any]) -> dict[str, Any]:
    return {
        "step_id": "approval",
        "tool_id": "tool.approval.human_signoff",
        "assigned_to": filled["approver"],
        "requires_approval": True,
        "step_deadline_seconds": filled["deadline_seconds"],
        "human_task": {"title": filled["title"]},
    }
