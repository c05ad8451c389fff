"""The bodies that are not read into memory: files, handed on to their endpoint as they come."""

from collections.abc import AsyncIterator
from typing import Any

UPLOAD_PATH = "/v1/media/upload/"
PIECE_BYTES = 256 * 1024


def is_upload(scope: Any) -> bool:
    return bool(scope["method"] == "PUT" and scope["path"].startswith(UPLOAD_PATH))


async def pieces(receive: Any) -> AsyncIterator[bytes]:
    """Yield a body as it comes, in pieces that are worth a write.

    When the client goes away in the middle, it ends: too few bytes are no file.
    """
    held = bytearray()
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        held += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(held) >= PIECE_BYTES or not has_more:
            yield bytes(held)
            held.clear()
