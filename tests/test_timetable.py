"""When a gate is reminded of and escalated: counted from the opening or the last nudge."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.timetable import ESCALATE_AFTER, NO_DEADLINE, next_nudge, rank

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def nudge(reminders, *, sent=0, escalated=False, last=NOON, due_at=None):
    return next_nudge(reminders, sent=sent, escalated=escalated, last=last, due_at=due_at)


@pytest.mark.parametrize(
    ("reminders", "facts", "expected"),
    [
        pytest.param({}, {}, (None, None), id="nothing was asked for"),
        pytest.param({"after": 300}, {}, ("remind", after(300)), id="first reminder"),
        pytest.param({"after": 300}, {"sent": 1}, (None, None), id="one unless told otherwise"),
        pytest.param(
            {"after": 60, "most": 3}, {"sent": 1}, ("remind", after(60)), id="same step again"
        ),
        pytest.param(
            {"after": 60, "every": 10, "most": 3},
            {"sent": 1},
            ("remind", after(10)),
            id="a step of its own",
        ),
        pytest.param(
            {"after": 60, "every": 10, "most": 3},
            {"sent": 0},
            ("remind", after(60)),
            id="the first does not use the interval",
        ),
        pytest.param(
            {"after": 60, "most": 2, "escalate_to": "x"},
            {"sent": 2},
            ("escalate", after(60)),
            id="escalation after the last reminder",
        ),
        pytest.param(
            {"after": 60, "every": 5, "most": 2, "escalate_to": "x"},
            {"sent": 2},
            ("escalate", after(5)),
            id="one interval after the last reminder",
        ),
        pytest.param(
            {"after": 60, "escalate_to": "x"},
            {"sent": 1, "escalated": True},
            (None, None),
            id="escalated once",
        ),
        pytest.param(
            {"escalate_to": "x"}, {}, ("escalate", NOON + ESCALATE_AFTER), id="without a deadline"
        ),
        pytest.param(
            {"escalate_to": "x"},
            {"due_at": after(100)},
            ("escalate", after(50)),
            id="halfway to the deadline",
        ),
        pytest.param({"every": 10, "most": 3}, {}, (None, None), id="an interval alone is nothing"),
    ],
)
def test_the_next_nudge(reminders, facts, expected):
    assert nudge(reminders, **facts) == expected


def test_a_whole_life_is_reminders_then_one_escalation_then_silence():
    reminders = {"after": 60, "every": 30, "most": 3, "escalate_to": "ann@example.com"}
    sent, escalated, last, story = 0, False, NOON, []

    for _ in range(10):
        step, at = nudge(reminders, sent=sent, escalated=escalated, last=last)
        if step is None:
            break
        story.append((step, (at - NOON).total_seconds()))
        sent, escalated, last = sent + (step == "remind"), step == "escalate" or escalated, at

    assert story == [("remind", 60), ("remind", 90), ("remind", 120), ("escalate", 150)]


def test_the_queue_is_ordered_by_the_deadline_or_a_year_after_opening():
    assert rank(NOON, after(5)) == after(5)
    assert rank(NOON, None) == NOON + NO_DEADLINE
