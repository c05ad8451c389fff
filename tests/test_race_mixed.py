"""Everything that writes to the same agents at once: nothing waits in a circle, all ends are right.

New work, scenarios, handing on, answers, withdrawals, kills and pushes touch the same counters,
mailboxes and intents. Whatever two of them do, they take them in one order.
"""

import contextlib

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.keys import KeyRefused
from api.axme.deliveries import _put_before
from api.axme.translate import wish
from approvals.actions import cancel, decide, delegate, resume, submit
from approvals.models import Gate
from approvals.refusals import Refusal
from approvals.workflows import advance
from approvals.workflows.bundle import BadBundle
from events.models import Outbox
from events.transports import TransportError
from governance import actions
from governance.models import Usage
from governance.verdicts import NotAdmitted
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty, reply, settle_push
from intents.lifecycle import ENDS, EVENT
from intents.models import Intent
from intents.outgoing import PUSH
from tests.factories import (
    HERE,
    answer,
    key,
    make_gate,
    make_intent,
    make_people,
    person,
    submission,
    trail,
)
from tests.racing import racers, rounds
from tests.scenarios import agent_step, applied, bundle, person_step, states

pytestmark = pytest.mark.django_db(transaction=True)

WORKER, CHECKER = f"{HERE}/worker", f"{HERE}/checker"
DONE = wish({"action": "complete", "total": 1})
EXPECTED = AlreadyOver, BadBundle, NotAParty, NotAdmitted, NoSuchIntent, KeyRefused, Refusal
LIMITS = {"max_intents_per_day": 100_000}


@pytest.fixture(params=["without limits", "with limits"])
def people(request):
    found = make_people()
    owner = key(found.here)
    for name in ("worker", "checker"):
        agent = ensure_agent(found.here, name)
        if request.param == "with limits":
            actions.set_limits(agent, limits=LIMITS, actor=owner, now=timezone.now())
    return found


def surprises(results):
    """Return what failed otherwise than by a refusal that the product means."""
    flat = [one for each in results for one in (each if isinstance(each, list) else [each])]
    return [one for one in flat if isinstance(one, BaseException) and not isinstance(one, EXPECTED)]


def test_creates_and_scenarios_of_two_agents_never_wait_for_each_other_in_a_circle(people):
    worker, checker = key(people.here, agent="worker"), key(people.here, agent="checker")
    owner = key(people.here)

    def create():
        return [
            submit(submission(owner, sender=a, to=b), now=timezone.now())
            for _ in range(6)
            for a, b in ((WORKER, CHECKER), (CHECKER, WORKER))
        ]

    def applying(actor, role):
        def run():
            return [applied(actor, bundle(agent_step("one", role))) for _ in range(8)]

        return run

    def hand_on():
        made = [submit(submission(owner, to=WORKER), now=timezone.now()) for _ in range(6)]
        return [
            delegate(row.id, to=CHECKER, owner=WORKER, actor=owner, now=timezone.now())
            for row in made
        ]

    with racers(4) as race:
        for _ in range(rounds(8)):
            results = race.run(
                create, applying(worker, "checker"), applying(checker, "worker"), hand_on
            )
            assert not surprises(results), surprises(results)

    counted = sum(Usage.objects.values_list("intents", flat=True))
    assert counted == rounds(8) * (12 * 2 + 8 * 3 + 8 * 3 + 6 * 1 + 6 * 1)


def test_bundles_that_bring_the_same_agents_in_another_order_all_apply(people):
    owner = key(people.here)

    def applying(*names):
        agents = [
            {"role": name, "address": name, "create_if_missing": True, "delivery_mode": "stream"}
            for name in names
        ]
        given = bundle(agent_step("one", names[0])) | {"agents": agents}
        return lambda: applied(owner, given).intent

    with racers(2) as race:
        for number in range(rounds(20)):
            names = [f"new-{number}-{letter}" for letter in "abcdef"]
            results = race.run(applying(*names), applying(*reversed(names)))
            assert not surprises(results), surprises(results)


