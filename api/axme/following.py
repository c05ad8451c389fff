"""Answers that stay open: an event stream over HTTP, for as long as its caller's key holds."""

from collections.abc import Sequence

from django.http import HttpRequest, StreamingHttpResponse

from accounts.keys import KeyRefused
from accounts.sessions.actors import OutsideMembership
from api.axme.auth import KeyAuth, header_of
from events import streams

SSE = "text/event-stream"
KEY = KeyAuth()


def event_stream(
    request: HttpRequest,
    read: streams.Read,
    topics: list[str],
    *,
    since: int,
    wait_seconds: float,
) -> StreamingHttpResponse:
    """Stream what `read` finds for as long as the caller's key holds, a minute at most."""

    async def read_if_allowed(seen: int) -> Sequence[streams.Frame]:
        try:
            await KEY(request)
        except (KeyRefused, OutsideMembership) as failure:
            raise streams.Closed from failure
        return await read(seen)

    body = streams.stream(
        read_if_allowed, topics=topics, since=since, wait_seconds=min(max(wait_seconds, 1), 60)
    )
    response = StreamingHttpResponse(body, content_type=SSE)
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


def start_of(request: HttpRequest, since: int) -> int:
    last = header_of(request, "last-event-id")
    return max(0, since, int(last) if last.isdigit() and len(last) < 19 else 0)
