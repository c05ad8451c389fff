"""The kinds of run that are mixed in `tests/test_e2e_mixed.py`: how each starts and must end.

A kind is a row of KINDS. What agents do is said by the payload (see `programs/mixed.py`), what
people do by the title: "Say yes" or "Say no".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

HERE = "agent://myorg/production"
AGENTS = [f"mixed-{number}" for number in range(10)]
# Long enough that nothing that should end otherwise meets it.
DEADLINE_SECONDS = 8


@dataclass(frozen=True)
class Run:
    """One run that was started, and what we were told on the way."""

    kind: "Kind"
    intent_id: str
    agent: str
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def must_end(self) -> str:
        return self.kind.ends(self) if callable(self.kind.ends) else self.kind.ends


@dataclass(frozen=True)
class Kind:
    """One row: a name, how often of a hundred, how it starts, and the one state it must end in."""

    name: str
    share: int
    start: Callable[[httpx.Client, "Kind", str], Run]
    ends: str | Callable[[Run], str]
    more: dict[str, Any] = field(default_factory=dict)


def post(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def send(api: httpx.Client, kind: Kind, agent: str, **more: Any) -> Run:
    """Send an agent work that says what to do with it."""
    intent = {
        "intent_type": "intent.mixed.v1",
        "to_agent": f"{HERE}/{agent}",
        "payload": {"do": kind.name},
        **kind.more,
        **more,
    }
    return Run(kind, post(api, "/v1/intents", intent)["intent_id"], agent)


def send_with_deadline(api: httpx.Client, kind: Kind, agent: str) -> Run:
    due = datetime.now(UTC) + timedelta(seconds=DEADLINE_SECONDS)
    return send(api, kind, agent, deadline_at=due.isoformat())


def send_and_cancel(api: httpx.Client, kind: Kind, agent: str) -> Run:
    """Send work that is ignored, and take it back."""
    run = send(api, kind, agent)
    post(api, f"/v1/intents/{run.intent_id}/resolve", {"status": "CANCELED", "reason": "No need"})
    return run


def send_and_race(api: httpx.Client, kind: Kind, agent: str) -> Run:
    """Send work that is done at once, and take it back in the same moment."""
    run = send(api, kind, agent, payload={"do": "complete"})
    answer = api.post(f"/v1/intents/{run.intent_id}/cancel", json={"reason": "Too late?"})
    assert answer.status_code in {200, 409}, answer.text
    run.told["was_canceled"] = answer.is_success
    return run


def ask(api: httpx.Client, kind: Kind, agent: str) -> Run:
    """Ask people, without an agent."""
    return send(api, kind, agent, to_agent="human")


def apply(api: httpx.Client, kind: Kind, agent: str) -> Run:
    """Apply a scenario of this agent, the next one and a person, in which each step is told."""
    steps = kind.more["steps"]
    second = AGENTS[(AGENTS.index(agent) + 1) % len(AGENTS)]
    bundle = {
        "scenario_id": "mixed.v1",
        "agents": [
            {"role": "first", "address": f"{HERE}/{agent}"},
            {"role": "second", "address": f"{HERE}/{second}"},
        ],
        "humans": [{"role": "boss", "display_name": "Bob"}],
        "workflow": {"steps": steps},
        "intent": {
            "type": "intent.mixed.v1",
            "payload": {"do": {step["step_id"]: step["tells"] for step in steps}},
        },
    }
    if seconds := kind.more.get("deadline_seconds"):
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        bundle["intent"]["deadline_at"] = due.isoformat()
    return Run(kind, post(api, "/v1/scenarios/apply", bundle)["intent_id"], agent)


def apply_and_cancel(api: httpx.Client, kind: Kind, agent: str) -> Run:
    """Apply a scenario whose agent does nothing, and take it back."""
    run = apply(api, kind, agent)
    post(api, f"/v1/intents/{run.intent_id}/resolve", {"status": "CANCELED", "reason": "No need"})
    return run


def whoever_was_first(run: Run) -> str:
    return "CANCELED" if run.told["was_canceled"] else "COMPLETED"


def task(title: str) -> dict[str, Any]:
    return {"human_task": {"task_type": "approval", "title": title}}


def step(role: str, tells: str, **more: Any) -> dict[str, Any]:
    return {"step_id": f"{role} {tells}", "assigned_to": role, "tells": tells, **more}


FIRST, SECOND = step("first", "complete"), step("second", "complete")
YES = step("boss", "yes", requires_approval=True, **task("Say yes"))
NO = step("boss", "no", requires_approval=True, **task("Say no"))
FAILS, IGNORES = step("first", "fail"), step("first", "ignore")
MENDED = step("first", "fail", on_failure=SECOND["step_id"])
LATE = step("first", "ignore", step_deadline_seconds=3)

DIRECT = [
    Kind("complete", 30, send, "COMPLETED"),
    Kind("fail", 10, send, "FAILED"),
    Kind("ask, yes", 12, send, "COMPLETED"),
    Kind("ask, no", 8, send, "FAILED"),
    Kind("person, yes", 10, ask, "COMPLETED", task("Say yes")),
    Kind("person, no", 5, ask, "FAILED", task("Say no")),
    Kind("ignore, canceled", 10, send_and_cancel, "CANCELED"),
    Kind("ignore, timed out", 5, send_with_deadline, "TIMED_OUT"),
    Kind("raced", 10, send_and_race, whoever_was_first),
]
SCENARIOS = [
    Kind("scenario, yes", 60, apply, "COMPLETED", {"steps": [FIRST, SECOND, YES]}),
    Kind("scenario, no", 30, apply, "FAILED", {"steps": [FIRST, NO, SECOND]}),
    Kind("scenario, fails", 20, apply, "FAILED", {"steps": [FAILS, SECOND, YES]}),
    Kind("scenario, mended", 20, apply, "COMPLETED", {"steps": [MENDED, SECOND]}),
    Kind("scenario, late", 10, apply, "FAILED", {"steps": [LATE, SECOND]}),
    Kind("scenario, canceled", 10, apply_and_cancel, "CANCELED", {"steps": [IGNORES, YES]}),
    Kind(
        "scenario, timed out", 10, apply, "TIMED_OUT",
        {"steps": [IGNORES, YES], "deadline_seconds": DEADLINE_SECONDS},
    ),
]  # fmt: skip
KINDS = DIRECT + SCENARIOS
