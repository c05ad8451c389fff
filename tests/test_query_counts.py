"""How many statements the hot paths take: the same for one as for many."""

import sys
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions import ensure_agent
from api.axme.calls import Creation, _create_many, _events_many, _load_many
from api.axme.deliveries import _put_before
from approvals.actions import decide_many, submit_many
from approvals.models import Gate
from events import outbox
from governance import actions as rules
from intents.models import Intent
from tests.factories import (
    APPROVAL,
    HERE,
    answer,
    anyone_in,
    key,
    make_gate,
    make_intent,
    person,
    submission,
)
from tests.signing_in import at_desk


def statements(call):
    with CaptureQueriesContext(connection) as seen:
        call()
    return [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]]


def told(call):
    """Return how many statements a call takes, and show them when a test fails."""
    found = statements(call)
    sys.stdout.write("\n".join(found))
    return len(found)


def held():
    """On PostgreSQL a create holds its workspace's admission first; SQLite has one writer."""
    return 1 if connection.vendor == "postgresql" else 0


@pytest.fixture
def actor(people, now):
    return key(people.here, now=now)


@pytest.mark.parametrize("many", [1, 20])
def test_creating_for_agents_takes_the_same_for_one_as_for_many(actor, now, many):
    wanted = [submission(actor) for _ in range(many)]

    # Key, people and their addresses, intents, numbers, deliveries, events, what goes out.
    assert told(lambda: submit_many(wanted, now=now)) == 7 + held()


@pytest.mark.parametrize("many", [1, 20])
def test_counting_what_registered_agents_do_adds_no_journey(people, actor, now, many):
    ensure_agent(people.here, "desk")
    wanted = [submission(actor) for _ in range(many)]

    assert told(lambda: submit_many(wanted, now=now)) == 8 + held()


@pytest.mark.parametrize("many", [1, 20])
def test_creating_for_an_agent_with_limits_adds_no_more_than_two(people, actor, now, many):
    rules.set_limits(
        ensure_agent(people.here, "desk"), limits={"max_intents_per_day": 99}, actor=actor, now=now
    )
    wanted = [submission(actor) for _ in range(many)]

    # Limits are held where there are locks to hold, and what it did is added up.
    assert told(lambda: submit_many(wanted, now=now)) == 9 + 2 * held()


@pytest.mark.parametrize("many", [1, 20])
def test_creating_for_people_takes_the_same_for_one_as_for_many(actor, now, many):
    wanted = [submission(actor, human_task=APPROVAL) for _ in range(many)]

    # And gates, seats, notices.
    assert told(lambda: submit_many(wanted, now=now)) == 10 + held()


@pytest.mark.parametrize("many", [1, 20])
def test_creating_over_the_api_adds_two_for_its_idempotency_keys(actor, many):
    wanted = [Creation(submission(actor), uuid.uuid4().hex, "body") for _ in range(many)]

    assert told(lambda: _create_many(wanted)) == 9 + held()


@pytest.mark.parametrize("many", [1, 20])
def test_deciding_takes_the_same_for_one_as_for_many(people, actor, now, many):
    gates = [make_gate(people.here) for _ in range(many)]
    answers = [answer(gate, actor) for gate in gates]

    # Intents and gates locked, key, decisions, gates, seats, deliveries, intents, events, out.
    assert told(lambda: decide_many(answers, now=now)) == 9


@pytest.mark.parametrize("many", [1, 20])
def test_a_refused_batch_writes_nothing(people, now, many):
    gates = [make_gate(people.here) for _ in range(many)]
    answers = [answer(gate, people.bob, "nonsense") for gate in gates]

    assert told(lambda: decide_many(answers, now=now)) == 2


@pytest.mark.parametrize("many", [1, 100])
def test_reading_a_stream_takes_one_and_one_more_the_first_time(people, many):
    for _ in range(many):
        make_intent(people.here)

    def read():
        return _put_before(people.here.id, f"{HERE}/desk", 0, [])

    assert told(read) == 2
    assert told(read) == 1


@pytest.mark.parametrize("many", [1, 20])
def test_reading_intents_and_events_takes_one_each(people, actor, many):
    ids = [make_intent(people.here).id for _ in range(many)]

    assert told(lambda: _load_many([(actor, id) for id in ids])) == 1
    assert told(lambda: _events_many([(id, 0) for id in ids])) == 1


@pytest.mark.parametrize("many", [1, 20])
def test_claiming_mails_takes_two(people, now, many):
    for _ in range(many):
        make_gate(people.here, now=now)

    assert told(lambda: outbox.claim(now=now)) == 2


@pytest.fixture
def bob(people):
    return at_desk(people.bob)


def page(client, url):
    def load():
        answered = client.get(url)
        assert answered.status_code == 200

    load()  # The first look may fill caches of this process.
    return told(load)


@pytest.mark.parametrize(("name", "most"), [("inbox", 14), ("open", 14), ("done", 14)])
def test_a_list_of_the_desk_takes_the_same_for_one_as_for_a_hundred(people, bob, now, name, most):
    def ask(number):
        actor = person(people.ann)
        given = [submission(anyone_in(people.here), human_task=APPROVAL) for _ in range(number)]
        submit_many(given, now=now)
        if name == "done":
            gates = Gate.objects.open()
            decide_many([answer(gate, actor) for gate in gates], now=now)

    ask(1)
    one = page(bob, reverse(name))
    ask(99)
    assert page(bob, reverse(name)) == one <= most


@pytest.mark.parametrize("where", ["inbox", "open"])
def test_a_request_at_the_desk_takes_the_same_beside_one_as_beside_a_hundred(
    people, bob, now, where
):
    gate = make_gate(people.here, now=now)
    url = f"{reverse('gate', args=[gate.id])}?in={where}"
    one = page(bob, url)

    submit_many(
        [submission(anyone_in(people.here), human_task=APPROVAL) for _ in range(99)], now=now
    )

    assert page(bob, url) == one <= 18
    assert Intent.objects.count() == 100
