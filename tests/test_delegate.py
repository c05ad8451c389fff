"""Handing a request on: who may answer then, who hears of it, and what is refused."""

from datetime import timedelta
from itertools import pairwise

import pytest

from accounts.actions import ensure_agent
from accounts.models import Agent, Membership
from approvals import rules
from approvals.actions import ask, cancel, decide, delegate, resume
from approvals.delegates import HadItBefore, TooFewLeft, TooManyHands, UnknownDelegate
from approvals.models import Decision, Delegation, Gate
from approvals.queue import waiting
from approvals.refusals import AlreadyDecided, GateClosed, NotYours
from approvals.resume_plan import Wish
from events.models import Event, Outbox
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty
from intents.models import Delivery, Intent
from tests.factories import (
    HERE,
    answer,
    anyone_in,
    key,
    make_gate,
    make_intent,
    make_person,
    person,
    trail,
)

pytestmark = pytest.mark.django_db
ANN, BOB = "ann@example.com", "bob@example.com"
TO_BOB = {"assignees": [BOB]}


@pytest.fixture
def gate(people):
    return make_gate(people.here, task=TO_BOB)


def hand(gate, by, to, **given):
    actor = by if not hasattr(by, "email") else person(by)
    return delegate(gate.intent_id, to=to, actor=actor, **given)


def transfers(gate):
    rows = Event.objects.filter(intent_id=gate.intent_id, type="intent.transfer")
    return list(rows.order_by("seq"))


def test_the_delegate_answers_and_the_trail_names_both(people, gate, now):
    hand(gate, people.bob, ANN, note="I am away", now=now)

    decision = decide(answer(gate, people.ann), now=now)

    assert (decision.decider, decision.on_behalf_of, decision.voice) == (ANN, BOB, BOB)
    told = Intent.objects.get().result
    assert (told["decided_by"], told["on_behalf_of"]) == (ANN, BOB)
    (event,) = transfers(gate)
    assert event.data == {
        "approval_id": str(gate.id), "from": BOB, "to": ANN, "note": "I am away", "depth": 1,
    }  # fmt: skip
    assert event.pending_with == {"type": "human", "ref": str(gate.id), "name": ANN}
    assert "intent.transfer" in trail(gate.intent_id)


def test_who_handed_it_on_may_not_answer_and_is_told_who_does(people, gate, now):
    hand(gate, people.bob, ANN, now=now)

    with pytest.raises(NotYours, match="delegated this to ann@"):
        decide(answer(gate, people.bob), now=now)
    assert not Decision.objects.exists()


def test_the_request_changes_queues(people, gate, now):
    hand(gate, people.bob, ANN, now=now)

    assert [row.id for row in waiting(person(people.ann)).rows] == [gate.id]
    assert waiting(person(people.bob)).rows == []


def test_the_delegate_is_mailed_and_the_others_of_the_rule_stay_asked(people, now):
    make_person("Dan", people.here)
    gate = make_gate(people.here, task={"assignees": [BOB, "dan@example.com"]})

    hand(gate, people.bob, ANN, now=now)

    (mail,) = Outbox.objects.filter(kind="gate.delegated")
    assert mail.recipient_id == people.ann.id
    stage = Gate.objects.get().rule["stages"][0]
    assert len(stage["people"]) == 2
    assert people.bob.id not in stage["people"]


def test_what_anybody_may_answer_becomes_the_delegates_alone(people, now):
    dan = make_person("Dan", people.here)
    gate = make_gate(people.here)

    hand(gate, people.bob, ANN, now=now)

    assert Gate.objects.get().rule["stages"][0]["people"] == [people.ann.id]
    with pytest.raises(NotYours, match="addressed to somebody else"):
        decide(answer(gate, dan), now=now)


def test_a_person_hands_back_to_all_reviewers_but_is_none_of_them_any_more(people, gate, now):
    hand(gate, people.bob, "reviewers", now=now)

    assert waiting(person(people.bob)).rows == []
    assert len(waiting(person(people.ann)).rows) == 1
    decide(answer(gate, people.ann), now=now)


def test_an_address_of_a_person_is_that_person(people, gate, now):
    agent = ensure_agent(people.here, "ann-desk")
    Agent.objects.filter(id=agent.id).update(kind=Agent.Kind.PEOPLE, person=people.ann)

    row = hand(gate, people.bob, "agent://ann-desk", now=now)

    assert row.taker == f"person:{people.ann.id}"
    copy = Delivery.objects.get(address=f"{HERE}/ann-desk")
    assert (copy.purpose, copy.delegated_to) == ("copy", "")


