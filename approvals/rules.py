"""Who may answer a gate, and what the answers so far amount to. Pure.

A rule is JSON, frozen on the gate: {"stages": [{"people": [ids], "anyone": bool, "approvals": n,
"rejections": n}], "exclude": ["requester"], "on_deadline": "expire"}. Stages go in order.
Handing it on adds "away": {id: whom to} and "voices": {id: whom for}.
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
    more = set(people)
    stages = [{**s, "people": sorted({*s["people"], *more})} for s in rule["stages"]]
    if "away" not in rule:
        return {**rule, "stages": stages}
    # Who handed it on is asked again, and by somebody else.
    away = {id: name for id, name in rule["away"].items() if int(id) not in more}
    return {**rule, "stages": stages, "away": away}


def hand_on(
    rule: dict[str, Any], *, giver: int | None, taker: int | None, names: tuple[str, str]
) -> dict[str, Any]:
    """Return the rule with a right to answer moved from one person to another.

    Without a giver it is the right of all who are asked; without a taker, any reviewer gets it.
    One answer that anybody might give becomes the taker's alone.
    """
    gone, come = {giver} - {None}, {taker} - {None}
    stages = []
    for stage in rule["stages"]:
        alone = taker is not None and stage["approvals"] == 1
        kept = set() if giver is None and alone else set(stage["people"])
        anyone = taker is None or (stage["anyone"] and not alone)
        stages.append({**stage, "people": sorted((kept - gone) | come), "anyone": anyone})
    giver_name, taker_name = names
    away, voices = dict(rule.get("away", {})), dict(rule.get("voices", {}))
    if giver is not None:
        away[str(giver)] = taker_name
    if taker is not None:
        voices[str(taker)] = voices.get(str(giver), giver_name)
    return {**rule, "stages": stages, "away": away, "voices": voices}


def taker_of(rule: dict[str, Any], user_id: int) -> str:
    """Return the name of whom a person handed their right on to, or nothing."""
    return str(rule.get("away", {}).get(str(user_id), ""))


def voice_of(rule: dict[str, Any], user_id: int | None) -> str:
    """Return the name of the first person a delegate answers for, or nothing."""
    return str(rule.get("voices", {}).get(str(user_id), ""))


def may_answer(rule: dict[str, Any], stage: int, user_id: int) -> bool:
    """Tell whether a reviewer of the workspace may answer this stage."""
    here = rule["stages"][stage]
    if taker_of(rule, user_id):
        return False
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
