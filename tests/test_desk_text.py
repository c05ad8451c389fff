"""What others wrote and when things happen, as the desk shows them."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.desk import marks, payload, times, words
from approvals.kinds import Kind, outcomes_for

NOW = datetime(2026, 5, 14, 10, 42, tzinfo=UTC)


def test_markup_is_escaped():
    assert marks.shown("<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize("odd", ["\u202e", "\u200b", "\u2066", "\u00ad", "\x07", "\u3164"])
def test_invisible_characters_are_shown_by_their_number(odd):
    assert f"U+{ord(odd):04X}</span>b" in marks.shown(f"a{odd}b")


def test_line_breaks_and_other_scripts_are_left_alone():
    assert marks.shown("Grüße\n你好") == "Grüße\n你好"


def test_bare_text_is_what_a_person_would_type():
    assert marks.bare(" Pay\u200b  invoice\n7 ") == "Pay invoice 7"


def test_every_value_of_a_payload_becomes_a_row():
    shown = payload.readable({"order_id": 7, "to": {"city": "Ulm", "tags": ["a", "b"]}, "x": None})

    assert [(row.parents, row.name, row.text) for row in shown.rows] == [
        ("", "Order id", "7"),
        ("To", "City", "Ulm"),
        ("To · Tags", "1", "a"),
        ("To · Tags", "2", "b"),
        ("", "X", "nothing"),
    ]


def test_names_that_would_look_alike_are_shown_as_sent():
    names = [row.name for row in payload.readable({"order_id": 1, "orderId": 2}).rows]

    assert names == ["order_id", "orderId"]


def test_text_that_looks_like_a_truth_value_is_quoted():
    assert [row.text for row in payload.readable({"a": True, "b": "Yes"}).rows] == ["Yes", "“Yes”"]


def test_a_long_value_is_folded_and_kept_whole():
    (row,) = payload.readable({"notes": "word " * 200}).rows

    assert row.is_long
    assert row.text == f"“{'word ' * 200}”"


def test_what_is_too_much_for_rows_is_counted_and_in_the_json():
    shown = payload.readable(list(range(payload.MOST_ROWS + 3)))

    assert (len(shown.rows), shown.more) == (payload.MOST_ROWS, 3)
    assert str(payload.MOST_ROWS + 2) in shown.raw


def test_deep_nesting_ends_as_json():
    value: dict = {}
    for _ in range(30):
        value = {"in": value}

    assert len(payload.readable(value).rows) == 1


def test_the_pair_is_the_first_yes_and_the_first_no():
    main, more = words.buttons(outcomes_for(Kind.REVIEW, []))

    assert [(b.label, b.tone, b.key) for b in main] == [
        ("Approve", "yes", "a"),
        ("Request changes", "no", "r"),
    ]
    assert [b.label for b in more] == ["Reject"]


def test_answers_that_are_no_plain_yes_have_no_tone():
    main, more = words.buttons(outcomes_for(Kind.APPROVAL, ["plan_a", "plan_b", "plan_c"]))

    assert [(b.label, b.tone) for b in main] == [("Plan a", ""), ("Reject", "")]
    assert [b.label for b in more] == ["Plan b", "Plan c"]


@pytest.mark.parametrize(
    ("left", "short", "said"),
    [
        (timedelta(minutes=-5), "due now", "Was due 10:37"),
        (timedelta(minutes=18), "18 min", "Due in 18 min, 11:00"),
        (timedelta(hours=1, minutes=48), "12:30", "Due in 1 h 48 min, 12:30"),
        (timedelta(days=1, hours=-2), "Fri 08:42", "Due in 22 h, Fri 08:42"),
        (timedelta(days=3), "Sun 10:42", "Due Sun 10:42"),
        (timedelta(days=30), "13 Jun", "Due 13 Jun"),
    ],
)
def test_a_deadline_is_said_with_its_clock_time(left, short, said):
    due = times.due(NOW + left, now=NOW)

    assert (due.short, due.said) == (short, said)


@pytest.mark.parametrize(
    ("left", "group"),
    [
        (timedelta(minutes=59), "Within the hour"),
        (timedelta(hours=5), "Today"),
        (timedelta(hours=20), "Tomorrow"),
        (timedelta(days=9), "Later"),
    ],
)
def test_the_queue_is_grouped_by_deadline(left, group):
    assert times.ahead(NOW + left, now=NOW) == group
    assert times.ahead(None, now=NOW) == "No deadline"


def test_a_registered_type_names_explains_and_orders_and_hides_nothing():
    schema = {
        "properties": {
            "amount": {"title": "To be paid", "description": "In euros."},
            "lines": {"items": {"properties": {"sku": {"title": "Article"}}}},
            "never": {"title": "Not sent"},
        }
    }
    sent = {"extra": 1, "lines": [{"sku": "a", "n": 2}], "amount": 5}

    shown = payload.readable(sent, schema)

    assert [(row.path, row.name, row.text, row.hint) for row in shown.rows] == [
        ("amount", "To be paid", "5", "In euros."),
        ("lines[0].sku", "Article", "a", ""),
        ("lines[0].n", "N", "2", ""),
        ("extra", "Extra", "1", ""),
    ]


def test_two_fields_of_one_title_are_shown_as_they_were_sent():
    schema = {"properties": {"to": {"title": "Amount"}, "amount": {"title": "Amount"}}}

    shown = payload.readable({"to": "Eve", "amount": 5}, schema)

    assert [row.name for row in shown.rows] == ["to", "amount"]


def test_a_type_that_says_nonsense_of_a_field_is_passed_over():
    for schema in (
        {"properties": []},
        {"properties": {"a": True}},
        {"items": 1},
        {"properties": {"a": {"title": 7}}},
    ):
        assert payload.readable({"a": [1]}, schema).rows[0].text == "1"
