"""What comes next in a workflow: every verdict, and any order of facts comes to exactly one end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.workflows import graph
from approvals.workflows.plan import (
    Do,
    Facts,
    Kind,
    Move,
    Plan,
    Standing,
    StepPlan,
    Verdict,
    judge,
    next_move,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON, PAST = NOON + timedelta(minutes=1), NOON - timedelta(minutes=1)
AGENT, PERSON = Kind.AGENT, Kind.PERSON

VERDICTS = [
    ({"kind": AGENT, "has_work": True}, Verdict.OPEN),
    ({"kind": AGENT, "has_work": True, "deadline_at": SOON}, Verdict.OPEN),
    ({"kind": AGENT, "has_work": True, "deadline_at": NOON}, Verdict.TIMED_OUT),
    ({"kind": AGENT, "has_work": True, "work": "completed", "deadline_at": PAST}, Verdict.DONE),
    ({"kind": AGENT, "has_work": True, "work": "failed"}, Verdict.FAILED),
    ({"kind": AGENT, "has_work": True, "work": "rejected"}, Verdict.REFUSED),
    ({"kind": AGENT, "has_work": True, "work": "canceled"}, Verdict.REFUSED),
    ({"kind": AGENT, "has_work": True, "work": "timed out"}, Verdict.TIMED_OUT),
    ({"kind": AGENT, "is_refused": True}, Verdict.REFUSED),
    ({"kind": AGENT, "resume_at": SOON}, Verdict.OPEN),
    ({"kind": AGENT, "resume_at": NOON}, Verdict.AGAIN),
    ({"kind": AGENT, "resume_at": NOON, "deadline_at": NOON}, Verdict.TIMED_OUT),
    ({"kind": PERSON}, Verdict.OPEN),
    ({"kind": PERSON, "answer": "advance", "deadline_at": PAST}, Verdict.DONE),
    ({"kind": PERSON, "answer": "other"}, Verdict.DONE),
    ({"kind": PERSON, "answer": "fail"}, Verdict.REFUSED),
    ({"kind": PERSON, "answer": "withdrawn"}, Verdict.REFUSED),
    ({"kind": PERSON, "deadline_at": NOON}, Verdict.TIMED_OUT),
    ({"kind": Kind.DELAY, "resume_at": SOON}, Verdict.OPEN),
    ({"kind": Kind.DELAY, "resume_at": NOON, "deadline_at": NOON}, Verdict.DONE),
    ({"kind": Kind.TIMEOUT, "deadline_at": SOON}, Verdict.OPEN),
    ({"kind": Kind.TIMEOUT, "deadline_at": NOON}, Verdict.TIMED_OUT),
    ({"kind": Kind.NOTIFICATION}, Verdict.DONE),
    ({"kind": Kind.CHECK}, Verdict.DONE),
]


@pytest.mark.parametrize(("facts", "verdict"), VERDICTS, ids=[str(row[0]) for row in VERDICTS])
def test_a_step_stands_as_its_facts_say(facts, verdict):
    assert judge(Facts(now=NOON, **facts)) is verdict


def test_an_answer_that_is_no_yes_takes_the_other_way_where_there_is_one():
    deferred = Facts(kind=PERSON, now=NOON, answer="other")

    assert judge(deferred, has_fallback=True) is Verdict.REFUSED


def plan(*steps):
    return Plan(tuple(StepPlan(kind=AGENT, **step) for step in steps), steps[0]["id"])


RETRIED = plan(
    {"id": "a", "retries": 1, "on_success": "b", "on_failure": "c"}, {"id": "b"}, {"id": "c"}
)
MOVES = [
    (Standing(), Move(Do.START, "a")),
    (Standing(is_over=True), Move(Do.HALT)),
    (Standing(active="a", attempt=1), Move(Do.WAIT)),
    (Standing(active="a", attempt=1, verdict=Verdict.AGAIN), Move(Do.START, "a")),
    (Standing(active="a", attempt=1, verdict=Verdict.FAILED), Move(Do.REST, "a")),
    (Standing(active="a", attempt=2, verdict=Verdict.FAILED), Move(Do.START, "c", Verdict.FAILED)),
    (
        Standing(active="a", attempt=1, verdict=Verdict.REFUSED),
        Move(Do.START, "c", Verdict.REFUSED),
    ),
    (Standing(active="a", attempt=1, verdict=Verdict.DONE), Move(Do.START, "b", Verdict.DONE)),
    (Standing(active="b", attempt=1, verdict=Verdict.DONE), Move(Do.COMPLETE, "b", Verdict.DONE)),
    (
        Standing(active="b", attempt=1, verdict=Verdict.TIMED_OUT),
        Move(Do.FAIL, "b", Verdict.TIMED_OUT),
    ),
]


@pytest.mark.parametrize(("standing", "move"), MOVES, ids=[str(row[0]) for row in MOVES])
def test_one_move_follows_from_where_a_workflow_stands(standing, move):
    assert next_move(RETRIED, standing) == move


def test_a_plan_is_read_as_it_was_kept():
    kept = plan({"id": "a", "people": ("ann@example.com",), "retries": 2})

    assert Plan.read(kept.frozen()) == kept


@st.composite
def plans(draw):
    """Draw workflows whose steps lead only forward, as every workflow that is applied does."""
    count = draw(st.integers(1, 7))
    ids = [f"s{number}" for number in range(count)]
    steps = []
    for number, id in enumerate(ids):
        later = st.sampled_from([None, *ids[number + 1 :]])
        steps.append(
            {
                "id": id,
                "retries": draw(st.integers(0, 2)),
                "on_success": draw(later),
                "on_failure": draw(later),
            }
        )
    return plan(*steps)


FACTS = st.lists(st.sampled_from([*Verdict, "over"]), max_size=60)


@settings(max_examples=300)
@given(plans(), FACTS)
def test_any_order_of_facts_comes_to_one_end_and_nothing_moves_after_it(workflow, facts):
    begun, rests, at, end = [], 0, Standing(), None
    for fact in [*facts, *[Verdict.DONE] * 10]:
        move = next_move(workflow, at)
        if end is not None:
            assert move == Move(Do.HALT)
            continue
        if move.do in {Do.COMPLETE, Do.FAIL, Do.HALT}:
            end = move.do
            at = Standing(is_over=True)
            continue
        attempt = at.attempt
        if move.do is Do.START:
            attempt = 1 if move.step != at.active else at.attempt + 1
            begun += [move.step] if attempt == 1 else []
            at = Standing(active=move.step, attempt=attempt)
        rests += move.do is Do.REST
        at = (
            Standing(is_over=True)
            if fact == "over"
            else Standing(active=at.active, attempt=attempt, verdict=fact)
        )
    assert end is not None
    assert len(begun) == len(set(begun))
    assert begun == sorted(begun)


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


@given(st.dictionaries(NAMES, st.tuples(st.none() | NAMES, st.none() | NAMES), min_size=1))
def test_a_circle_is_found_exactly_when_there_is_one(drawn):
    targets = {id: tuple(t if t in drawn else None for t in pair) for id, pair in drawn.items()}

    left = dict(targets)
    while ends := [id for id, pair in left.items() if not any(t in left for t in pair)]:
        for id in ends:
            del left[id]

    assert bool(graph.cycles(targets)) == bool(left)