class Mix:
    """Everybody at once: create, decide, work, withdraw, hand on, switch off, push, listen."""

    def __init__(self, people):
        self.here = people.here
        self.owner, self.bob = key(people.here), person(people.bob)
        self.worker = key(people.here, agent="worker")
        self.agent = ensure_agent(people.here, "worker")
        self.agent.delivery_mode = "http"
        self.agent.callback_url = "https://worker.example/hook"
        self.agent.save(update_fields=["delivery_mode", "callback_url"])
        self.scenarios, self.plain = [], []

    def create(self):
        steps = (
            agent_step("one", on_failure="ask"),
            person_step("ask"),
            agent_step("two", "checker"),
        )
        given = bundle(*steps)
        each(range(3), lambda _: self.scenarios.append(applied(self.owner, given).intent.id))
        each(range(3), lambda _: self.plain.append(make_intent(self.here, to=WORKER).id))
        each(range(2), lambda _: self.plain.append(make_gate(self.here).intent_id))

    def decide(self):
        gates = Gate.objects.open()
        each(gates, lambda gate: decide(answer(gate, self.bob), now=timezone.now()))
        self.advance()

    def work(self):
        work, owner = Intent.objects.open().filter(to_address__in=[WORKER, CHECKER]), self.owner
        each(work[:6], lambda row: resume(row.id, wish=DONE, actor=owner, now=timezone.now()))
        worker = self.worker
        each(work[:2], lambda row: reply(row.id, message="Hm", actor=worker, now=timezone.now()))
        self.advance()

    def withdraw(self):
        ids = [*self.scenarios[-1:], *self.plain[-2:]]
        each(ids, lambda id: cancel(id, reason="", actor=self.owner, now=timezone.now()))

    def hand_on(self):
        work = Intent.objects.open().filter(to_address=WORKER).order_by("-created_at")
        for rows, to in ((work[:2], CHECKER), (work[2:4], "bob@example.com")):
            told = {"to": to, "owner": WORKER, "actor": self.owner}
            each(rows, lambda row, told=told: delegate(row.id, **told, now=timezone.now()))

    def switch(self):
        for switch in (actions.kill, actions.resume):
            switch(self.agent, actor=self.owner, now=timezone.now())

    def push(self):
        failure = TransportError("It answered 500.", status=500)
        rows = Outbox.objects.filter(kind=PUSH, state=Outbox.State.PENDING)[:6]
        for number, row in enumerate(rows):
            with transaction.atomic():
                settle_push(row, failure if number % 2 else None, timezone.now())

    def listen(self):
        for _ in range(5):
            _put_before(self.here.id, WORKER, 0, [])
            _put_before(self.here.id, CHECKER, 0, [])

    def advance(self):
        each(self.scenarios, lambda id: advance.advance(id, now=timezone.now()))

    @property
    def everything(self):
        return (
            self.create, self.decide, self.work, self.withdraw, self.hand_on, self.switch,
            self.push, self.listen, self.listen,
        )  # fmt: skip


def each(rows, act):
    for row in list(rows):
        with contextlib.suppress(*EXPECTED):
            act(row)


def check(intent):
    """Dense numbers, one end, and nothing open of what has ended."""
    happened = trail(intent.id)
    assert len(happened) == intent.seq
    # Somebody may still say something afterwards.
    assert sum(happened.count(EVENT[status]) for status in ENDS) == int(intent.is_over)
    assert Gate.objects.open().filter(intent=intent).count() == int(intent.waits_for_a_person)
    assert not (intent.is_over and intent.deliveries.filter(closed_at=None).exists())
    if intent.is_scenario:
        assert states(intent).count("active") == int(not intent.is_over)


def test_whatever_is_mixed_ends_in_one_right_state(people):
    mix = Mix(people)
    with racers(len(mix.everything)) as race:
        for _ in range(rounds(10)):
            results = race.run(*mix.everything)
            assert not surprises(results), surprises(results)

    mix.advance()
    for intent in Intent.objects.all():
        check(intent)
    assert set(Intent.objects.values_list("status", flat=True)) >= {"COMPLETED", "CANCELED"}
