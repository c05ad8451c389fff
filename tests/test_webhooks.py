"""Webhooks: who hears of what, each thing once, tried again, given up, replayed."""

import json
from datetime import timedelta

import pytest

from api.axme.outgoing import KINDS
from approvals.actions import cancel
from events import calls, forgetting, webhooks
from events.models import Outbox, Subscription, WebhookEvent
from events.subscribing import CallbackRefused, TypeUnknown, Wish, subscribe, unsubscribe
from events.webhooks import NoSuchEvent, publish, replay
from intents.actions import announce, reply
from tests.factories import HERE, anyone_in, key, make_gate, make_intent, trail

DESK, SHOP = f"{HERE}/desk", f"{HERE}/shop"
SECRET = "a secret of sixteen or more"


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1"]


@pytest.fixture
def hook(people, receiver, now):
    """Subscribe the receiver to some types, for an owner or the whole workspace."""

    def make(*types, owner="", workspace=None, url="", **given):
        place = (workspace or people.here).id
        wish = Wish(place, owner, owner, url or receiver.url, types or ("intent.*",), **given)
        return subscribe(wish, now=now - timedelta(seconds=1))

    return make


def work_off(now):
    while announce(now=now) or calls.send_next(KINDS, now=now):
        pass


def told(receiver):
    return [json.loads(got.body)["type"] for got in receiver.got]


def test_a_subscriber_hears_of_each_event_once_in_order(people, receiver, hook, now):
    hook()
    intent = make_intent(people.here, now=now)
    work_off(now)
    later = now + timedelta(seconds=1)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=later)
    work_off(later)

    assert told(receiver) == trail(intent.id)
    data = [json.loads(got.body)["data"] for got in receiver.got]
    assert [each["event"]["seq"] for each in data] == [2, 4, 6, 8]
    assert {each["intent_id"] for each in data} == {str(intent.id)}
    assert not Outbox.objects.filter(queue="news").exists()


def test_a_webhook_is_small_and_carries_nothing_an_agent_sent(people, receiver, hook, now):
    hook("intent.created")
    make_intent(people.here, payload={"secret": "Dora's card"}, now=now)
    work_off(now)

    (got,) = receiver.got
    assert b"Dora" not in got.body
    assert json.loads(got.body)["event_id"] == str(WebhookEvent.objects.get().id)


def test_actions_in_the_same_instant_tell_nothing_twice(people, receiver, hook, now):
    hook()
    intent = make_intent(people.here, now=now)
    work_off(now)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)
    work_off(now)

    assert told(receiver) == trail(intent.id)


def test_news_of_two_actions_worked_off_late_tell_everything_once(people, receiver, hook, now):
    hook()
    intent = make_intent(people.here, now=now)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)
    work_off(now)

    assert sorted(told(receiver)) == sorted(trail(intent.id))


def test_only_what_was_asked_for_is_told(people, receiver, hook, now):
    hook("intent.canceled", "invite.accepted")
    intent = make_intent(people.here, now=now)
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)
    work_off(now)

    assert told(receiver) == ["intent.canceled"]


@pytest.mark.parametrize(
    ("owner", "hears"), [("", True), (DESK, True), (SHOP, True), (f"{HERE}/other", False)]
)
def test_an_owner_hears_of_what_it_takes_part_in(people, receiver, hook, now, owner, hears):
    hook("intent.created", owner=owner)
    make_intent(people.here, now=now)
    work_off(now)

    assert told(receiver) == (["intent.created"] if hears else [])


def test_another_workspace_hears_nothing(people, receiver, hook, now):
    hook(workspace=people.elsewhere)
    make_intent(people.here, now=now)
    work_off(now)

    assert (receiver.got, Outbox.objects.count()) == ([], 0)


def test_without_a_subscriber_there_is_no_news(people, hook, now):
    unsubscribe(hook().id, workspace_id=people.here.id, owners=None, now=now)
    hook(url="https://hooks.example.com/", is_active=False)
    make_intent(people.here, now=now)

    assert not Outbox.objects.exists()


def test_a_subscriber_hears_nothing_of_what_was_before(people, receiver, hook, now):
    intent = make_intent(people.here, now=now - timedelta(hours=1))
    hook()
    cancel(intent.id, reason="", actor=anyone_in(people.here), now=now)
    work_off(now)

    assert told(receiver) == ["intent.canceled"]


def test_an_inbox_tells_of_new_threads_changes_and_replies_of_others(people, receiver, hook, now):
    hook(*webhooks_of_an_inbox(), owner=DESK)
    gate = make_gate(people.here, now=now)
    work_off(now)
    shop = key(people.here, agent="shop", now=now)
    later = now + timedelta(seconds=1)
    reply(gate.intent_id, message="Hurry", actor=shop, now=later)
    work_off(later)

    assert told(receiver) == [
        "inbox.thread_created", "inbox.thread_updated", "inbox.reply_received"
    ]  # fmt: skip
    data = json.loads(receiver.got[0].body)["data"]
    assert (data["thread_id"], data["owner_agent"]) == (str(gate.intent_id), DESK)


def webhooks_of_an_inbox():
    return ("inbox.thread_created", "inbox.thread_updated", "inbox.reply_received")


def test_ones_own_reply_is_none_that_was_received(people, receiver, hook, now):
    hook("inbox.reply_received", owner=DESK)
    intent = make_intent(people.here, now=now)
    actor = key(people.here, agent="desk", now=now)
    reply(intent.id, message="On it", actor=actor, now=now + timedelta(seconds=1))
    work_off(now + timedelta(seconds=1))

    assert told(receiver) == []


