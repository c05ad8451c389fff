"""The wake-ups: heard by whoever waits, lost without harm, and over with their loop."""

import asyncio

import pytest
from django.conf import settings

from events import bus

NEEDS_REDIS = pytest.mark.skipif(not settings.REDIS_URL, reason="There is no Redis on a laptop.")


async def woken_by(topics, *, watched):
    """Tell whether a waiter hears of it at once."""
    async with bus.watching(*watched) as woken:
        if settings.REDIS_URL:  # Having connected, it lets everybody look once.
            await asyncio.wait_for(woken.wait(), 5)
            woken.clear()
        bus.wake(topics)
        try:
            await asyncio.wait_for(woken.wait(), 0.2)
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize(
    ("topics", "watched", "heard"),
    [
        (["a"], ["a"], True),
        (["a", "b"], ["b", "c"], True),
        (["a"], ["b"], False),
        ([], ["a"], False),
    ],
    ids=["its topic", "one of several", "another topic", "nothing"],
)
async def test_a_waiter_hears_of_its_topics_only(topics, watched, heard):
    assert await woken_by(topics, watched=watched) is heard


async def test_who_has_left_leaves_nothing_behind():
    async with bus.watching("a", "b"):
        assert {"a", "b"} <= bus._waiting.keys()

    assert not {"a", "b"} & bus._waiting.keys()


def test_a_wake_up_after_the_loop_has_closed_is_no_failure():
    asyncio.run(woken_by(["a"], watched=["a"]))

    bus.wake(["a"])
    bus.wake_everyone()


@NEEDS_REDIS
def test_a_loop_that_closes_at_any_moment_ends_its_subscription():
    """The Redis client swallows a cancellation while it connects."""

    async def close_after(turns):
        task = asyncio.create_task(bus._listen())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        _, left = await asyncio.wait({task}, timeout=5)
        return left

    for turns in range(120):
        assert not asyncio.run(close_after(turns)), turns
