"""Waiting for something to come about, with a deadline. No test sleeps for a fixed time."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

# What something quick may take on a machine that does other things as well.
PATIENCE = 30.0
STEP = 0.02

Found = TypeVar("Found")


def until(condition: Callable[[], Found], *, within: float = PATIENCE, what: str = "It") -> Found:
    """Ask until the answer is true, and return it. Raises: AssertionError when time is up."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within {within:g} s."
        time.sleep(STEP)
    return found


async def until_async(
    condition: Callable[[], Found], *, within: float = PATIENCE, what: str = "It"
) -> Found:
    """Do the same on the event loop, for a condition that asks no database."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within {within:g} s."
        await asyncio.sleep(STEP)
    return found
