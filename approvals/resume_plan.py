"""What a resume means. Pure: the precedence of the protocol, top first, on plain facts."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Plan(StrEnum):
    STALE = "stale"
    ASK = "ask"
    ANSWER = "answer"
    APPROVE_AND_CONTINUE = "approve and continue"
    REFUSE_EMPTY = "refuse empty"
    TAKE_OVER = "take over and answer"
    COMPLETE = "complete"
    FAIL = "fail"
    WORK = "work"
    LEAVE = "leave it to the steps"


@dataclass(frozen=True, slots=True)
class Wish:
    """A resume body in our words.

    `outcome` is an explicit decision, wherever the body had it; `data` what is left of the body
    without the control keys; `body` all of it.
    """

    body: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)
    action: str = ""
    outcome: str = ""
    comment: str = ""
    form: dict[str, Any] = field(default_factory=dict)
    has_task_result: bool = False
    asks_people: bool = False
    approve_current_step: bool | None = None
    expected_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the plan depends on besides the wish."""

    generation: int
    waits_for_a_person: bool
    is_agent: bool
    is_handler: bool
    # The work of one step, or a whole scenario.
    is_step: bool = False
    is_scenario: bool = False


def plan(wish: Wish, facts: Facts) -> Plan:
    """Return what to do with a resume of an intent that is not over.

    Asking for people comes before answering, or a repeated question would look like a rejection;
    an empty body never approves anything.
    """
    if wish.expected_generation not in (None, facts.generation):
        return Plan.STALE
    if wish.asks_people:
        return Plan.LEAVE if facts.is_scenario else Plan.ASK
    if facts.waits_for_a_person:
        return _answering(wish)
    if wish.has_task_result and not (facts.is_agent and facts.is_handler):
        return Plan.TAKE_OVER
    if wish.action == "complete":
        return Plan.COMPLETE
    if wish.action in {"fail", "failed", "error"}:
        return Plan.FAIL
    if facts.is_scenario:
        return Plan.LEAVE
    # What an agent says of a step's work is its result, as all public examples have it.
    return Plan.COMPLETE if facts.is_step and wish.data else Plan.WORK


def _answering(wish: Wish) -> Plan:
    if wish.outcome:
        return Plan.ANSWER
    if wish.approve_current_step is True:
        return Plan.APPROVE_AND_CONTINUE
    if wish.approve_current_step is False:
        return Plan.ANSWER
    return Plan.REFUSE_EMPTY
