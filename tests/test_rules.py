"""The rule of a gate: who may answer, and what the answers so far amount to."""

import pytest

from approvals.kinds import ADVANCE, FAIL
from approvals.rules import Verdict, Vote, also, evaluate, first_answer, may_answer, needs_several

ANN, BOB, CID = 1, 2, 3


def stage(*people, approvals=1, rejections=1):
    named = {"people": list(people), "anyone": not people}
    return {**named, "approvals": approvals, "rejections": rejections}


def rule(*stages):
    return {"stages": list(stages), "exclude": ["asker"], "on_deadline": "expire"}


def votes(*said):
    return [Vote(*vote) for vote in said]


def test_a_rule_without_names_lets_any_reviewer_answer():
    assert may_answer(first_answer([]), 0, CID)


def test_a_rule_with_names_lets_only_those_answer():
    named = first_answer([BOB, ANN, BOB])

    assert named["stages"][0]["people"] == [ANN, BOB]
    assert may_answer(named, 0, ANN)
    assert not may_answer(named, 0, CID)


def test_a_rule_expires_at_its_deadline_and_excludes_whom_it_is_told_to():
    strict = first_answer([], exclude=["requester"])

    assert (strict["exclude"], strict["on_deadline"]) == (["requester"], "expire")
    assert first_answer([])["exclude"] == []


def test_also_adds_people_to_every_stage_and_leaves_the_old_rule_alone():
    old = rule(stage(ANN), stage(BOB))

    wider = also(old, [CID, ANN])

    assert [s["people"] for s in wider["stages"]] == [[ANN, CID], [ANN, BOB, CID]]
    assert [s["people"] for s in old["stages"]] == [[ANN], [BOB]]


def test_also_keeps_a_rule_for_anyone_open_to_anyone():
    assert may_answer(also(first_answer([]), [ANN]), 0, CID)


ONE = rule(stage())
TWO_OF_THEM = rule(stage(approvals=2))
VETO_OF_TWO = rule(stage(approvals=2, rejections=2))
CHAIN = rule(stage(ANN), stage(BOB))


@pytest.mark.parametrize(
    ("asked", "said", "verdict"),
    [
        pytest.param(ONE, [], ("open", 0), id="nobody answered"),
        pytest.param(ONE, [(0, "ann", ADVANCE)], ("advance", 0), id="one approval"),
        pytest.param(ONE, [(0, "ann", FAIL)], ("fail", 0), id="one rejection"),
        pytest.param(TWO_OF_THEM, [(0, "ann", ADVANCE)], ("open", 0), id="one of two"),
        pytest.param(
            TWO_OF_THEM,
            [(0, "ann", ADVANCE), (0, "ann", ADVANCE)],
            ("open", 0),
            id="the same person twice is one",
        ),
        pytest.param(
            TWO_OF_THEM, [(0, "ann", ADVANCE), (0, "bob", ADVANCE)], ("advance", 0), id="two of two"
        ),
        pytest.param(
            TWO_OF_THEM, [(0, "ann", ADVANCE), (0, "bob", FAIL)], ("fail", 0), id="one against"
        ),
        pytest.param(
            VETO_OF_TWO, [(0, "ann", FAIL), (0, "bob", ADVANCE)], ("open", 0), id="undecided"
        ),
        pytest.param(
            VETO_OF_TWO, [(0, "ann", FAIL), (0, "bob", FAIL)], ("fail", 0), id="two against"
        ),
        pytest.param(CHAIN, [(0, "ann", ADVANCE)], ("open", 1), id="the second stage is asked"),
        pytest.param(CHAIN, [(1, "bob", ADVANCE)], ("open", 0), id="a stage is not skipped"),
        pytest.param(
            CHAIN, [(0, "ann", ADVANCE), (1, "bob", ADVANCE)], ("advance", 1), id="all stages"
        ),
        pytest.param(
            CHAIN, [(0, "ann", ADVANCE), (1, "bob", FAIL)], ("fail", 1), id="the last one refuses"
        ),
    ],
)
def test_the_answers_amount_to_a_verdict(asked, said, verdict):
    assert evaluate(asked, votes(*said)) == Verdict(*verdict)


@pytest.mark.parametrize(
    ("asked", "several"), [(ONE, False), (TWO_OF_THEM, True), (CHAIN, True)], ids="123"
)
def test_a_rule_knows_whether_one_answer_may_leave_it_open(asked, several):
    assert needs_several(asked) is several
