"""Creates against kill switches, rules and limits, in the database."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.actions import ensure_agent
from accounts.agents import remove
from accounts.keys import KeyRefused
from accounts.managing import NotAManager
from accounts.models import Agent, ApiKey
from api.axme.deliveries import _put_before
from api.axme.translate import wish
from approvals.actions import resolve, resume, submit, submit_many
from events.models import Event
from governance import actions, usage
from governance.models import MeshEvent, Usage
from governance.verdicts import NotAdmitted
from intents.actions import offer_unanswered
from intents.lifecycle import Status
from intents.models import Delivery, Intent
from tests.calling import counts
from tests.factories import HERE, key, make_intent, person, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(people, now):
    return key(people.here, name="ops", now=now)


@pytest.fixture
def desk(people):
    return ensure_agent(people.here, "desk")


def codes(answers):
    return [getattr(a, "code", type(a).__name__) for a in answers]


def test_a_killed_recipient_and_sender_are_refused_and_the_others_are_stored(
    people, owner, desk, now
):
    mine = key(people.here, agent="desk", now=now)
    actions.kill(desk, actor=owner, now=now)
    batch = [
        submission(owner), submission(owner, to=f"{HERE}/other"), submission(mine, sender=f"{HERE}/desk", to="human"),
        submission(owner, sender=f"{HERE}/desk", to=f"{HERE}/other"), submission(owner, to="human"),
    ]  # fmt: skip

    answers = submit_many(batch, now=now)

    assert codes(answers) == ["agent_killed", "Intent", "agent_killed", "agent_killed", "Intent"]
    assert Intent.objects.count() == 2


def test_resume_lets_it_send_and_be_sent_to_again(people, owner, desk, now):
    actions.kill(desk, actor=owner, now=now)
    actions.resume(desk, actor=owner, now=now)

    assert submit(submission(owner), now=now).status == Status.DELIVERED


def test_killing_twice_is_told_once_with_who_and_why(owner, desk, now):
    actions.kill(desk, reason="It loops", actor=owner, now=now)
    actions.kill(desk, reason="Again", actor=owner, now=now + timedelta(hours=1))

    event = MeshEvent.objects.get()
    assert (event.type, event.actor, event.details) == (
        "agent.killed", "key:ops", {"reason": "It loops"},
    )  # fmt: skip
    assert Agent.objects.get(id=desk.id).killed_at == now


def test_a_namesake_in_another_workspace_goes_on(people, owner, desk, now):
    theirs = key(people.elsewhere, now=now)
    actions.kill(desk, actor=owner, now=now)

    assert submit(submission(theirs, to="desk"), now=now)


def test_agents_reviewers_and_strangers_kill_nobody(people, desk, now):
    cannot = [key(people.here, agent="desk", now=now), person(people.bob), person(people.cid),
              key(people.elsewhere, now=now)]  # fmt: skip

    for actor in cannot:
        with pytest.raises(NotAManager):
            actions.kill(desk, actor=actor, now=now)
    actions.kill(desk, actor=person(people.ann), now=now)
    assert MeshEvent.objects.get().actor == "ann@example.com"


def test_the_work_of_a_killed_agent_stays_and_reaches_nobody_until_it_is_resumed(
    people, owner, desk, now
):
    intent = make_intent(people.here, now=now, max_delivery_attempts=1)
    (row,) = _put_before(people.here.id, desk.address, 0, [])
    late = timezone.now() + timedelta(hours=5)
    actions.kill(desk, actor=owner, now=now)

    assert _put_before(people.here.id, desk.address, 0, []) == []
    assert _put_before(people.here.id, desk.address, 0, ["DELIVERED"]) == []
    assert offer_unanswered(row.id, now=late) is None
    assert Intent.objects.get(id=intent.id).status == Status.DELIVERED

    actions.resume(desk, actor=owner, now=now)
    assert [row.intent_id for row in _put_before(people.here.id, desk.address, 0, [])] == [
        intent.id
    ]


def test_a_killed_agent_ends_and_resumes_nothing(people, owner, desk, now):
    intent, mine = make_intent(people.here), key(people.here, agent="desk", now=now)
    actions.kill(desk, actor=owner, now=now)
    before = counts(Event)

    with pytest.raises(NotAdmitted):
        resolve(intent.id, status=Status.COMPLETED, outcome={}, actor=mine, now=now)
    assert counts(Event) == before
    assert resolve(intent.id, status=Status.COMPLETED, outcome={}, actor=owner, now=now)


def test_rules_hold_from_the_moment_they_are_set(people, owner, desk, now):
    actions.set_mode(desk, rule="receive", mode="allowlist", actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["sender_not_in_receive_allowlist"]

    rule = actions.add_entry(desk, rule="receive", pattern="shop", actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["Intent"]

    entry = rule["entries"][0]
    assert entry["sender_pattern"] == f"{HERE}/shop"
    actions.drop_entry(desk, rule="receive", entry_id=entry["entry_id"], actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["sender_not_in_receive_allowlist"]

    actions.set_mode(desk, rule="receive", mode="open", actor=owner, now=now)
    actions.set_types(desk, allow=[], deny=["intent.refund.*"], actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["policy_denied"]
    assert [e.type for e in MeshEvent.objects.all()] == ["policy.changed"] * 5


def test_a_workspace_that_is_closed_takes_nothing_from_other_organisations(
    people, owner, desk, now
):
    actions.set_mode(people.here, rule="receive", mode="closed", actor=owner, now=now)
    batch = [submission(owner, sender="agent://partner/prod/bot"), submission(owner)]

    assert codes(submit_many(batch, now=now)) == ["receiver_org_closed", "Intent"]


def test_a_limit_lets_exactly_so_many_through_and_is_told_once(people, owner, desk, now):
    actions.set_limits(desk, limits={"max_intents_per_day": 3}, actor=owner, now=now)
    batch = [submission(owner) for _ in range(2)]

    said = codes(submit_many(batch, now=now)) + codes(submit_many(batch * 2, now=now))

    assert said == ["Intent"] * 3 + ["policy_limit_exceeded"] * 3
    assert Usage.objects.get().intents == 3
    (told,) = MeshEvent.objects.filter(type="policy.breached")
    assert told.details == {"limit": "max_intents_per_day", "allowed": 3, "used": 3.0}


def test_a_limit_that_is_only_told_lets_everything_through(people, owner, desk, now):
    limits = {"max_intents_per_hour": 1, "action_on_breach": "alert"}
    actions.set_limits(desk, limits=limits, actor=owner, now=now)

    assert codes(submit_many([submission(owner)] * 3, now=now)) == ["Intent"] * 3
    assert MeshEvent.objects.filter(type="policy.breached").count() == 1


def test_what_it_spent_today_stops_an_agent_and_tomorrow_it_goes_on(people, owner, desk, now):
    mine = key(people.here, agent="desk", now=now)
    actions.set_limits(desk, limits={"max_cost_per_day_usd": 0.5}, actor=owner, now=now)
    for _ in range(2):
        actions.heartbeat(desk, metrics={}, cost_usd=Decimal("0.25"), actor=mine, now=now)

    assert usage.spent([desk.id], now=now)[desk.id].cost == Decimal("0.5")
    assert codes(submit_many([submission(owner)], now=now)) == ["policy_limit_exceeded"]
    assert codes(submit_many([submission(owner)], now=now + timedelta(days=1))) == ["Intent"]


def test_usage_counts_an_intent_once_for_each_registered_side(people, owner, desk, now):
    shop = ensure_agent(people.here, "shop")
    submit_many([submission(owner), submission(owner, to=f"{HERE}/shop")], now=now)

    assert {id: s.day for id, s in usage.spent([desk.id, shop.id], now=now).items()} == {
        desk.id: 1, shop.id: 2,
    }  # fmt: skip


def test_a_revoked_key_is_told_so_before_anything_of_agents(people, owner, desk, now):
    actions.kill(desk, actor=owner, now=now)
    ApiKey.objects.update(revoked_at=now)

    (said,) = submit_many([submission(owner)], now=now)
    assert isinstance(said, KeyRefused)
    with pytest.raises(KeyRefused):
        actions.resume(desk, actor=owner, now=now)


def test_a_killed_agent_asks_nobody_in_the_middle_of_its_work(people, owner, desk, now):
    intent, mine = make_intent(people.here), key(people.here, agent="desk", now=now)
    actions.kill(desk, actor=owner, now=now)
    with pytest.raises(NotAdmitted):
        resume(intent.id, wish=wish({"status": "pending_human_approval"}), actor=mine, now=now)
    assert not Delivery.objects.filter(is_paused=True).exists()


def test_a_removed_agent_is_a_stranger_again_but_a_killed_one_stays_killed(
    people, owner, desk, now
):
    actions.set_types(desk, allow=["x"], deny=[], actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["policy_denied"]

    remove(desk, actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["Intent"]

    actions.kill(desk, actor=owner, now=now)
    assert codes(submit_many([submission(owner)], now=now)) == ["agent_killed"]
