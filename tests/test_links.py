"""E-mail links: bound to one person, one gate and one payload, and good for one answer."""

import re
from datetime import timedelta

import pytest

from accounts import tokens
from accounts.models import User
from api.axme.translate import wish
from approvals import links, notices
from approvals.actions import cancel, decide, expire, resume
from approvals.links import State
from approvals.models import Decision, EmailLink, Gate
from approvals.refusals import (
    AlreadyDecided,
    CommentRequired,
    GateClosed,
    NoSuchGate,
    NotYours,
    PayloadChanged,
)
from events.models import Outbox
from tests.factories import answer, anyone_in, key, make_gate, make_intent, person

SECRET = re.compile(r"/m/([\w-]+)")


def mailed(gate, user, *, now):
    """Return the token in the mail that tells this person of the gate."""
    row = Outbox.objects.filter(subject_id=gate.id, recipient_id=user.id).latest("created_at")
    return SECRET.search(notices.compose(row, now).text)[1]


@pytest.fixture
def gate(people, now):
    return make_gate(people.here, now=now)


@pytest.fixture
def token(people, gate, now):
    return mailed(gate, people.bob, now=now)


def state(token, *, at):
    return links.state_of(links.find(token), now=at)


def press(token, *, at, outcome="approved", comment=""):
    return links.decide(token, outcome=outcome, comment=comment, data={}, now=at)


def test_a_fresh_link_is_open_and_looking_changes_nothing(token, now):
    for _ in range(20):
        assert state(token, at=now) is State.OPEN

    assert not Decision.objects.exists()
    assert EmailLink.objects.get().used_at is None


def test_only_a_hash_of_the_secret_is_kept(token):
    assert EmailLink.objects.get().hash == tokens.digest(token)
    assert len(token) >= 32


def test_pressing_decides_as_its_person_by_mail(people, gate, token, now):
    decision = press(token, at=now, comment="From the train")

    assert (decision.person, decision.channel) == (people.bob, "email")
    assert (decision.comment, decision.digest) == ("From the train", gate.digest)
    assert EmailLink.objects.get().used_at == now


def test_pressing_again_is_refused_and_says_who_decided(token, now):
    press(token, at=now)

    with pytest.raises(AlreadyDecided, match="Bob already answered “approved”"):
        press(token, at=now, outcome="rejected")

    assert state(token, at=now) is State.DECIDED
    assert Decision.objects.count() == 1


def test_a_link_is_dead_once_anybody_decided(people, gate, token, now):
    decide(answer(gate, people.ann, "rejected"), now=now)

    assert state(token, at=now) is State.DECIDED
    with pytest.raises(AlreadyDecided, match="Ann already answered “rejected”"):
        press(token, at=now)


def test_a_refused_answer_does_not_use_the_link_up(people, now):
    gate = make_gate(people.here, task={"required_comment": True}, now=now)
    token = mailed(gate, people.bob, now=now)

    with pytest.raises(CommentRequired):
        press(token, at=now)

    assert state(token, at=now) is State.OPEN
    assert press(token, at=now, comment="Checked").outcome == "approved"


def test_a_link_lives_a_week(token, now):
    week = timedelta(days=7)

    assert state(token, at=now + week - timedelta(seconds=1)) is State.OPEN
    assert state(token, at=now + week) is State.EXPIRED
    with pytest.raises(NotYours, match="This link has expired"):
        press(token, at=now + week)


def test_a_link_does_not_outlive_the_deadline(people, now):
    soon = now + timedelta(minutes=1)
    gate = make_gate(people.here, deadline_at=soon, now=now)
    token = mailed(gate, people.bob, now=now)

    assert state(token, at=soon) is State.EXPIRED
    expire(gate.intent_id, now=soon)
    with pytest.raises(GateClosed, match="expired"):
        press(token, at=soon)


def test_a_link_of_a_withdrawn_request_says_so(people, gate, token, now):
    cancel(gate.intent_id, reason="", actor=anyone_in(people.here), now=now)

    assert state(token, at=now) is State.WITHDRAWN
    with pytest.raises(GateClosed, match="withdrawn"):
        press(token, at=now)


def test_a_changed_payload_kills_the_old_link_and_mails_a_new_one(people, now):
    agent = key(people.here, agent="desk", now=now)
    intent = make_intent(people.here, now=now)
    asks = {"status": "pending_human_approval", "commit": "5e1c"}
    resume(intent.id, wish=wish(asks), actor=agent, now=now)
    gate = Gate.objects.get(intent=intent)
    old = mailed(gate, people.bob, now=now)
    later = now + timedelta(seconds=1)

    resume(intent.id, wish=wish(asks | {"commit": "90ab"}), actor=agent, now=later)

    assert state(old, at=later) is State.CHANGED
    with pytest.raises(PayloadChanged, match="now version 2"):
        press(old, at=later)
    assert press(mailed(gate, people.bob, now=later), at=later).version == 2


@pytest.mark.parametrize("risk", ["high", "critical"])
def test_a_grave_request_is_mailed_without_a_link(people, now, risk):
    gate = make_gate(people.here, task={"risk": risk}, now=now)

    mail = notices.compose(Outbox.objects.filter(subject_id=gate.id)[0], now)

    assert not SECRET.search(mail.text + mail.html)
    assert f"/requests/{gate.id}" in mail.text


def test_a_link_to_what_is_grave_by_now_is_answered_at_the_desk(gate, token, now):
    Gate.objects.filter(id=gate.id).update(risk="high")

    assert state(token, at=now) is State.GRAVE
    with pytest.raises(NotYours, match="at the desk"):
        press(token, at=now)
    assert Gate.objects.get(id=gate.id).is_open


def test_a_link_of_who_left_is_theirs_no_more(people, token, now):
    people.bob.memberships.all().delete()

    assert state(token, at=now) is State.NOT_YOURS
    with pytest.raises(NoSuchGate):
        press(token, at=now)


def test_a_link_of_who_was_switched_off_decides_nothing(people, token, now):
    User.objects.filter(id=people.bob.id).update(is_active=False)

    assert state(token, at=now) is State.NOT_YOURS
    with pytest.raises(NoSuchGate):
        press(token, at=now)


def test_an_unknown_secret_opens_nothing(token, now):
    assert links.find(token[:-1] + ("a" if token[-1] != "a" else "b")) is None
    with pytest.raises(NoSuchGate):
        press("nonsense", at=now)


def test_who_decided_at_the_desk_keeps_the_first_word(people, gate, token, now):
    decide(answer(gate, person(people.bob)), now=now)

    with pytest.raises(AlreadyDecided):
        press(token, at=now)
