"""AXP's words turned into ours: resolutions, the parts of a wish, numbers and times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.axme.errors import BadRequest
from api.axme.translate import resolution, wish
from api.axme.translate.wire import own_seq, stamp, wire_seq
from intents.lifecycle import Status

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

ENDS = [
    ({"status": "COMPLETED", "result": {"a": 1}}, Status.COMPLETED, {"a": 1}),
    ({"status": "completed", "total": 2}, Status.COMPLETED, {"total": 2}),
    ({"status": "done", "result": "a text"}, Status.COMPLETED, {"result": "a text"}),
    ({"status": "success"}, Status.COMPLETED, {}),
    ({"status": "Resolved", "actor": "me"}, Status.COMPLETED, {}),
    ({"result": {"a": 1}}, Status.COMPLETED, {"a": 1}),
    ({}, Status.COMPLETED, {}),
    # A word the protocol does not know is data: the whole body is the result.
    (
        {"status": "analysis_complete", "n": 3},
        Status.COMPLETED,
        {"status": "analysis_complete", "n": 3},
    ),
]


@pytest.mark.parametrize(("body", "status", "result"), ENDS, ids=[str(row[0]) for row in ENDS])
def test_a_resolve_says_how_it_ends(body, status, result):
    assert resolution(body, now=NOON) == (status, result)


@pytest.mark.parametrize("word", ["FAILED", "failed", "error"])
def test_a_failure_has_the_whole_error_object_of_the_protocol(word):
    status, error = resolution({"status": word, "error": {"code": "disk_full"}}, now=NOON)

    assert status is Status.FAILED
    assert error == {
        "code": "disk_full",
        "message": "The agent failed.",
        "category": "internal",
        "retryable": False,
        "at": NOON.isoformat(),
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"status": "failed", "error": "no space"}, {"message": "no space"}),
        ({"status": "failed", "why": "no space"}, {"why": "no space", "code": "unspecified"}),
        ({"status": "failed"}, {"code": "unspecified"}),
    ],
    ids=["as a text", "as other fields", "untold"],
)
def test_a_failure_is_told_however_it_was_said(body, told):
    assert told.items() <= resolution(body, now=NOON)[1].items()


@pytest.mark.parametrize("word", ["CANCELED", "CANCELLED", "canceled", "cancelled"])
def test_a_cancellation_keeps_its_reason_in_either_spelling(word):
    status, error = resolution({"status": word, "reason": "Not needed"}, now=NOON)

    assert (status, error["reason"], error["code"]) == (Status.CANCELED, "Not needed", "canceled")


def test_only_the_server_times_an_intent_out():
    with pytest.raises(BadRequest, match="Only the server") as refused:
        resolution({"status": "timed_out"}, now=NOON)

    assert (refused.value.status, refused.value.code) == (422, "invalid_transition")


def test_a_wish_keeps_the_body_whole_and_its_data_without_control_keys():
    body = {"action": "complete", "reason": "x", "actor": "me", "total": 3, "status": "captured"}

    made = wish(body)

    assert made.body == body
    assert made.data == {"total": 3, "status": "captured"}


def test_form_fields_come_beside_the_outcome_or_in_data():
    made = wish({"task_result": {"outcome": "approved", "days": "3", "data": {"scope": True}}})

    assert made.form == {"days": "3", "scope": True}


@pytest.mark.parametrize(
    "body",
    [
        {"task_result": {"outcome": "approved", "comment": "Fine"}},
        {"outcome": "approved", "comment": "Fine"},
        {"outcome": "approved", "reason": "Fine"},
        {
            "task_result": {"outcome": "approved", "comment": "Fine"},
            "comment": "no",
            "reason": "no",
        },
    ],
    ids=["in the task result", "beside", "as a reason", "nearest first"],
)
def test_the_comment_is_found(body):
    assert wish(body).comment == "Fine"


@pytest.mark.parametrize("task", ["approved", 5, ["a"], None, True], ids=str)
def test_a_task_result_that_is_no_object_is_none(task):
    made = wish({"task_result": task})

    assert (made.has_task_result, made.form) == (False, {})


def test_numbers_on_the_wire_are_even_so_that_last_plus_one_skips_nothing():
    shown = [wire_seq(seq) for seq in range(1, 6)]

    assert shown == [2, 4, 6, 8, 10]
    for position, seen in enumerate(shown, start=1):
        assert own_seq(seen) == own_seq(seen + 1) == position


@pytest.mark.parametrize("since", [0, 1])
def test_zero_and_one_are_before_the_first_event(since):
    assert own_seq(since) == 0


def test_a_number_beyond_all_events_is_still_one_a_database_compares():
    assert 2**24 < own_seq(10**30) < 2**31


def test_times_are_utc_with_microseconds_and_a_z():
    assert stamp(NOON) == "2026-03-01T12:00:00.000000Z"
    assert stamp(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-03-01T12:00:00.000000Z"
    assert stamp(None) is None
