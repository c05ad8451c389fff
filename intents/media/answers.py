"""A file as an HTTP answer: streamed, never run by a browser, never taken for our own page."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from intents.media import kinds, storage
from intents.media.models import Upload

# Nothing in a file may load, run, frame or send anything. A browser's own viewer of PDFs does not
# open in a sandbox, so a PDF has all of it but that word.
SEALED = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def fetched(upload: Upload, *, in_place: bool) -> StreamingHttpResponse:
    """Return the bytes: to look at in place where the kind is harmless, else as an attachment."""
    shown = kinds.SHOWN.get(upload.mime_type) if in_place else None
    kind = shown or "application/octet-stream"
    response = StreamingHttpResponse(_pieces(upload.stored_as), content_type=kind)
    response["Content-Length"] = str(upload.size_bytes)
    name = content_disposition_header(shown is None, upload.filename)
    response["Content-Disposition"] = name or "attachment"
    is_pdf = shown == "application/pdf"
    response["Content-Security-Policy"] = SEALED if is_pdf else f"{SEALED}; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


async def _pieces(name: str) -> AsyncIterator[bytes]:
    """Read a piece at a time on another thread: the loop waits for no disk and no bucket."""
    pieces = storage.read(name)
    while piece := await asyncio.to_thread(_next, pieces):
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")
