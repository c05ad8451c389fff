"""Wake-ups: "look again at this topic", never what changed. Losing one costs latency, not truth.

In one process a wake-up sets futures on the event loop. Across processes it is one Redis channel
that each process subscribes to once, however many thousands wait in it.
"""

import asyncio
import contextlib
import json
import logging
import os
import queue
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings

CHANNEL = "assent:wake"
MOST_TOPICS = 1000
ORIGIN = f"{os.getpid()}-{os.urandom(4).hex()}"
OURS = f'["{ORIGIN}"'.encode()
logger = logging.getLogger(__name__)

_waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
_loop: asyncio.AbstractEventLoop | None = None
_publisher: threading.Thread | None = None
_outgoing: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
_starting = threading.Lock()
_listener: asyncio.Task[None] | None = None


def intent_topic(intent_id: UUID | str) -> str:
    return f"intent:{intent_id}"


def address_topic(workspace_id: UUID, address: str) -> str:
    return f"address:{workspace_id}:{address}"


def desk_topic(workspace_id: UUID) -> str:
    return f"desk:{workspace_id}"


def wake(topics: Iterable[str]) -> None:
    """Tell everybody who waits for these topics to look again. Called after the commit only."""
    topics = sorted(set(topics))
    if _loop is not None and not _loop.is_closed():
        with contextlib.suppress(RuntimeError):  # The loop closed between the check and the call.
            _loop.call_soon_threadsafe(_wake_here, topics)
    if settings.REDIS_URL and topics:
        _wake_others(topics)


@contextlib.asynccontextmanager
async def watching(*topics: str) -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set whenever one of the topics is woken; the caller clears it."""
    _attend()
    woken = asyncio.Event()
    for topic in topics:
        _waiting[topic].add(woken)
    try:
        yield woken
    finally:
        for topic in topics:
            _waiting[topic].discard(woken)
            if not _waiting[topic]:
                del _waiting[topic]


def wake_everyone() -> None:
    """Let every waiter of this process look again, whatever it waits for."""
    if _loop is not None and not _loop.is_closed():
        _loop.call_soon_threadsafe(lambda: _wake_here(list(_waiting)))


def answers() -> bool:
    """Tell whether wake-ups can reach other processes now; readiness shows it."""
    if not settings.REDIS_URL:
        return True
    try:
        with _redis() as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _wake_here(topics: list[str]) -> None:
    for topic in topics:
        for woken in _waiting.get(topic, ()):
            woken.set()


def _wake_others(topics: list[str]) -> None:
    """Leave the topics to a thread of this process: no commit waits for Redis."""
    global _publisher
    _outgoing.put(topics)
    with _starting:
        if _publisher is None or not _publisher.is_alive():
            _publisher = threading.Thread(target=_publish, name="wake-ups", daemon=True)
            _publisher.start()


def _publish() -> None:
    """Publish what came up, everything that is waiting in one message."""
    client = _redis()
    while True:
        topics = set(_outgoing.get())
        while not _outgoing.empty() and len(topics) < MOST_TOPICS:
            topics.update(_outgoing.get())
        try:
            client.publish(CHANNEL, json.dumps([ORIGIN, *sorted(topics)]))
        except redis.RedisError:
            # Every waiter reads again on its timer, so this is late and nothing else.
            logger.warning("A wake-up was lost: Redis did not answer")


def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _attend() -> None:
    """Remember the loop that waits, and keep one subscription to the other processes."""
    global _loop, _listener
    loop = asyncio.get_running_loop()
    if loop is not _loop:
        _waiting.clear()
        _loop, _listener = loop, None
    if settings.REDIS_URL and (_listener is None or _listener.done()):
        _listener = loop.create_task(_listen())


async def _listen() -> None:
    while True:
        try:
            await _relay()
        except (redis.RedisError, OSError):
            logger.warning("Lost the Redis subscription; trying again in a second")
        _heed_cancellation()
        await asyncio.sleep(1)


async def _relay() -> None:
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=15)
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(CHANNEL)
        _heed_cancellation()
        _wake_here(list(_waiting))  # Whatever was missed while we were away.
        async for message in subscription.listen():
            # Our own waiters were woken already, without the way through Redis.
            if message["type"] == "message" and not message["data"].startswith(OURS):
                _wake_here(json.loads(message["data"])[1:])


def _heed_cancellation() -> None:
    """End where we were told to: while it connects, the Redis client swallows a cancellation.

    Unheeded, a loop that is closing would wait for this task for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
