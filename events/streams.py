"""Server-sent events: hold a reader until there is something to read, and end cleanly.

A stream costs memory only: one task, no thread, no connection while it waits. Whatever it writes
was read from the database after the wake-up.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from events import bus

# A reader looks again by itself this often, so that a lost wake-up is late and nothing more.
LOOK_AGAIN_SECONDS = 10.0
# Some clients read the whole answer before they parse it, so a stream ends soon after a batch.
LINGER_SECONDS = 0.3
# Every line stays below the 64 KiB that line-buffered clients can take.
LONGEST_LINE = 60_000
# What of an event may be large: an agent or a form wrote it.
LARGE = ("data", "details", "result", "human_task")

Found = TypeVar("Found")

_is_draining = False
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """One event on the wire; the stream ends right after a frame that is the last."""

    seq: int
    event: str
    data: dict[str, Any]
    is_last: bool = False


class Closed(Exception):
    """Raised by a reader that may not read any more: the stream ends."""


Read = Callable[[int], Awaitable[Sequence[Frame]]]


def drain() -> None:
    """End every open stream with its `stream.timeout`; this process is about to stop."""
    global _is_draining
    _is_draining = True
    bus.wake_everyone()


async def stream(
    read: Read, *, topics: Sequence[str], since: int, wait_seconds: float
) -> AsyncGenerator[bytes, None]:
    """Write what `read(since)` returns as it comes, for at most `wait_seconds`.

    The comment at the start lets a client know at once that it is connected. Raises: whatever the
    first read raises; a later one that fails ends the stream.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + wait_seconds
    unsent, has_begun = b": waiting\n\n", False
    async with bus.watching(*topics) as woken:
        while True:
            woken.clear()
            frames = await _look(read, since, has_begun=has_begun)
            if frames is None:
                break
            has_begun = True
            if frames:
                since = frames[-1].seq
                unsent += b"".join(encode(frame) for frame in frames)
                ends_at = min(ends_at, loop.time() + LINGER_SECONDS)
            if _is_draining or (frames and frames[-1].is_last):
                break
            if unsent:
                yield unsent
            if not await _wait(woken, until=ends_at):
                unsent = b""
                break
            unsent = b"" if woken.is_set() else b": still waiting\n\n"
    yield unsent + encode_end(since)


async def _look(read: Read, since: int, *, has_begun: bool) -> Sequence[Frame] | None:
    """Return what there is to read, or None when the stream is to end."""
    try:
        return await read(since)
    except Closed:
        return None
    except Exception:
        if not has_begun:
            raise
        # Clients cannot take a broken stream; a closed one they open again.
        logger.exception("A stream could not be read")
        await asyncio.sleep(1)
        return None


async def hold(
    look: Callable[[], Awaitable[Found | None]], *, topics: Sequence[str], wait_seconds: float
) -> Found | None:
    """Look at every wake-up until there is something; None when the time is up or we stop.

    Raises: whatever `look` raises. As with a stream, waiting costs memory only.
    """
    ends_at = asyncio.get_running_loop().time() + wait_seconds
    async with bus.watching(*topics) as woken:
        while True:
            woken.clear()
            if (found := await look()) is not None:
                return found
            if _is_draining or not await _wait(woken, until=ends_at):
                return None


async def _wait(woken: asyncio.Event, *, until: float) -> bool:
    """Wait for a wake-up or the time to look again; False when the stream's time is up."""
    loop = asyncio.get_running_loop()
    pause = LOOK_AGAIN_SECONDS * random.uniform(0.7, 1.0)  # noqa: S311 - only spreads the load.
    try:
        async with asyncio.timeout_at(min(until, loop.time() + pause)):
            await woken.wait()
    except TimeoutError:
        return loop.time() < until
    return True


def encode(frame: Frame) -> bytes:
    """Return one frame in the event-stream format."""
    text = json.dumps(frame.data, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > LONGEST_LINE:
        text = json.dumps({**frame.data, **_too_long(frame.data)}, separators=(",", ":"))
    return f"id: {frame.seq}\nevent: {frame.event}\ndata: {text}\n\n".encode()


def encode_end(since: int) -> bytes:
    return f'event: stream.timeout\ndata: {{"next_seq":{since}}}\n\n'.encode()


def _too_long(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out what does not fit a line and say so; the event list has it whole."""
    left_out = {"is_truncated": True, "read": "GET /v1/intents/{id}/events has it whole"}
    return {name: left_out for name in LARGE if name in data}
