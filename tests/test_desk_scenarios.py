"""A scenario at the desk: one question shows every step, who did it, and what it found."""

from datetime import timedelta

import pytest
from django.test import Client

from approvals import notices
from approvals.actions import decide
from approvals.desk import document
from approvals.models import Gate
from approvals.queue import find
from events.models import Outbox
from tests.factories import answer, key, person
from tests.scenarios import advanced, agent_step, applied, bundle, person_step
from tests.test_scenarios import fail, finish

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(people, now):
    return key(people.here, agent="worker", now=now)


@pytest.fixture
def scenario(people, worker, now):
    """Two people and an agent; the agent succeeded at the second try, and Bob is asked."""
    retry = {"max_retries": 1, "retry_delay_seconds": 1}
    steps = agent_step("build_image", retry=retry), person_step("release"), person_step("announce")
    row = applied(key(people.here, now=now), bundle(*steps), now=now).intent
    fail(row, "build_image", worker, now)
    later = now + timedelta(seconds=1)
    advanced(row, now=later)
    return finish(row, "build_image", worker, later, image="<b>api</b>:3")


def shown(people, gate, now):
    """Return the lines of the steps as Ann sees them beside this question."""
    actor = person(people.ann)
    doc = document.about(find(gate.id, actor), actor, now=now)
    return doc, [
        (line.name, line.stands, line.said, line.who.partition(",")[0]) for line in doc.steps
    ]


def test_the_steps_tell_who_did_what_and_whose_turn_it_is(people, scenario, now):
    doc, lines = shown(people, Gate.objects.open().get(intent=scenario), now)

    assert lines == [
        ("Build image", "done", "done", "worker"),
        ("Release", "here", "now", "Bob"),
        ("Announce", "todo", "", "Data Owner"),
    ]
    assert doc.step_number == 2
    assert "attempt 2" in doc.steps[0].who


def test_after_an_answer_the_steps_go_on_and_name_the_person(people, scenario, now):
    first = Gate.objects.open().select_related("intent").get(intent=scenario)
    decide(answer(first, people.bob), now=now)
    # The scenario takes note a moment later; the page does not wait for that.
    assert shown(people, first, now)[1][1][:3] == ("Release", "done", "done")
    advanced(scenario, now=now)

    second = Gate.objects.open().get(intent=scenario)
    doc, lines = shown(people, second, now)

    assert lines[1][3] == "Approved by Bob"
    assert lines[2][:3] == ("Announce", "here", "now")
    assert [line.words for line in doc.history if line.tone == "yes"] == ["Approved by Bob"]


def test_a_no_leaves_the_rest_out(people, scenario, now):
    gate = Gate.objects.open().select_related("intent").get(intent=scenario)
    decide(answer(gate, people.bob, "rejected"), now=now)
    advanced(scenario, now=now)

    _, lines = shown(people, gate, now)

    assert [line[1] for line in lines] == ["done", "done done-no", "done done-off"]


def test_the_page_shows_the_results_escaped_and_where_a_no_leads(people, worker, now):
    steps = agent_step("build"), person_step("release", on_failure="undo"), agent_step("undo")
    row = applied(key(people.here, now=now), bundle(*steps), now=now).intent
    finish(row, "build", worker, now, image="<script>alert(1)</script>")
    client = Client()
    client.force_login(people.bob)

    page = client.get(f"/requests/{Gate.objects.get(intent=row).id}").content.decode()

    assert "What came before" in page
    assert "Step 2 of 3" in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "After a no the scenario goes on with another step." in page


def test_an_answer_at_the_desk_leads_on_to_the_next_question_of_the_scenario(people, now):
    given = bundle(person_step("first"), person_step("second"))
    row = applied(key(people.here, now=now), given, now=now).intent
    client, first = Client(), Gate.objects.get(intent=row)
    client.force_login(people.bob)

    data = {"outcome": "approved", "seen": first.digest}
    answered = client.post(f"/requests/{first.id}/decide", data)

    second = Gate.objects.open().get(intent=row)
    assert answered.headers["Location"].startswith(f"/requests/{second.id}")


def test_a_notification_is_written_for_its_reader_with_its_slots_filled(people, now):
    config = {"subject": "Begun:\n{{intent_id}}", "body": "{{service}} <b>{{nothing}}</b>"}
    notice = {"step_id": "tell", "runtime_type": "notification", "config": config}
    row = applied(key(people.here, now=now), bundle(notice), now=now).intent

    mail = notices.compose(Outbox.objects.get(kind="step.notice"), now)

    assert mail.to == "bob@example.com"
    assert mail.subject == f"Begun: {row.id}"
    assert "api <b>{{nothing}}</b>" in mail.text
    assert "api &lt;b&gt;{{nothing}}&lt;/b&gt;" in mail.html
    people.bob.memberships.all().delete()
    assert notices.compose(Outbox.objects.get(kind="step.notice"), now) is None
