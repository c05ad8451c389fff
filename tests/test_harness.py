"""What the tests stand on holds."""

import socket

import pytest

from tests.factories import make_gate, trail
from tests.waiting import until


def test_no_test_reaches_another_machine():
    with socket.socket() as out, pytest.raises(AssertionError, match="no test may"):
        out.connect(("192.0.2.1", 80))


def test_waiting_ends_with_a_sentence_when_it_does_not_come_about():
    with pytest.raises(AssertionError, match=r"The mail did not come about within 0.05 s\."):
        until(lambda: None, within=0.05, what="The mail")


def test_rows_are_made_with_their_events(people):
    gate = make_gate(people.here)

    assert gate.is_open
    assert trail(gate.intent_id)[-1] == "intent.human_task_assigned"


def test_people_are_who_the_tests_say(people):
    roles = {user.name: user.memberships.get() for user in (people.ann, people.bob, people.cid)}

    told = {name: (str(member.workspace), member.role) for name, member in roles.items()}
    assert told == {
        "Ann": ("myorg/production", "admin"),
        "Bob": ("myorg/production", "reviewer"),
        "Cid": ("other/place", "reviewer"),
    }
