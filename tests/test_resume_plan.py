"""What a resume means: the precedence table of the protocol, top first."""

from dataclasses import replace

import pytest

from api.axme.translate import wish
from approvals.resume_plan import Facts, Plan, plan

IDLE = Facts(generation=3, waits_for_a_person=False, is_agent=False, is_handler=False)
WAITING = replace(IDLE, waits_for_a_person=True)
HANDLER = replace(IDLE, is_agent=True, is_handler=True)
OTHER_AGENT = replace(IDLE, is_agent=True)

ASKS = {"status": "pending_human_approval"}
YES = {"outcome": "approved"}
STEP = {"approve_current_step": True}

TABLE = [
    # Row 2: a stale generation applies nothing, whatever else is asked.
    ("stale", {"expected_policy_generation": 2, "action": "complete"}, IDLE, Plan.STALE),
    ("a stale question", ASKS | {"expected_policy_generation": 9}, IDLE, Plan.STALE),
    ("fresh", {"expected_policy_generation": 3, "action": "complete"}, IDLE, Plan.COMPLETE),
    # Row 4: asking people comes before answering for them.
    ("a question", ASKS, IDLE, Plan.ASK),
    ("the other word for it", {"status": "Pending_Approval"}, IDLE, Plan.ASK),
    ("a question asked again", ASKS, WAITING, Plan.ASK),
    ("a question with a no in it", ASKS | {"approved": False}, WAITING, Plan.ASK),
    # Row 5: an explicit decision, wherever it is.
    ("a task result", {"task_result": YES}, WAITING, Plan.ANSWER),
    ("an outcome", {"outcome": "rejected"}, WAITING, Plan.ANSWER),
    ("approved in a task result", {"task_result": {"approved": True}}, WAITING, Plan.ANSWER),
    ("approved alone", {"approved": False}, WAITING, Plan.ANSWER),
    ("an action", {"action": "approve"}, WAITING, Plan.ANSWER),
    ("a decision", {"decision": "reject"}, WAITING, Plan.ANSWER),
    # Row 5b: approving a step lets the intent go on; an empty body never approves.
    ("a step approved", STEP, WAITING, Plan.APPROVE_AND_CONTINUE),
    ("a step refused", {"approve_current_step": False}, WAITING, Plan.ANSWER),
    ("a decision and a step", STEP | {"approved": False}, WAITING, Plan.ANSWER),
    ("an empty body", {}, WAITING, Plan.REFUSE_EMPTY),
    ("something else while people are asked", {"note": "hello"}, WAITING, Plan.REFUSE_EMPTY),
    ("completion while people are asked", {"action": "complete"}, WAITING, Plan.REFUSE_EMPTY),
    # Row 7: a task result where nobody is asked is a person taking over.
    ("a person answers unasked", {"task_result": YES}, IDLE, Plan.TAKE_OVER),
    ("another agent's task result", {"task_result": YES}, OTHER_AGENT, Plan.TAKE_OVER),
    ("the handler's task result is data", {"task_result": YES}, HANDLER, Plan.WORK),
    # Rows 8 and 9: an action ends it, whatever the status beside it says.
    ("completion", {"action": "complete", "status": "captured"}, HANDLER, Plan.COMPLETE),
    ("completion in capitals", {"action": "Complete"}, HANDLER, Plan.COMPLETE),
    ("a failure", {"action": "fail"}, HANDLER, Plan.FAIL),
    ("the word failed", {"action": "failed"}, HANDLER, Plan.FAIL),
    ("the word error", {"action": "error"}, HANDLER, Plan.FAIL),
    # Rows 11 and 12: everything else is work in progress and never an end.
    ("control keys only", STEP | {"reason": "ok", "actor": "me"}, IDLE, Plan.WORK),
    ("nothing", {}, HANDLER, Plan.WORK),
    ("a result without an action", {"total": 12, "status": "done"}, HANDLER, Plan.WORK),
    ("an approval nobody asked for", {"approved": True}, IDLE, Plan.WORK),
]


@pytest.mark.parametrize(
    ("body", "facts", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE]
)
def test_the_body_and_the_state_say_what_to_do(body, facts, expected):
    assert plan(wish(body), facts) == expected


NO = {"approved": False}

OUTCOMES = [
    ("a task result's outcome is first", {"task_result": {"outcome": "a"} | NO}, "a"),
    ("before the outcome", {"task_result": {"outcome": "a"}, "outcome": "b"}, "a"),
    ("then the outcome", {"outcome": "b", "task_result": NO}, "b"),
    ("then approved in the task result", {"task_result": NO, "approved": True}, "rejected"),
    ("then approved", {"approved": True, "action": "reject"}, "approved"),
    ("then the action", {"action": "rejected", "decision": "approve"}, "rejected"),
    ("then the decision", {"decision": "approve"}, "approved"),
    ("a text is no yes", {"approved": "true"}, ""),
    ("an action to complete is no decision", {"action": "complete"}, ""),
    ("short words are spelled out", {"outcome": "Approve"}, "approved"),
]


@pytest.mark.parametrize(
    ("body", "outcome"), [pytest.param(*row[1:], id=row[0]) for row in OUTCOMES]
)
def test_the_decision_is_found_in_the_order_of_the_protocol(body, outcome):
    assert wish(body).outcome == outcome
