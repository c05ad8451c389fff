"""Agents and integrators that are called: real receivers, the real client, a real server."""

import base64
import hashlib
import hmac
import json
import threading
import time
from uuid import uuid4

import pytest
from axme import AxmeClient, AxmeClientConfig

from tests.receiver import receiving
from tests.waiting import until

SECRET = "a secret of sixteen or more"
MAKE = """
from accounts.actions import ensure_agent, ensure_workspace
from accounts.sealing import seal
for name, url in {agents!r}.items():
    agent = ensure_agent(ensure_workspace("myorg/production"), name)
    agent.delivery_mode, agent.callback_url, agent.push_secret = "http", url, seal({secret!r})
    agent.save()
"""
# The end of a dead worker's claim, which no test waits for.
TWO_MINUTES_LATER = """
from datetime import timedelta
from django.db.models import F
from events.models import Outbox
gone = timedelta(minutes=2)
Outbox.objects.filter(held_until__isnull=False).update(
    next_try_at=F("next_try_at") - gone, held_until=F("held_until") - gone)
"""


def client(server, key="here"):
    return AxmeClient(AxmeClientConfig(base_url=server.url, api_key=server.keys[key]))


def ask(sender, name, **more):
    return sender.send_intent({
        "intent_type": "intent.sum.v1",
        "to_agent": f"agent://myorg/production/{name}",
        "payload": {"numbers": [20, 22]},
        **more,
    })  # fmt: skip


@pytest.fixture
def name():
    return f"called-{uuid4().hex[:6]}"


def is_signed(got):
    axme = hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    stamp = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}."
    standard = hmac.digest(SECRET.encode(), stamp.encode() + got.body, hashlib.sha256)
    return (
        got.headers["x-axme-signature"] == f"sha256={axme}"
        and got.headers["webhook-signature"] == f"v1,{base64.b64encode(standard).decode()}"
    )


def test_an_agent_that_is_called_verifies_acknowledges_and_resumes_with_the_real_client(
    server, name
):
    with client(server) as worker, client(server) as sender, receiving() as receiver:
        server.shell(MAKE.format(agents={name: receiver.url}, secret=SECRET))
        sent = time.monotonic()
        intent_id = ask(sender, name)
        got = until(lambda: receiver.got and receiver.got[0], within=10, what="The push")
        took = time.monotonic() - sent
        body = json.loads(got.body)
        total = sum(body["payload"]["numbers"])
        worker.resume_intent(body["intent_id"], {"action": "complete", "total": total})
        ended = sender.wait_for(intent_id, timeout_seconds=30)

    assert is_signed(got)
    assert body["intent_id"] == intent_id
    assert ended["status"] == "COMPLETED"
    assert took < 5


def test_a_machine_that_never_answers_holds_up_no_other_and_no_deadline(server, name):
    released = threading.Event()

    def stall(handler):
        released.wait(20)

    with client(server) as sender, receiving() as quick, receiving(instead=stall) as slow:
        agents = {name: quick.url, f"{name}-slow": slow.url}
        server.shell(MAKE.format(agents=agents, secret=SECRET))
        try:
            for _ in range(12):
                ask(sender, f"{name}-slow")
            until(lambda: slow.got, within=10, what="The call of the slow machine")
            began = time.monotonic()
            ask(sender, name)
            until(lambda: quick.got, within=10, what="The call of the quick one")
            assert time.monotonic() - began < 3
            assert len(slow.got) == 1
        finally:
            released.set()


def test_every_webhook_call_of_the_real_client_works_and_the_integrator_is_told(server):
    with client(server) as api, receiving() as receiver:
        made = api.upsert_webhook_subscription(
            {
                "callback_url": receiver.url,
                "event_types": ["intent.completed", "invite.accepted"],
                "secret": SECRET,
            }
        )["subscription"]
        listed = api.list_webhook_subscriptions()["subscriptions"]
        assert made["subscription_id"] in [row["subscription_id"] for row in listed]

        told = api.publish_webhook_event(
            {"event_type": "invite.accepted", "source": "tests", "payload": {"nick": "@dora"}}
        )
        until(lambda: len(receiver.got) == 1, within=10, what="The published event")
        api.replay_webhook_event(told["event_id"])
        until(lambda: len(receiver.got) == 2, within=10, what="Its replay")

        intent_id = ask(api, f"nobody-{uuid4().hex[:6]}")
        api.resolve_intent(intent_id, {"status": "completed", "result": {}})
        until(lambda: len(receiver.got) == 3, within=10, what="The event of the intent")
        ended = api.delete_webhook_subscription(made["subscription_id"])

    first, again, completed = receiver.got
    assert all(is_signed(got) for got in receiver.got)
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert json.loads(first.body)["data"] == {"nick": "@dora"}
    assert json.loads(completed.body)["data"]["intent_id"] == intent_id
    assert ended["revoked_at"]


def test_a_server_killed_in_the_middle_of_a_call_makes_it_again_under_the_same_name(doomed, name):
    released = threading.Event()

    def stall(handler):
        released.wait(30)

    with receiving(instead=stall) as receiver:
        doomed.shell(MAKE.format(agents={name: receiver.url}, secret=SECRET))
        with client(doomed) as sender:
            intent_id = ask(sender, name)
        until(lambda: receiver.got, within=10, what="The call")
        doomed.kill()
        released.set()
        receiver.instead = None
        doomed.shell(TWO_MINUTES_LATER)
        doomed.start()
        until(lambda: len(receiver.got) == 2, within=20, what="The second call")

        with doomed.api() as api:
            until(lambda: "ACKNOWLEDGED" in api.get(f"/v1/intents/{intent_id}").text, within=10)
            events = api.get(f"/v1/intents/{intent_id}/events").json()["events"]

    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert [each["event_type"] for each in events].count("intent.acknowledged") == 1
