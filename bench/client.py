"""A lean HTTP/1.1 client on bare asyncio, so that the client costs little beside the server.

It knows exactly what our server sends: answers with a length, streams in chunks. Every load is
made in a process of its own (`apart`), as a real agent's would be.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import uvloop

END_OF_CHUNKS = b"\r\n0\r\n\r\n"
PATIENCE = 60


class Failed(Exception):
    """The server answered something else than expected."""


class Connection(asyncio.Protocol):
    """One keep-alive connection: one call or one stream at a time."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._received = b""
        self._is_ready: Callable[[bytes], bool] = bool
        self._waiter: asyncio.Future[float] | None = None

    @classmethod
    async def open(cls, port: int, key: str) -> "Connection":
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: cls(key), "127.0.0.1", port)
        return made

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._waiter and not self._waiter.done() and self._is_ready(self._received):
            self._waiter.set_result(time.perf_counter())

    def connection_lost(self, failure: Exception | None) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(Failed("The server closed a connection"))

    async def call(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Send a request and return the JSON of its answer. Raises: Failed when it is not 200."""
        self._send(method, path, body)
        await self._wait(_is_whole)
        head, _, content = self._received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise Failed(f"{method} {path}: {head[:60]!r} {content[:300]!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    async def follow(self, path: str) -> None:
        """Open a stream and wait until the server holds it."""
        self._send("GET", path)
        await self._wait(lambda received: b": waiting" in received or _has_failed(received))
        if _has_failed(self._received):
            raise Failed(f"{path}: {self._received[:300]!r}")

    async def until(self, words: bytes) -> tuple[float, bytes] | None:
        """Wait for words in the stream; return when they came and all there is, or None at its end.

        The server writes an event in one chunk, so the words are never torn by chunk marks.
        """
        came_at = await self._wait(lambda received: words in received or has_ended(received))
        return (came_at, self._received) if words in self._received else None

    async def end(self) -> bytes:
        """Read a stream to its end, after which the connection can be used again."""
        await self._wait(has_ended)
        return self._received

    def _send(self, method: str, path: str, body: bytes = b"") -> None:
        self._received = b""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {self._key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)

    async def _wait(self, is_ready: Callable[[bytes], bool]) -> float:
        if is_ready(self._received):
            return time.perf_counter()
        self._is_ready = is_ready
        self._waiter = asyncio.get_running_loop().create_future()
        # Not wait_for: a timer for each call would be a good part of this client's own cost.
        return await self._waiter


def has_ended(received: bytes) -> bool:
    return received.endswith(END_OF_CHUNKS)


def _has_failed(received: bytes) -> bool:
    return len(received) > 12 and not received.startswith(b"HTTP/1.1 200")


def _is_whole(received: bytes) -> bool:
    head, found, content = received.partition(b"\r\n\r\n")
    if not found:
        return False
    # Both servers write the header in their own spelling.
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(content) >= int(length)


def apart(load: Callable[..., Any], *args: Any) -> Any:
    """Run an async load in a fresh process and return what it returns."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as one:
        return one.submit(_run, load, *args).result()


def _run(load: Callable[..., Any], *args: Any) -> Any:
    return uvloop.run(load(*args))
