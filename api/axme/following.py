"""Answers that stay open: an event stream over HTTP, for as long as its caller's key holds."""

import contextlib
from collections.abc import AsyncGenerator, Sequence

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.keys import KeyRefused
from accounts.sessions.actors import OutsideMembership
from api.axme.auth import KeyAuth, header_of
from events import streams

SSE = "text/event-stream"
KEY = KeyAuth()


class EventStream(HttpResponseBase):
    """A response written chunk by chunk. The front door sends it without Django's wrappers.

    The first chunk is made by `begin`, so that what its reader refuses is answered as an error.
    """

    streaming = True

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        super().__init__(content_type=SSE)
        self._chunks = chunks
        self._first = b""
        self["Cache-Control"] = "no-cache"
        self["X-Accel-Buffering"] = "no"

    async def begin(self) -> None:
        """Make the first chunk. Raises: whatever the reader raises the first time."""
        self._first = await anext(self._chunks)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        async with contextlib.aclosing(self._chunks) as rest:
            yield self._first
            async for chunk in rest:
                yield chunk


def event_stream(
    request: HttpRequest,
    read: streams.Read,
    topics: list[str],
    *,
    since: int,
    wait_seconds: float,
) -> EventStream:
    """Stream what `read` finds for as long as the caller's key holds, a minute at most."""

    async def read_if_allowed(seen: int) -> Sequence[streams.Frame]:
        try:
            await KEY(request)
        except (KeyRefused, OutsideMembership) as failure:
            raise streams.Closed from failure
        return await read(seen)

    chunks = streams.stream(
        read_if_allowed, topics=topics, since=since, wait_seconds=min(max(wait_seconds, 1), 60)
    )
    return EventStream(chunks)


def start_of(request: HttpRequest, since: int) -> int:
    last = header_of(request, "last-event-id")
    return max(0, since, int(last) if last.isdigit() and len(last) < 19 else 0)
