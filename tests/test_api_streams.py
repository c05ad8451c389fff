"""Streams: framing, holding, ending soon after a batch, and going on where a reader left off."""

import asyncio
import time
from functools import partial
from threading import Timer

import pytest
from django.db import connections
from django.utils import timezone

from accounts.actions import revoke_key
from accounts.models import ApiKey
from approvals.actions import decide
from events import streams
from intents.actions import reply
from intents.models import Delivery
from tests.calling import Api, agent_api, refusal
from tests.factories import HERE, answer, anyone_in, make_gate, make_intent, make_token

pytestmark = pytest.mark.django_db(transaction=True)
QUICKLY = "&wait_seconds=1"


@pytest.fixture
def path(people):
    return f"/v1/intents/{make_gate(people.here).intent_id}/events/stream"


def took(call):
    started = time.monotonic()
    result = call()
    return result, time.monotonic() - started


def later(call):
    """Do something in a moment, from another thread, while a stream waits."""
    timer = Timer(0.3, call)
    timer.start()
    return timer


def test_a_stream_is_framed_and_says_where_to_go_on(api, path):
    shown = api.stream(f"{path}?since=0{QUICKLY}")

    assert [frame.id for frame in shown] == [2, 4, 6, 8, 10, None]
    assert [frame.event for frame in shown[:2]] == ["intent.created", "intent.submitted"]
    assert all(frame.data["seq"] == frame.id for frame in shown[:-1])
    assert all(frame.data["event_type"] == frame.event for frame in shown[:-1])
    assert (shown[-1].event, shown[-1].data) == ("stream.timeout", {"next_seq": 10})


def test_a_stream_may_not_be_buffered_or_kept(api, path):
    answer = api.get(f"{path}?since=10{QUICKLY}")

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.text.startswith(": waiting\n\n")


def test_an_empty_stream_is_held_as_long_as_was_asked(api, path):
    shown, seconds = took(partial(api.stream, f"{path}?since=10{QUICKLY}"))

    assert [frame.event for frame in shown] == ["stream.timeout"]
    assert 0.9 < seconds < 5


def test_a_stream_ends_soon_after_its_first_batch(api, path):
    _, seconds = took(partial(api.stream, f"{path}?since=0&wait_seconds=30"))

    assert 0.2 < seconds < 10


@pytest.mark.parametrize("wait", ["0", "-5", "0.001"])
def test_a_wait_too_short_is_a_second(api, path, wait):
    _, seconds = took(partial(api.stream, f"{path}?since=10&wait_seconds={wait}"))

    assert 0.9 < seconds < 5


@pytest.mark.parametrize("wait", ["nan", "inf", "long"])
def test_a_wait_that_is_no_number_is_refused_before_the_stream(api, path, wait):
    assert refusal(api.get(f"{path}?wait_seconds={wait}"))[:2] == (422, "schema_invalid")


def test_a_reader_goes_on_from_its_last_event_id(api, path):
    shown = api.stream(f"{path}?since=0{QUICKLY}", headers={"last-event-id": "6"})

    assert [frame.id for frame in shown] == [8, 10, None]


@pytest.mark.parametrize("last", ["x", "-1", "9" * 30, "", "6.5"])
def test_a_last_event_id_that_is_none_is_ignored(api, path, last):
    shown = api.stream(f"{path}?since=8{QUICKLY}", headers={"last-event-id": last})

    assert shown[0].id == 10


def test_an_end_ends_the_stream_at_once(people, api):
    gate = make_gate(people.here)
    decide(answer(gate, people.bob), now=timezone.now())
    stream = f"/v1/intents/{gate.intent_id}/events/stream?since=0&wait_seconds=60"

    shown, seconds = took(partial(api.stream, stream))

    assert [frame.event for frame in shown[-2:]] == ["intent.completed", "stream.timeout"]
    assert seconds < 5


