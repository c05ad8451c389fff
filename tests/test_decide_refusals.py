"""Every reason not to take an answer; each writes nothing."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.actions import add_reviewer, revoke_key
from accounts.keys import KeyRefused
from accounts.models import ApiKey, Membership, Workspace
from approvals.actions import cancel, decide, expire
from approvals.models import Decision, Gate
from approvals.refusals import (
    CommentRequired,
    EvidenceRequired,
    FormInvalid,
    GateClosed,
    NoSuchGate,
    NotYours,
    OutcomeNotAllowed,
    PayloadChanged,
)
from events.models import Event
from tests.factories import answer, key, make_gate, person

FORM = {"required": ["days"], "properties": {"days": {"type": "integer", "maximum": 90}}}


@pytest.fixture
def refuse(now):
    """Answer, and see to it that the refusal wrote nothing at all."""

    def refuse(kind, given, *, at=now):
        before = Event.objects.count()
        with pytest.raises(kind) as refused:
            decide(given, now=at)
        assert (Decision.objects.count(), Event.objects.count()) == (0, before)
        return str(refused.value)

    return refuse


def test_an_unknown_gate_and_one_of_another_workspace_are_the_same(people, refuse):
    gate = make_gate(people.here)
    unknown = replace(answer(gate, people.bob), gate_id=uuid4())

    said = refuse(NoSuchGate, unknown)

    assert refuse(NoSuchGate, answer(gate, people.cid)) == said == "There is no such request."
    assert Gate.objects.get(id=gate.id).is_open


def test_an_agent_key_never_decides_not_even_what_others_asked(people, refuse, now):
    gate = make_gate(people.here)

    said = refuse(NotYours, answer(gate, key(people.here, agent="helper", now=now)))

    assert said == "An agent key never decides. A person answers this at the desk."


def test_the_key_that_asks_cannot_answer_where_the_gate_excludes_it(people, refuse, now):
    asker = key(people.here, name="shop", now=now)
    gate = make_gate(people.here, actor=asker, task={"exclude_requester": True})

    said = refuse(NotYours, answer(gate, asker))

    assert said == "Who asks cannot answer here. Another reviewer must."


def test_an_agent_that_calls_itself_bob_does_not_keep_bob_from_answering(people, now):
    task = {"exclude_requester": True}
    gate = make_gate(people.here, sender="bob@example.com", task=task, now=now)

    assert decide(answer(gate, people.bob), now=now).decider == "bob@example.com"


def test_nobody_answers_after_the_deadline_even_when_the_clock_is_late(people, refuse, now):
    gate = make_gate(people.here, deadline_at=now, now=now - timedelta(hours=1))

    said = refuse(GateClosed, answer(gate, people.bob))

    assert said == "Nobody answered in time, so this request expired."


def test_only_the_assignee_answers(people, refuse):
    gate = make_gate(people.here, task={"assignees": ["bob@example.com"]})

    said = refuse(NotYours, answer(gate, people.ann))

    assert said == "This request is addressed to somebody else."


def test_an_auditor_reads_and_does_not_answer(people, refuse):
    eve = add_reviewer(people.here, email="eve@example.com", role=Membership.Role.AUDITOR).user

    said = refuse(NotYours, answer(make_gate(people.here), eve))

    assert said == "You can read requests here, but only reviewers may answer them."


def test_a_person_who_was_switched_off_sees_no_gate(people, refuse):
    people.bob.is_active = False

    refuse(NoSuchGate, answer(make_gate(people.here), people.bob))


def test_keys_do_not_answer_where_the_workspace_says_so(people, refuse, now):
    Workspace.objects.filter(id=people.here.id).update(keys_may_decide=False)
    people.here.refresh_from_db()

    said = refuse(NotYours, answer(make_gate(people.here), key(people.here, now=now)))

    assert said == "Keys of this workspace may not decide; a person answers this at the desk."


def test_a_revoked_key_is_refused_at_once(people, refuse, now):
    robot = key(people.here, now=now)
    revoke_key(ApiKey.objects.get(id=robot.key_id), now=now)

    refuse(KeyRefused, answer(make_gate(people.here), robot))


def test_an_answer_to_another_payload_than_the_one_seen_is_void(people, refuse):
    gate = make_gate(people.here)

    said = refuse(PayloadChanged, answer(gate, people.bob, seen="0" * 64))

    assert said.startswith("The request changed after you read it. It is now version 1")


def test_an_outcome_the_gate_does_not_have_is_refused_with_those_it_has(people, refuse):
    gate = make_gate(people.here, task={"allowed_outcomes": ["ship", "hold"]})

    said = refuse(OutcomeNotAllowed, answer(gate, people.bob, "approved"))

    assert said == "“approved” is not one of the answers: ship, hold, rejected."


@pytest.mark.parametrize("comment", ["", "   ", "\n"], ids=repr)
@pytest.mark.parametrize("outcome", ["approved", "rejected"])
def test_a_required_comment_is_required_of_every_answer(people, refuse, comment, outcome):
    gate = make_gate(people.here, task={"required_comment": True})

    refuse(CommentRequired, answer(gate, people.bob, outcome, comment=comment))


@pytest.mark.parametrize(
    "data", [{}, {"evidence": " "}, {"evidence": None}, {"proof": "x"}], ids=str
)
def test_required_evidence_is_required_of_an_approval(people, refuse, data):
    gate = make_gate(people.here, task={"evidence_required": True})

    refuse(EvidenceRequired, answer(gate, people.bob, data=data))


@pytest.mark.parametrize("data", [{"evidence": "ticket 7"}, {"attachments": ["a.pdf"]}], ids=str)
def test_evidence_is_a_link_or_an_attachment_and_a_rejection_needs_none(people, now, data):
    given, without = (make_gate(people.here, task={"evidence_required": True}) for _ in "ab")

    assert decide(answer(given, people.bob, data=data), now=now).data == data
    assert decide(answer(without, people.bob, "rejected"), now=now).effect == "fail"


@pytest.mark.parametrize(
    ("data", "why"), [({}, "is needed"), ({"days": "91"}, "must be at most 90")]
)
def test_a_form_that_does_not_fit_is_refused_by_field(people, refuse, data, why):
    gate = make_gate(people.here, task={"task_type": "form", "form_schema": FORM})

    said = refuse(FormInvalid, answer(gate, people.bob, "submitted", data=data))

    assert said == f"The form is not complete: days: {why}"


def test_an_expired_or_withdrawn_gate_says_so(people, refuse, now):
    soon = now + timedelta(seconds=1)
    late, gone = make_gate(people.here, deadline_at=soon), make_gate(people.here)
    expire(late.intent_id, now=soon)
    cancel(gone.intent_id, reason="", actor=person(people.ann), now=now)

    assert "expired" in refuse(GateClosed, answer(late, people.bob))
    assert "withdrawn" in refuse(GateClosed, answer(gone, people.bob))


def test_an_answer_after_the_deadline_is_too_late_before_the_clock_has_come_by(people, refuse, now):
    soon = now + timedelta(seconds=1)
    gate = make_gate(people.here, deadline_at=soon)

    said = refuse(GateClosed, answer(gate, people.bob), at=soon)

    assert "expired" in said
    assert decide(answer(gate, people.bob), now=now).outcome == "approved"