def test_a_program_gets_the_thread_and_the_people_stay_asked(people, gate, now):
    owner = f"{HERE}/desk"
    to = "agent://conformance/delegate"

    hand(gate, anyone_in(people.here), to, owner=owner, now=now)

    left, new = Delivery.objects.get(address=owner), Delivery.objects.get(address=to)
    assert (left.delegated_to, new.delegated_to, new.purpose) == (to, "", "copy")
    assert Gate.objects.get().rule == gate.rule
    decide(answer(gate, people.bob), now=now)


def test_an_agent_that_is_given_the_thread_of_its_own_work_keeps_the_work(people, gate, now):
    desk = Delivery.objects.get(address=f"{HERE}/desk")
    hand(gate, anyone_in(people.here), "agent://clerk", owner=desk.address, now=now)
    Delegation.objects.all().delete()

    hand(gate, anyone_in(people.here), desk.address, owner=f"{HERE}/clerk", now=now)

    again = Delivery.objects.get(address=desk.address)
    assert (again.id, again.purpose, again.delegated_to) == (desk.id, "work", "")
    assert again.seq > desk.seq
    assert Delivery.objects.get(address=f"{HERE}/clerk").delegated_to == desk.address


def test_a_second_question_of_an_intent_is_handed_on_anew(people, now):
    intent = make_intent(people.here)
    desk, spec = key(people.here, agent="desk"), {"title": "Go on?", "assignees": [BOB]}
    asked = ask(intent, spec, context={}, actor=desk, now=now)
    hand(asked, people.bob, ANN, now=now)
    decide(answer(asked, people.ann, then="continue"), now=now)
    with pytest.raises(NotYours, match="Nobody is asked"):
        hand(asked, people.bob, ANN, now=now)

    again = ask(Intent.objects.get(), spec, context={}, actor=desk, now=now)
    hand(again, people.bob, ANN, now=now)

    assert decide(answer(again, people.ann), now=now).on_behalf_of == BOB
    assert [row.depth for row in Delegation.objects.all()] == [1, 1]


def test_a_key_hands_on_for_all_who_are_asked(people, gate, now):
    hand(gate, anyone_in(people.here), ANN, owner=f"{HERE}/desk", now=now)

    row = Delegation.objects.get()
    assert (row.giver_name, row.taker_name, row.actor) == (f"{HERE}/desk", ANN, "key:ci")
    with pytest.raises(NotYours):
        decide(answer(gate, people.bob), now=now)
    assert decide(answer(gate, people.ann), now=now).on_behalf_of == f"{HERE}/desk"


def test_a_key_hands_on_for_a_person_only_what_that_person_may_answer(people, gate, now):
    api = anyone_in(people.here)
    make_person("Dan", people.here)

    with pytest.raises(NotYours, match="not asked here"):
        hand(gate, api, BOB, owner=ANN, now=now)
    hand(gate, api, ANN, owner=BOB, now=now)
    with pytest.raises(NotYours, match="not asked here"):
        hand(gate, api, "dan@example.com", owner=BOB, now=now)

    assert decide(answer(gate, people.ann), now=now).on_behalf_of == BOB


def test_what_was_handed_on_is_not_handed_on_again(people, gate, now):
    owner = f"{HERE}/desk"
    hand(gate, anyone_in(people.here), ANN, owner=owner, now=now)

    with pytest.raises(NotYours, match="delegated to ann"):
        hand(gate, anyone_in(people.here), BOB, owner=owner, now=now)


def test_it_never_goes_back(people, gate, now):
    hand(gate, people.bob, ANN, now=now)

    with pytest.raises(HadItBefore, match=r"bob@.* had this before"):
        hand(gate, people.ann, BOB, now=now)
    with pytest.raises(HadItBefore):
        hand(gate, people.ann, ANN, now=now)
    assert len(transfers(gate)) == 1


def test_it_goes_through_five_hands_at_most(people, gate, now):
    chain = [people.bob, *(make_person(f"P{n}", people.here) for n in range(6))]
    for giver, taker in pairwise(chain[:6]):
        hand(gate, giver, taker.email, now=now)

    with pytest.raises(TooManyHands):
        hand(gate, chain[5], chain[6].email, now=now)
    decision = decide(answer(gate, chain[5]), now=now)
    assert decision.on_behalf_of == BOB
    assert [event.data["depth"] for event in transfers(gate)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "name",
    ["nobody@example.com", "cid@example.com", "eve@example.com", "somebody", "agent://agent_core"],
)
def test_only_reviewers_of_the_workspace_and_known_names_take_it(people, gate, now, name):
    make_person("Eve", people.here, role=Membership.Role.AUDITOR)

    with pytest.raises(UnknownDelegate, match="is no reviewer of this workspace"):
        hand(gate, people.bob, name, now=now)
    assert Gate.objects.get().rule == gate.rule


