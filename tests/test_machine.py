"""Any order of actions: rows and events agree, numbers have no gaps, an end is final."""

import itertools
from datetime import timedelta

import django.test
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from api.axme.translate import wish
from approvals.actions import Answer, cancel, decide, expire, resolve, resume, submit, take_over
from approvals.models import Decision, Gate, Seat
from approvals.refusals import Refusal
from events.models import Event, Outbox
from intents.actions import AlreadyOver, offer_again, patch, reply
from intents.lifecycle import ENDS, MOVES, InvalidTransition, Status, WaitingFor
from intents.models import Delivery, Intent
from tests.factories import APPROVAL, anyone_in, key, make_people, person, submission

REFUSED = (Refusal, AlreadyOver, InvalidTransition)
OUTCOMES = st.sampled_from(["approved", "rejected", "nonsense"])
BODIES = st.sampled_from(
    [
        {"note": "half way"},
        {"action": "complete", "total": 3},
        {"action": "fail", "reason": "No space"},
        {"status": "pending_human_approval", "message": "Go on?"},
        {"status": "pending_human_approval", "message": "Go on with this?"},
        {"task_result": {"outcome": "approved"}},
        {"approved": False},
        {"approve_current_step": True},
        {},
    ]
)


class IntentMachine(RuleBasedStateMachine):
    """Three intents at most, and everybody who may do something to them."""

    intents = Bundle("intents")

    def __init__(self):
        super().__init__()
        # The database is not emptied between examples, so each one undoes itself.
        self.example = transaction.atomic()
        self.example.__enter__()
        self.now = timezone.now()
        self.people = make_people()
        self.owner = anyone_in(self.people.here)
        self.agent = key(self.people.here, agent="desk", now=self.now)
        self.bob, self.ann = person(self.people.bob), person(self.people.ann)
        self.ended = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def attempt(self, action, *args, **kwargs):
        """Do something in the next second; a refusal is an answer too, and writes nothing."""
        self.now += timedelta(seconds=1)
        before = self.footprint()
        try:
            with transaction.atomic():
                return action(*args, now=self.now, **kwargs)
        except REFUSED:
            assert self.footprint() == before
            return None

    def footprint(self):
        return tuple(model.objects.count() for model in (Event, Outbox, Decision, Gate, Seat))

    @precondition(lambda self: Intent.objects.count() < 3)
    @rule(target=intents, asks=st.booleans(), told=st.booleans())
    def submit(self, asks, told):
        given = submission(
            self.owner,
            human_task=APPROVAL if asks else None,
            reply_to="target" if told else "",
            deadline_at=self.now + timedelta(seconds=8),
            max_delivery_attempts=2,
        )
        return self.attempt(submit, given).id

    @rule(intent=intents, body=BODIES, by_agent=st.booleans())
    def resume(self, intent, body, by_agent):
        actor = self.agent if by_agent else self.bob
        self.attempt(resume, intent, wish=wish(body), actor=actor)

    @rule(intent=intents, outcome=OUTCOMES, first=st.booleans())
    def decide(self, intent, outcome, first):
        gate = Gate.objects.filter(intent=intent).order_by("-opened_at", "-id").first()
        if gate:
            actor = self.bob if first else self.ann
            self.attempt(
                decide, Answer(gate.id, outcome, actor, then="continue" if first else "complete")
            )

    @rule(
        intent=intents, status=st.sampled_from([Status.COMPLETED, Status.FAILED, Status.CANCELED])
    )
    def resolve(self, intent, status):
        self.attempt(resolve, intent, status=status, outcome={"code": "x"}, actor=self.agent)

    @rule(intent=intents)
    def cancel(self, intent):
        self.attempt(cancel, intent, reason="Changed my mind", actor=self.owner)

    @rule(intent=intents)
    def expire(self, intent):
        self.attempt(expire, intent)

    @rule(intent=intents)
    def take_over(self, intent):
        self.attempt(take_over, intent, actor=self.ann)

    @rule(intent=intents)
    def reply(self, intent):
        self.attempt(reply, intent, message="Still there?", actor=self.owner)

    @rule(intent=intents)
    def patch(self, intent):
        self.attempt(patch, intent, controls={"timeout_seconds": 5}, actor=self.owner)

    @rule(intent=intents)
    def offer_again(self, intent):
        for row in Delivery.objects.filter(intent=intent, purpose=Delivery.Purpose.WORK):
            self.attempt(offer_again, row.id)

    @invariant()
    def rows_and_events_agree(self):
        for intent in Intent.objects.all():
            events = list(Event.objects.filter(intent_id=intent.id).order_by("seq"))
            assert [event.seq for event in events] == list(range(1, intent.seq + 1))
            last = events[-1]
            shown = (last.status, last.waiting_reason, last.handler, last.pending_with)
            assert shown == (
                intent.status,
                intent.waiting_reason,
                intent.handler,
                intent.pending_with,
            )
            for earlier, later in itertools.pairwise(events):
                allowed = MOVES[Status(earlier.status)] | {earlier.status}
                assert later.status in allowed

    @invariant()
    def an_end_is_final(self):
        for intent in Intent.objects.filter(status__in=ENDS):
            ends = Event.objects.filter(intent_id=intent.id, type__in=self.terminal())
            assert ends.count() == 1
            outcome = (intent.status, intent.result, intent.error)
            assert self.ended.setdefault(intent.id, outcome) == outcome
            assert not Delivery.objects.filter(intent=intent, closed_at=None).exists()

    def terminal(self):
        return [f"intent.{status.lower()}" for status in ENDS]

    @invariant()
    def an_intent_waits_for_people_exactly_while_one_gate_is_open(self):
        for intent in Intent.objects.all():
            is_held = intent.waiting_reason == WaitingFor.HUMAN
            assert Gate.objects.open().filter(intent=intent).count() == int(is_held)

    @invariant()
    def only_open_gates_have_seats_and_only_decided_ones_an_answer(self):
        for gate in Gate.objects.all():
            assert gate.seats.exists() == gate.is_open
            assert gate.decisions.count() == int(gate.state == Gate.State.DECIDED)
            assert (gate.closed_at is None) == gate.is_open


class TestIntentMachine(IntentMachine.TestCase, django.test.TestCase):
    settings = settings(
        max_examples=30,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