def test_a_webhook_is_tried_again_later_and_later_and_given_up(people, receiver, hook, now):
    receiver.status = 500
    hook("intent.created")
    make_intent(people.here, now=now)
    announce(now=now)
    at, waits = now, []

    while calls.send_next(KINDS, now=at):
        row = Outbox.objects.get()
        waits.append((row.next_try_at - at).total_seconds())
        at = row.next_try_at

    assert (row.state, row.last_error) == ("dead", "It answered 500.")
    assert len(receiver.got) == row.tries.count() == len(webhooks.PAUSES) + 1
    for wait, pause in zip(waits, webhooks.PAUSES, strict=False):
        assert pause.total_seconds() <= wait <= pause.total_seconds() * 1.2
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


def test_an_address_that_became_private_is_given_up_at_once(people, hook, settings, now):
    hook("intent.created")
    settings.OUTGOING_HOSTS = []
    make_intent(people.here, now=now)
    work_off(now)

    assert Outbox.objects.get().state == "dead"


def test_what_is_queued_for_an_ended_subscription_is_dropped(people, receiver, hook, now):
    made = hook("intent.created")
    make_intent(people.here, now=now)
    announce(now=now)
    unsubscribe(made.id, workspace_id=people.here.id, owners=None, now=now)
    work_off(now)

    assert (receiver.got, Outbox.objects.get().state) == ([], "dropped")


def test_a_webhook_makes_no_webhooks(people, receiver, hook, now):
    hook()
    publish(workspace_id=people.here.id, owner="", type="intent.test", payload={}, now=now)
    work_off(now)

    assert (len(receiver.got), WebhookEvent.objects.count()) == (1, 1)


def test_what_is_published_goes_to_the_owners_subscribers_and_the_workspaces(
    people, receiver, hook, now
):
    hook("invite.accepted")
    hook("invite.accepted", owner=DESK)
    hook("invite.accepted", owner=SHOP)
    hook("auth.session_revoked")

    done = publish(
        workspace_id=people.here.id, owner=DESK, type="invite.accepted", payload={"a": 1}, now=now
    )
    work_off(now)

    # The last one has the same owner and address as the first, and so has taken its place.
    assert (done.queued, done.pending, done.delivered) == (1, 1, 0)
    assert json.loads(receiver.got[0].body)["data"] == {"a": 1}


def test_a_replay_sends_again_to_everybody_who_wants_it_now(people, receiver, hook, now):
    receiver.status = 500
    hook("invite.accepted")
    given = {"workspace_id": people.here.id, "now": now}
    event = publish(owner="", type="invite.accepted", payload={}, **given).event
    work_off(now)
    receiver.status = 200
    hook("invite.accepted", url=receiver.url + "/second")

    again = replay(event.id, owners=None, **given)
    work_off(now)

    assert (again.queued, again.pending, again.dead) == (2, 2, 0)
    assert sorted(got.path for got in receiver.got) == ["/hook", "/hook", "/hook/second"]
    assert set(Outbox.objects.values_list("state")) == {("sent",)}


def test_another_workspace_or_owner_replays_nothing(people, now):
    event = publish(
        workspace_id=people.here.id, owner=DESK, type="invite.accepted", payload={}, now=now
    ).event

    for place, owners in ((people.elsewhere, None), (people.here, [SHOP])):
        with pytest.raises(NoSuchEvent):
            replay(event.id, workspace_id=place.id, owners=owners, now=now)


def test_the_same_owner_and_address_again_change_the_subscription(people, hook):
    first = hook("intent.created", secret=SECRET)
    second = hook("intent.failed", description="changed")

    assert (first.id, second.event_types) == (second.id, ["intent.failed"])
    kept = Subscription.objects.get()
    assert (kept.secret_hint, kept.secret) == ("…more", first.secret)
    assert SECRET not in kept.secret


def test_a_subscription_that_was_ended_lives_again_when_it_is_made_again(people, hook, now):
    first = hook()
    unsubscribe(first.id, workspace_id=people.here.id, owners=None, now=now)

    assert hook().id == first.id
    assert Subscription.objects.get().is_live


def test_private_addresses_and_unknown_types_are_refused(people, hook):
    for url in ("https://169.254.169.254/latest", "http://hooks.example.com/", "https://[::1]/"):
        with pytest.raises(CallbackRefused):
            hook(url=url)
    with pytest.raises(TypeUnknown, match="There is no event type"):
        hook("coffee.ready")
    assert not Subscription.objects.exists()


def test_after_a_month_what_was_sent_is_forgotten_and_what_failed_is_not(
    people, receiver, hook, now
):
    hook("intent.created")
    hook("intent.created", url="https://hooks.example.com/", is_active=True)
    intent = make_intent(people.here, now=now)
    work_off(now)
    Outbox.objects.filter(state="pending").update(state="dead")
    make_gate(people.here, task={"assignees": ["bob@example.com"]}, now=now)
    announce(now=now)
    late = now + forgetting.KEPT_FOR + timedelta(seconds=1)

    assert forgetting.forget(now=late - timedelta(seconds=2)) == 0
    assert forgetting.forget(now=late) == 1

    left = Outbox.objects.filter(queue="calls").values_list("state", flat=True)
    assert sorted(left) == ["dead", "pending", "pending"]
    assert Outbox.objects.filter(queue="mail").count() == 1
    assert WebhookEvent.objects.count() == 2
    assert trail(intent.id)[0] == "intent.created"


def test_an_event_is_forgotten_with_the_last_message_about_it(people, receiver, hook, now):
    hook("intent.created")
    make_intent(people.here, now=now)
    work_off(now)

    forgetting.forget(now=now + forgetting.KEPT_FOR + timedelta(seconds=1))

    assert not Outbox.objects.exists()
    assert not WebhookEvent.objects.exists()