def test_only_who_may_answer_hands_on(people, gate, now):
    with pytest.raises(NotYours, match="somebody else"):
        hand(gate, people.ann, ANN, now=now)
    with pytest.raises(NotYours, match="agent key"):
        hand(gate, key(people.here, agent="desk"), ANN, owner=f"{HERE}/desk", now=now)
    with pytest.raises(NoSuchIntent):
        hand(gate, people.cid, ANN, now=now)
    with pytest.raises(NoSuchIntent):
        hand(gate, key(people.elsewhere), ANN, now=now)
    assert not Delegation.objects.exists()


def test_an_ended_request_is_not_handed_on(people, gate, now):
    decide(answer(gate, people.bob), now=now)
    with pytest.raises(AlreadyDecided):
        hand(gate, people.bob, ANN, now=now)

    withdrawn = make_gate(people.here, task=TO_BOB)
    cancel(withdrawn.intent_id, reason="", actor=anyone_in(people.here), now=now)
    with pytest.raises(GateClosed):
        hand(withdrawn, people.bob, ANN, now=now)

    late = make_gate(people.here, task=TO_BOB, deadline_at=now + timedelta(seconds=1))
    with pytest.raises(GateClosed):
        hand(late, people.bob, ANN, now=now + timedelta(seconds=2))


def test_a_delegate_and_who_delegated_count_once(people, now):
    dan = make_person("Dan", people.here)
    gate = make_gate(people.here)
    gate.rule["stages"][0]["approvals"] = 2
    gate.save(update_fields=["rule"])
    hand(gate, people.bob, ANN, now=now)

    decide(answer(gate, people.ann), now=now)

    assert Gate.objects.get().is_open
    with pytest.raises(NotYours, match="delegated"):
        decide(answer(gate, people.bob), now=now)
    decide(answer(gate, dan), now=now)
    assert Gate.objects.get().state == "decided"


def test_a_quorum_that_could_not_be_reached_any_more_is_kept(people, now):
    gate = make_gate(people.here)
    gate.rule["stages"][0]["approvals"] = 2
    gate.save(update_fields=["rule"])

    with pytest.raises(TooFewLeft):
        hand(gate, people.bob, ANN, now=now)


def test_the_two_votes_of_one_voice_are_one():
    rule = rules.first_answer([1, 2, 3]) | {}
    rule["stages"][0]["approvals"] = 2
    both = [rules.Vote(0, "bob", "advance"), rules.Vote(0, "bob", "advance")]

    assert rules.evaluate(rule, both).state == "open"


def test_escalating_to_who_handed_it_on_asks_them_again(people, gate):
    rule = rules.hand_on(gate.rule, giver=people.bob.id, taker=people.ann.id, names=(BOB, ANN))
    assert not rules.may_answer(rule, 0, people.bob.id)

    again = rules.also(rule, [people.bob.id])

    assert rules.may_answer(again, 0, people.bob.id)
    assert rules.voice_of(again, people.ann.id) == BOB


def test_an_agent_hands_its_work_on_to_another_agent(people, now):
    intent = make_intent(people.here)
    desk = key(people.here, agent="desk")

    delegate(intent.id, to="agent://other", owner=f"{HERE}/desk", actor=desk, now=now)

    work = Delivery.objects.get(purpose="work")
    assert work.address == f"{HERE}/other"
    assert Delivery.objects.get(purpose="copy").delegated_to == "agent://other"
    intent = Intent.objects.get()
    assert (intent.handler, intent.pending_with["ref"]) == (f"{HERE}/other", f"{HERE}/other")
    other = key(people.here, agent="other")
    resume(intent.id, wish=Wish(body={"note": "On it"}), actor=other, now=now)
    assert Delivery.objects.get(purpose="work").acknowledged_at == now
    with pytest.raises(NotYours):
        delegate(intent.id, to="agent://third", owner=f"{HERE}/desk", actor=desk, now=now)


def test_work_that_nobody_is_asked_about_is_handed_to_a_person(people, now):
    intent = make_intent(people.here)

    delegate(intent.id, to=BOB, owner=f"{HERE}/desk", actor=key(people.here, agent="desk"), now=now)

    gate = Gate.objects.get()
    assert gate.rule["stages"][0]["people"] == [people.bob.id]
    decide(answer(gate, people.bob), now=now)
    assert Intent.objects.get().status == "COMPLETED"


def test_work_is_handed_on_by_who_holds_it_only(people, now):
    intent = make_intent(people.here)

    with pytest.raises(NotAParty):
        delegate(
            intent.id,
            to="agent://other",
            owner=f"{HERE}/ops",
            actor=key(people.here, agent="ops"),
            now=now,
        )
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)
    with pytest.raises(AlreadyOver):
        delegate(intent.id, to=BOB, owner=f"{HERE}/desk", actor=anyone_in(people.here), now=now)
