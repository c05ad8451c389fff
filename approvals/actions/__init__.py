"""Every change that involves people: asking, answering, ending, timers. One module per subject."""

from approvals.actions.answer import decide, decide_many
from approvals.actions.asking import ask, send_test_request, submit, submit_many, take_over
from approvals.actions.delegating import delegate
from approvals.actions.ending import cancel, expire, resolve
from approvals.actions.reminding import nudge
from approvals.actions.resuming import resume
from approvals.judging import Answer

__all__ = [
    "Answer",
    "ask",
    "cancel",
    "decide",
    "decide_many",
    "delegate",
    "expire",
    "nudge",
    "resolve",
    "resume",
    "send_test_request",
    "submit",
    "submit_many",
    "take_over",
]
