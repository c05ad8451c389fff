"""The task types of the protocol, the outcomes they offer, and what each outcome does."""

import pytest

from approvals.kinds import (
    ADVANCE,
    FAIL,
    USUAL,
    BadOutcomes,
    Kind,
    check_outcomes,
    effect_of,
    is_approval,
    kind_of,
    outcomes_for,
)

SHOWN = {
    "approval": ["approved", "rejected"],
    "review": ["approved", "changes_requested", "rejected"],
    "form": ["submitted", "rejected"],
    "manual_action": ["completed", "failed"],
    "override": ["override_approved", "rejected"],
    "confirmation": ["confirmed", "denied"],
    "assignment": ["assigned", "declined"],
    "clarification": ["provided", "declined"],
}
RELATED = {
    "provide_data": "form",
    "attach_file": "manual_action",
    "validate_real_world": "confirmation",
    "validate_output": "review",
    "delegation": "assignment",
    "reroute": "assignment",
    "escalate": "approval",
}


def values(outcomes, *, hidden=False):
    return [o["value"] for o in outcomes if o["is_hidden"] is hidden]


def test_there_are_the_eight_documented_types():
    assert set(Kind.values) == set(SHOWN) == {str(kind) for kind in USUAL}


@pytest.mark.parametrize("name", SHOWN)
def test_a_type_without_named_outcomes_shows_its_usual_ones(name):
    assert values(outcomes_for(kind_of(name), [])) == SHOWN[name]


@pytest.mark.parametrize("name", SHOWN)
def test_a_type_without_named_outcomes_always_understands_approved_and_rejected(name):
    offered = outcomes_for(kind_of(name), [])

    assert {"approved", "rejected"} <= {o["value"] for o in offered}


@pytest.mark.parametrize("name", SHOWN)
def test_a_type_has_one_way_on_and_one_way_out(name):
    effects = {o["effect"] for o in outcomes_for(kind_of(name), []) if not o["is_hidden"]}

    assert effects == {ADVANCE, FAIL}


def test_named_outcomes_are_all_there_is_each_once_and_in_order():
    offered = outcomes_for(Kind.REVIEW, ["ship", "hold", "ship"])

    assert values(offered) == ["ship", "hold", "rejected"]
    assert values(offered, hidden=True) == []


@pytest.mark.parametrize("named", [["go", "No"], ["yes", "-reject-"], ["a", "Declined "]], ids=repr)
def test_a_no_in_any_spelling_fails_the_intent_and_needs_no_other(named):
    offered = outcomes_for(Kind.APPROVAL, named)

    assert [(o["value"], o["effect"]) for o in offered][1:2] == [(named[1], FAIL)]
    assert values(offered) == named


@pytest.mark.parametrize(
    "named",
    [
        ["approved", "Approved"],
        ["re\u200bject"],
        ["rej\u0435cted"],
        ["<b>yes</b>"],
        ["--"],
        [" ok"],
    ],
    ids=ascii,
)
def test_outcomes_that_could_mislead_are_refused(named):
    with pytest.raises(BadOutcomes):
        check_outcomes(named)


def test_words_of_other_languages_are_fine():
    check_outcomes(["genehmigt", "bestätigt", "拒否", "n'importe", "plan-a"])


def test_a_word_of_the_agents_own_lets_it_go_on_and_is_no_approval():
    assert (effect_of("abgelehnt"), is_approval("abgelehnt")) == (ADVANCE, False)
    assert is_approval("Override approved")


@pytest.mark.parametrize(("name", "kind"), RELATED.items())
def test_other_types_of_the_protocol_are_their_nearest_relative(name, kind):
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", ["", "approve", "Approval", "dance"])
def test_an_unknown_type_is_an_approval(name):
    assert kind_of(name) == Kind.APPROVAL


@pytest.mark.parametrize(
    "word",
    [
        "rejected",
        "Rejected",
        "denied",
        "declined",
        "failed",
        "changes_requested",
        "override_rejected",
    ],
)
def test_negative_words_fail_the_intent(word):
    assert effect_of(word) == FAIL


@pytest.mark.parametrize("word", ["approved", "deferred", "submitted", "halt", "not rejected"])
def test_other_words_advance_it(word):
    assert effect_of(word) == ADVANCE


def test_only_an_override_asks_for_a_comment_by_itself():
    assert [kind for kind, usual in USUAL.items() if usual.is_comment_required] == [Kind.OVERRIDE]
