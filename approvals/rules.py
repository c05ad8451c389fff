"""Who may answer a gate, and what the answers so far amount to. Pure.

A rule is JSON, frozen on the gate: {"stages": [{"people": [ids], "anyone": bool, "approvals": n,
"rejections": n}], "exclude": ["requester"], "on_deadline": "expire"}. Stages go in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from approvals.kinds import FAIL

State = Literal["open", "advance", "fail"]


@dataclass(frozen=True)
class Vote:
    stage: int
    who: str
    effect: str


@dataclass(frozen=True)
class Verdict:
    """What the votes amount to, and the stage that is asked next while it is open."""

    state: State
    stage: int


def first_answer(people: Iterable[int], *, exclude: Sequence[str] = ()) -> dict[str, Any]:
    """Return the plain rule: one answer of any of these people, or of any reviewer if none.

    Excluding the "requester" keeps the very key that asked from answering.
    """
    named = sorted(set(people))
    stage = {"people": named, "anyone": not named, "approvals": 1, "rejections": 1}
    return {"stages": [stage], "exclude": list(exclude), "on_deadline": "expire"}


def also(rule: dict[str, Any], people: Iterable[int]) -> dict[str, Any]:
    """Return the rule with more people who may answer its every stage."""
    stages = [{**s, "people": sorted({*s["people"], *people})} for s in rule["stages"]]
    return {**rule, "stages": stages}


def may_answer(rule: dict[str, Any], stage: int, user_id: int) -> bool:
    """Tell whether a reviewer of the workspace may answer this stage."""
    here = rule["stages"][stage]
    return bool(here["anyone"]) or user_id in here["people"]


def evaluate(rule: dict[str, Any], votes: Sequence[Vote]) -> Verdict:
    """Count distinct people, stage by stage: enough rejections end it, enough approvals go on."""
    for number, stage in enumerate(rule["stages"]):
        here = {vote.who: vote.effect for vote in votes if vote.stage == number}
        against = sum(effect == FAIL for effect in here.values())
        if against >= stage["rejections"]:
            return Verdict("fail", number)
        if len(here) - against < stage["approvals"]:
            return Verdict("open", number)
    return Verdict("advance", len(rule["stages"]) - 1)


def needs_several(rule: dict[str, Any]) -> bool:
    """Tell whether one answer may leave the gate open."""
    return len(rule["stages"]) > 1 or rule["stages"][0]["approvals"] > 1
