"""The lifecycle: every pair of statuses, written out by hand from the protocol."""

import itertools

import pytest

from intents.lifecycle import ENDS, EVENT, MOVES, OPEN, InvalidTransition, Status, check

ENDINGS = {"FAILED", "CANCELED", "TIMED_OUT"}
ALLOWED = {
    "CREATED": {"SUBMITTED"} | ENDINGS,
    "SUBMITTED": {"DELIVERED"} | ENDINGS,
    "DELIVERED": {"ACKNOWLEDGED", "IN_PROGRESS", "WAITING"} | ENDINGS,
    "ACKNOWLEDGED": {"IN_PROGRESS", "WAITING"} | ENDINGS,
    "IN_PROGRESS": {"IN_PROGRESS", "WAITING", "COMPLETED"} | ENDINGS,
    "WAITING": {"IN_PROGRESS", "WAITING"} | ENDINGS,
    "COMPLETED": set(),
    "FAILED": set(),
    "CANCELED": set(),
    "TIMED_OUT": set(),
}
PAIRS = list(itertools.product(Status, Status))


@pytest.mark.parametrize(("current", "wanted"), PAIRS)
def test_a_step_is_allowed_exactly_where_the_protocol_has_it(current, wanted):
    if wanted in ALLOWED[current]:
        check(current, wanted)
    else:
        with pytest.raises(InvalidTransition) as refused:
            check(current, wanted)
        assert str(refused.value) == f"An intent that is {current} cannot become {wanted}."


def test_every_status_has_its_line_and_its_event():
    assert set(MOVES) == set(Status) == set(EVENT)


def test_an_end_leads_nowhere_and_everything_open_leads_to_an_end():
    assert all(not MOVES[end] for end in ENDS)
    assert all(MOVES[status] & ENDS for status in OPEN)


def test_completion_comes_from_working_only():
    assert [s for s in Status if Status.COMPLETED in MOVES[s]] == [Status.IN_PROGRESS]


def test_nothing_goes_back_before_its_delivery():
    early = {Status.CREATED, Status.SUBMITTED, Status.DELIVERED}
    later = set(Status) - early

    assert all(not MOVES[status] & early for status in later)


def test_canceled_is_written_with_one_l():
    assert EVENT[Status.CANCELED] == "intent.canceled"
    assert EVENT[Status.TIMED_OUT] == "intent.timed_out"
