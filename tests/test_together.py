"""Calls that arrive together are served together, and none suffers from another."""

import asyncio
import threading

import pytest
from django.db import OperationalError

from events.pool import Together


class Lost(Exception):
    """What the driver says when a transaction was ended for the sake of another one."""

    sqlstate = "40P01"


async def test_who_waits_behind_a_slow_batch_is_served_beside_it():
    release = threading.Event()

    def serve(items):
        if items == ["slow"]:
            release.wait(10)
        return [item.upper() for item in items]

    together = Together(serve)
    slow = asyncio.create_task(together("slow"))

    assert await together("quick") == "QUICK"

    assert not slow.done()
    release.set()
    assert await slow == "SLOW"


async def test_what_arrives_while_a_batch_is_served_is_one_batch():
    served, first, release = [], threading.Event(), threading.Event()

    def serve(items):
        served.append(sorted(items))
        if not first.is_set():
            first.set()
            release.wait(10)
        return items

    together = Together(serve, at_once=1)
    calls = [asyncio.create_task(together(0))]
    await asyncio.to_thread(first.wait, 10)
    calls += [asyncio.create_task(together(n)) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    release.set()

    assert await asyncio.gather(*calls) == [0, 1, 2, 3]
    assert served == [[0], [1, 2, 3]]


async def test_a_transaction_that_lost_to_another_is_tried_again():
    tries = []

    def serve(items):
        tries.append(items)
        if len(tries) == 1:
            raise OperationalError("deadlock detected") from Lost()
        return items

    assert await Together(serve)("x") == "x"
    assert tries == [["x"], ["x"]]


async def test_one_that_always_loses_is_told_so():
    def serve(items):
        raise OperationalError("deadlock detected") from Lost()

    with pytest.raises(OperationalError):
        await Together(serve)("x")


async def test_one_bad_item_hurts_no_other():
    def serve(items):
        if "bad" in items:
            raise ValueError("bad")
        return items

    together = Together(serve, at_once=1)
    answers = await asyncio.gather(
        *(together(item) for item in ("good", "bad", "fine")), return_exceptions=True
    )

    assert answers[0] == "good"
    assert answers[2] == "fine"
    assert isinstance(answers[1], ValueError)
