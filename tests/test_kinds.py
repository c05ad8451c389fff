"""The task types of the protocol, the outcomes they offer, and what each outcome does."""

import pytest

from approvals.kinds import ADVANCE, FAIL, USUAL, Kind, effect_of, kind_of, outcomes_for

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

    assert values(offered) == ["ship", "hold"]
    assert values(offered, hidden=True) == []


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
