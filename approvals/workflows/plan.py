"""What comes next in a workflow. Pure: plain facts in, one move out; `advance` carries it out.

A retry comes before `on_failure`: a bundle that names both can only mean "try again, then fall
back". A deadline, a no and a cancellation are not tried again.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    AGENT = "agent"
    PERSON = "person"
    DELAY = "delay"
    NOTIFICATION = "notification"
    TIMEOUT = "timeout"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step as it was compiled; nothing in it is looked up again while it runs."""

    id: str
    kind: Kind
    # Whom it is given to: an agent's address as written and in canonical form, or people's names.
    literal: str = ""
    address: str = ""
    people: tuple[str, ...] = ()
    name: str = ""
    task: dict[str, Any] = field(default_factory=dict)
    input: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    reminders: dict[str, Any] = field(default_factory=dict)
    deadline: int | None = None
    seconds: int = 0
    retries: int = 0
    retry_delay: int = 30
    # None is the end of the workflow; a failure without a step to go to fails it.
    on_success: str | None = None
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a workflow and the first of them."""

    steps: tuple[StepPlan, ...]
    entry: str

    def step(self, id: str) -> StepPlan:
        return next(step for step in self.steps if step.id == id)

    def frozen(self) -> dict[str, Any]:
        """Return the plan as JSON, to be kept as it was applied."""
        return asdict(self)

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Self:
        steps = (
            {**step, "kind": Kind(step["kind"]), "people": tuple(step["people"])}
            for step in kept["steps"]
        )
        return cls(tuple(StepPlan(**step) for step in steps), kept["entry"])


class Verdict(StrEnum):
    """How the active step stands."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    # Failed, and trying again would not help.
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the active step: its work or question, and its times."""

    kind: Kind
    now: datetime
    has_work: bool = False
    # "completed", "failed", "rejected", "canceled" or "timed out", once the work has ended.
    work: str = ""
    # "advance", "other" or "fail" once the question is answered, "withdrawn" when it never will be.
    answer: str = ""
    is_refused: bool = False
    resume_at: datetime | None = None
    deadline_at: datetime | None = None


WORK = {
    "completed": Verdict.DONE,
    "failed": Verdict.FAILED,
    "timed out": Verdict.TIMED_OUT,
    "rejected": Verdict.REFUSED,
    "canceled": Verdict.REFUSED,
}


def judge(facts: Facts, *, has_fallback: bool = False) -> Verdict:
    """Return how the active step stands. What ended in time counts, however late we look.

    An answer that is neither a yes nor a no goes on, unless the step has another way for it.
    """
    if facts.is_refused:
        return Verdict.REFUSED
    if facts.kind in {Kind.NOTIFICATION, Kind.CHECK}:
        return Verdict.DONE
    if facts.work:
        return WORK[facts.work]
    if facts.answer:
        is_yes = facts.answer == "advance" or (facts.answer == "other" and not has_fallback)
        return Verdict.DONE if is_yes else Verdict.REFUSED
    return _by_the_clock(facts)


def _by_the_clock(facts: Facts) -> Verdict:
    if facts.kind is Kind.DELAY and _has_come(facts.resume_at, facts.now):
        return Verdict.DONE
    if _has_come(facts.deadline_at, facts.now):
        return Verdict.TIMED_OUT
    if facts.kind is Kind.AGENT and not facts.has_work and _has_come(facts.resume_at, facts.now):
        return Verdict.AGAIN
    return Verdict.OPEN


def _has_come(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


class Do(StrEnum):
    WAIT = "wait"
    START = "start"
    REST = "rest before another attempt"
    COMPLETE = "complete"
    FAIL = "fail"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Move:
    """What to do, the step it is about, and how the step that was active ended."""

    do: Do
    step: str = ""
    ended: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a workflow stands: its active step, if it has begun, and how that stands."""

    is_over: bool = False
    active: str = ""
    attempt: int = 0
    verdict: Verdict = Verdict.OPEN


def next_move(plan: Plan, at: Standing) -> Move:
    """Return what comes next; asked again after each move, until it is to wait or has ended."""
    if at.is_over:
        return Move(Do.HALT)
    if not at.active:
        return Move(Do.START, plan.entry)
    step, verdict = plan.step(at.active), at.verdict
    if verdict is Verdict.OPEN:
        return Move(Do.WAIT)
    if verdict is Verdict.AGAIN:
        return Move(Do.START, step.id)
    if verdict is Verdict.FAILED and at.attempt <= step.retries:
        return Move(Do.REST, step.id)
    target = step.on_success if verdict is Verdict.DONE else step.on_failure
    if target:
        return Move(Do.START, target, ended=verdict)
    return Move(Do.COMPLETE if verdict is Verdict.DONE else Do.FAIL, step.id, ended=verdict)


def resting(step: StepPlan, *, now: datetime) -> datetime:
    """Return when a failed step is tried again."""
    return now + timedelta(seconds=step.retry_delay)
