"""Addresses that let somebody bring or fetch one file for a short while, without a key."""

from uuid import UUID

from django.conf import settings
from django.core import signing

SALT = "intents.media"
UPLOAD, DOWNLOAD, PREVIEW = "upload", "download", "preview"
DOWNLOAD_SECONDS = 900


def url(purpose: str, upload_id: UUID) -> str:
    """Return the whole address for one purpose, with its signature."""
    return settings.PUBLIC_URL + path(purpose, upload_id)


def path(purpose: str, upload_id: UUID) -> str:
    """Return the same without the server, for a page that came from it."""
    token = _signer(purpose).sign(str(upload_id)).split(":", 1)[1]
    return f"/v1/media/{purpose}/{upload_id}?token={token}"


def is_valid(token: str, purpose: str, upload_id: UUID) -> bool:
    """Tell whether a token was made for this file and purpose, not too long ago.

    How long bytes may be brought is up to the row, so an upload's token has no age of its own.
    """
    age = None if purpose == UPLOAD else DOWNLOAD_SECONDS
    try:
        _signer(purpose).unsign(f"{upload_id}:{token}", max_age=age)
    except signing.BadSignature:
        return False
    return True


def _signer(purpose: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"{SALT}.{purpose}")
