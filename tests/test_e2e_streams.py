"""Streams of the real client over time: they wait without asking again, and outlive a restart."""

import threading
import time
from uuid import uuid4

import pytest
from axme import AxmeClient, AxmeClientConfig

from tests.door import door
from tests.waiting import until

HERE = "agent://myorg/production"
# In proportion to the client's own 15 of 60 seconds, and short.
WAIT, IDLE = 1, 4


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    """The client believes in the proxies of its environment; ours are not for this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def way(server):
    """A counting door in front of the server, and a client that goes through it."""
    with (
        door(server.url) as opened,
        AxmeClient(AxmeClientConfig(base_url=opened.url, api_key=server.keys["here"])) as client,
    ):
        yield opened, client


def new_address():
    return f"{HERE}/idle-{uuid4().hex[:6]}"


def work(address):
    return {"intent_type": "intent.sum.v1", "to_agent": address, "payload": {"n": 1}}


def test_an_idle_listener_asks_once_in_the_time_it_waits(way):
    opened, client = way
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        next(client.listen(new_address(), wait_seconds=WAIT, timeout_seconds=IDLE))

    # The last one may have begun just before the end; all others were held as long as they asked.
    assert sum(opened.asked[:-1]) <= time.monotonic() - started + 0.1
    assert len(opened.asked) > 1


def test_an_idle_observer_asks_once_in_the_time_it_waits(way):
    opened, client = way
    intent_id = client.send_intent(work(new_address()))
    seen = client.list_intent_events(intent_id)["events"][-1]["seq"]
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        client.wait_for(intent_id, since=seen, wait_seconds=WAIT, timeout_seconds=IDLE)

    assert sum(opened.asked[:-1]) <= time.monotonic() - started + 0.1
    assert len(opened.asked) > 1


class Listener(threading.Thread):
    """An agent's real listen loop in a thread. It ends with its first delivery, or an error."""

    def __init__(self, url, key):
        super().__init__(daemon=True)
        self.address = new_address()
        self.client = AxmeClient(AxmeClientConfig(base_url=url, api_key=key))
        self.heard = []
        self.start()

    def run(self):
        try:
            self.heard.append(next(self.client.listen(self.address, wait_seconds=60)))
        except Exception as error:
            self.heard.append(error)
            raise


def test_a_rolling_restart_ends_streams_so_that_no_listener_notices(server, way):
    opened, client = way
    listeners = [Listener(opened.url, server.keys["here"]) for _ in range(5)]
    until(lambda: len(opened.asked) == 5, what="Five streams")

    for count in (10, 15):
        server.processes["web"].end()
        server.start()
        until(lambda count=count: len(opened.asked) >= count, what="The same five again")

    sent = [client.send_intent(work(listener.address)) for listener in listeners]
    for listener in listeners:
        listener.join(timeout=20)
        listener.client.close()
    assert [listener.heard for listener in listeners if len(listener.heard) != 1] == []
    assert [listener.heard[0]["intent_id"] for listener in listeners] == sent
    assert len(opened.asked) == 15
