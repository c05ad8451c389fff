"""Any order of what may happen to scenarios: rows agree with each other, and an end is final."""

from datetime import timedelta

import django.test
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from api.axme.translate import wish
from approvals.actions import Answer, cancel, decide, expire, resolve, resume
from approvals.models import Gate
from approvals.refusals import Refusal
from approvals.workflows import advance
from approvals.workflows.models import Step
from events.models import Event
from intents.actions import AlreadyOver
from intents.lifecycle import ENDS, InvalidTransition, Status, WaitingFor
from intents.models import Delivery, Intent
from tests.factories import key, make_people, person
from tests.scenarios import agent_step, applied, bundle, person_step

REFUSED = (Refusal, AlreadyOver, InvalidTransition)
RETRY = {"max_retries": 1, "retry_delay_seconds": 2}
LATE = {"step_deadline_seconds": 9}
STORIES = [
    bundle(agent_step("a"), agent_step("b", "checker"), person_step("c")),
    bundle(agent_step("a", retry=RETRY, **LATE), person_step("b", **LATE)),
    bundle(
        person_step("a", on_failure="c", **LATE), person_step("b"), agent_step("c", retry=RETRY)
    ),
    bundle({"step_id": "a", "runtime_type": "delay", "config": {"seconds": 3}}, agent_step("b")),
    bundle({"step_id": "a", "runtime_type": "notification"}, person_step("b", **LATE)),
    bundle(agent_step("a", on_failure="b", on_success="end", **LATE), agent_step("b", "checker")),
]
BODIES = [
    {"action": "complete", "total": 3},
    {"action": "fail", "reason": "No space"},
    {"status": "pending_human_approval", "message": "Go on?"},
    {"total": 3},
    {},
]
OPEN_STEPS = (Step.State.ACTIVE, Step.State.WAITING)


class ScenarioMachine(RuleBasedStateMachine):
    """Two scenarios at most, and everybody and everything that moves or ends them."""

    scenarios = Bundle("scenarios")

    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.now = timezone.now()
        self.people = make_people()
        self.owner = key(self.people.here, now=self.now)
        self.bob = person(self.people.bob)
        self.ended = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def attempt(self, action, *args, **kwargs):
        self.now += timedelta(seconds=1)
        try:
            with transaction.atomic():
                return action(*args, now=self.now, **kwargs)
        except REFUSED:
            return None

    @precondition(lambda self: Intent.objects.filter(parent=None).count() < 2)
    @rule(target=scenarios, story=st.sampled_from(STORIES), seconds=st.sampled_from([8, 600]))
    def apply(self, story, seconds):
        given = story | {"intent": story["intent"] | {"ttl_seconds": seconds}}
        return applied(self.owner, given, now=self.now).intent.id

    @rule(scenario=scenarios, body=st.sampled_from(BODIES))
    def work(self, scenario, body):
        for work in Intent.objects.filter(parent=scenario).open():
            self.attempt(resume, work.id, wish=wish(body), actor=self.owner)

    @rule(scenario=scenarios, outcome=st.sampled_from(["approved", "rejected"]))
    def decide(self, scenario, outcome):
        ids = [scenario, *Intent.objects.filter(parent=scenario).values_list("id", flat=True)]
        for gate in Gate.objects.open().filter(intent__in=ids):
            self.attempt(decide, Answer(gate.id, outcome, self.bob))

    @rule(scenario=scenarios, body=st.sampled_from(BODIES))
    def resume(self, scenario, body):
        self.attempt(resume, scenario, wish=wish(body), actor=self.owner)

    @rule(scenario=scenarios)
    def cancel(self, scenario):
        self.attempt(cancel, scenario, reason="", actor=self.owner)

    @rule(scenario=scenarios)
    def cancel_work(self, scenario):
        for work in Intent.objects.filter(parent=scenario).open():
            self.attempt(
                resolve, work.id, status=Status.CANCELED, outcome={"code": "x"}, actor=self.owner
            )

    @rule(scenario=scenarios)
    def expire(self, scenario):
        self.attempt(expire, scenario)

    @rule(seconds=st.integers(0, 5))
    def tick(self, seconds):
        """What the clock's task does, at this time."""
        self.now += timedelta(seconds=seconds)
        for id in list(Intent.objects.reporting().values_list("id", flat=True)):
            advance.after(id, now=self.now)
        for id in list(Step.objects.due(self.now).values_list("id", flat=True)):
            advance.on_time(id, now=self.now)
        assert not Intent.objects.reporting().exists()
        assert not Step.objects.due(self.now).exists()

    @rule(scenario=scenarios)
    def advance_again(self, scenario):
        advance.advance(scenario, now=self.now)
        before = Event.objects.count()
        advance.advance(scenario, now=self.now)
        assert Event.objects.count() == before

    @invariant()
    def events_have_no_gaps_and_one_end(self):
        for intent in Intent.objects.all():
            events = list(Event.objects.filter(intent_id=intent.id).order_by("seq"))
            assert [event.seq for event in events] == list(range(1, intent.seq + 1))
            assert (events[-1].status, events[-1].waiting_reason) == (
                intent.status,
                intent.waiting_reason,
            )
            assert len([e for e in events if e.status in ENDS]) == int(intent.is_over)

    @invariant()
    def an_end_is_final(self):
        for intent in Intent.objects.filter(status__in=ENDS):
            outcome = (intent.status, intent.result, intent.error)
            assert self.ended.setdefault(intent.id, outcome) == outcome
            assert not Delivery.objects.filter(intent=intent, closed_at=None).exists()
            assert not Gate.objects.open().filter(intent=intent).exists()

    @invariant()
    def a_settled_scenario_waits_for_its_active_step_or_has_nothing_open(self):
        for scenario in Intent.objects.filter(parent=None):
            steps = list(Step.objects.filter(workflow=scenario.id))
            active = [step for step in steps if step.state == Step.State.ACTIVE]
            work = Intent.objects.filter(parent=scenario.id).open()
            if scenario.reports_to is None:
                assert scenario.is_over
                assert not any(step.state in OPEN_STEPS for step in steps)
                assert not work.exists()
            elif not scenario.is_over:
                assert len(active) == 1
                assert work.count() <= 1

    @invariant()
    def a_scenario_waits_for_people_exactly_while_one_question_is_open(self):
        for intent in Intent.objects.all():
            is_held = intent.waiting_reason == WaitingFor.HUMAN
            assert Gate.objects.open().filter(intent=intent).count() == int(is_held)


class TestScenarioMachine(ScenarioMachine.TestCase, django.test.TestCase):
    settings = settings(
        max_examples=25,
        stateful_step_count=14,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
