"""Withdrawing what has been open for too long: told first, then done, and never what is others'."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.actions import decide
from intents.models import Intent
from tests.calling import Api, refusal
from tests.factories import HERE, answer, anyone_in, make_gate, make_intent, make_token, trail
from tests.scenarios import applied, three_steps

pytestmark = pytest.mark.django_db(transaction=True)
BULK = "/v1/intents/bulk-cancel"
LONG_AGO = timedelta(hours=3)


@pytest.fixture
def api(people):
    return Api(make_token(people.here))


@pytest.fixture
def old():
    return timezone.now() - LONG_AGO


def states(*rows):
    return [Intent.objects.get(id=row.id).status for row in rows]


def test_a_dry_run_tells_what_is_old_and_changes_nothing(people, api, old):
    stale, waiting = make_intent(people.here, now=old), make_gate(people.here, now=old).intent
    make_intent(people.here)

    told = api.post(BULK, {"older_than_hours": 2, "dry_run": True}).json()

    assert (told["ok"], told["dry_run"], told["would_cancel"]) == (True, True, 2)
    assert set(told["intent_ids"]) == {str(stale.id), str(waiting.id)}
    assert states(stale, waiting) == ["DELIVERED", "WAITING"]


def test_what_is_old_is_withdrawn_with_its_question_and_the_rest_stays(people, api, old):
    gate, new = make_gate(people.here, now=old), make_intent(people.here)

    told = api.post(BULK, {"older_than_hours": 2, "reason": "Stale."}).json()

    assert (told["canceled"], told["intent_ids"]) == (1, [str(gate.intent_id)])
    assert states(gate.intent, new) == ["CANCELED", "DELIVERED"]
    assert trail(gate.intent_id)[-1] == "intent.canceled"
    gate.refresh_from_db()
    assert gate.state == "canceled"
    assert Intent.objects.get(id=gate.intent_id).error["message"] == "Stale."
    assert api.post(BULK, {"older_than_hours": 2}).json()["canceled"] == 0


def test_statuses_and_a_limit_choose_among_them(people, api, old):
    gate = make_gate(people.here, now=old)
    first = make_intent(people.here, now=old - timedelta(hours=1))
    second = make_intent(people.here, now=old)
    given = {"older_than_hours": 2, "limit": 1}

    assert api.post(BULK, given | {"status_filter": ["DELIVERED"]}).json()["canceled"] == 1

    assert states(first, second, gate.intent) == ["CANCELED", "DELIVERED", "WAITING"]


def test_an_answered_request_stays_answered(people, api, old):
    gate = make_gate(people.here, now=old)
    decide(answer(gate, people.bob), now=timezone.now())

    assert api.post(BULK, {"older_than_hours": 0}).json()["canceled"] == 0
    assert states(gate.intent) == ["COMPLETED"]


def test_a_scenario_goes_with_the_work_of_its_steps(people, api):
    scenario = applied(anyone_in(people.here), three_steps()).intent
    (work,) = Intent.objects.filter(parent=scenario)

    told = api.post(BULK, {"older_than_hours": 0}).json()

    assert told["intent_ids"] == [str(scenario.id)]
    assert states(scenario, work) == ["CANCELED", "CANCELED"]


def test_an_agent_withdraws_what_it_sent_and_nothing_else(people, old):
    own = make_intent(people.here, sender=f"{HERE}/worker", now=old)
    received = make_intent(people.here, to=f"{HERE}/worker", now=old)
    worker = Api(make_token(people.here, agent="worker"))

    told = worker.post(BULK, {"older_than_hours": 1}).json()

    assert told["intent_ids"] == [str(own.id)]
    assert states(received) == ["DELIVERED"]


def test_another_workspace_is_not_touched(people, old):
    intent = make_intent(people.here, now=old)
    stranger = Api(make_token(people.elsewhere))

    assert stranger.post(BULK, {"older_than_hours": 0}).json()["canceled"] == 0
    assert states(intent) == ["DELIVERED"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"older_than_hours": -1},
        {"older_than_hours": 1e300},
        {"older_than_hours": "soon"},
        {"older_than_hours": 1, "limit": 0},
        {"older_than_hours": 1, "status_filter": ["LOST"]},
        {"older_than_hours": 1, "dry_run": "perhaps"},
    ],
)
def test_a_malformed_call_withdraws_nothing(people, api, old, given):
    intent = make_intent(people.here, now=old)

    assert refusal(api.post(BULK, given))[:2] == (422, "schema_invalid")
    assert states(intent) == ["DELIVERED"]