def test_a_waiting_stream_hears_of_a_decision_long_before_its_time_is_up(people, api):
    gate = make_gate(people.here)
    stream = f"/v1/intents/{gate.intent_id}/events/stream?since=10&wait_seconds=30"
    timer = later(partial(decide_and_disconnect, gate, people.bob))

    shown, seconds = took(partial(api.stream, stream))
    timer.join()

    assert [frame.event for frame in shown] == [
        "intent.in_progress", "intent.completed", "stream.timeout",
    ]  # fmt: skip
    assert seconds < 5


def decide_and_disconnect(gate, user):
    decide(answer(gate, user), now=timezone.now())
    connections.close_all()


def test_an_agents_stream_offers_its_work_without_payload(people):
    intent, agent = make_intent(people.here), agent_api(people.here, "desk")

    (frame, end) = agent.stream(f"/v1/agents/desk/intents/stream?since=0{QUICKLY}")

    row = Delivery.objects.get(intent=intent)
    assert (frame.id, frame.event) == (row.seq, "intent.delivered")
    assert frame.data.pop("at").endswith("Z")
    assert frame.data == {
        "intent_id": str(intent.id),
        "seq": row.seq,
        "event_type": "intent.delivered",
        "status": "DELIVERED",
        "intent_status": "DELIVERED",
        "intent_type": intent.type,
        "from_agent": f"{HERE}/shop",
        "to_agent": f"{HERE}/desk",
        "delivery_attempt": 1,
        "delivery_id": str(row.id),
    }
    assert end.data == {"next_seq": row.seq}
    assert row.offered_at is not None


SPELLINGS = ["desk", "myorg/production/desk", "agent://myorg/production/desk",
             "agent%3A%2F%2Fmyorg%2Fproduction%2Fdesk", "agent:/myorg/production/desk"]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_agent_asks_for_its_stream_in_any_spelling(people, spelling):
    make_intent(people.here)
    agent = agent_api(people.here, "desk")

    assert len(agent.stream(f"/v1/agents/{spelling}/intents/stream?since=0{QUICKLY}")) == 2
    assert len(agent.get(f"/v1/agents/{spelling}/intents").json()["intents"]) == 1


def test_an_address_nobody_knows_has_an_empty_stream(api):
    shown = api.stream(f"/v1/agents/never-heard-of/intents/stream?since=0{QUICKLY}")

    assert [frame.event for frame in shown] == ["stream.timeout"]


def test_an_agent_reads_no_other_address(people):
    agent = agent_api(people.here, "ops")

    told = refusal(agent.get("/v1/agents/desk/intents/stream"))

    assert told == (403, "invalid_actor_scope", "An agent key reads its own address only.")


def test_a_status_overrides_what_is_offered(people, api):
    make_gate(people.here)
    stream = f"/v1/agents/desk/intents/stream?since=0{QUICKLY}"

    assert len(api.stream(stream)) == 1
    assert len(api.stream(f"{stream}&status=WAITING")) == 2


def test_a_stream_without_news_says_that_it_lives(people, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_AGAIN_SECONDS", 0.1)

    async def nothing(since):
        return []

    async def collect():
        return [
            part async for part in streams.stream(nothing, topics=["x"], since=4, wait_seconds=1)
        ]

    parts = asyncio.run(collect())

    assert parts[0] == b": waiting\n\n"
    assert parts.count(b": still waiting\n\n") >= 5
    assert parts[-1] == streams.encode_end(4)


def test_a_lost_wake_up_is_late_and_nothing_more(people, api, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_AGAIN_SECONDS", 0.5)
    monkeypatch.setattr("events.bus.wake", lambda topics: None)
    intent = make_intent(people.here)
    timer = later(partial(say_and_disconnect, intent, people))

    shown = api.stream(f"/v1/intents/{intent.id}/events/stream?since=6&wait_seconds=20")
    timer.join()

    assert shown[0].event == "intent.message"


def say_and_disconnect(intent, people):
    reply(intent.id, message="x", actor=anyone_in(people.here), now=timezone.now())
    connections.close_all()


def test_a_stream_of_a_revoked_key_is_refused(people):
    token = make_token(people.here)
    revoke_key(ApiKey.objects.get(), now=timezone.now())

    assert refusal(Api(token).get("/v1/agents/desk/intents/stream"))[0] == 401
