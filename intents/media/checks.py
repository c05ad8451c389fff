"""Which files we take, and when their bytes may come. Writes nothing."""

from datetime import datetime
from uuid import UUID

from django.conf import settings

from intents.media import kinds
from intents.media.models import Upload
from intents.media.storage import Incoming


class NoSuchUpload(Exception):
    """There is no file with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchUpload.__doc__)


class UploadRefused(Exception):
    """A file we do not take, with a code for machines and a sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def open_upload(upload_id: UUID, *, now: datetime) -> Upload:
    """Return a file whose bytes may come now. Raises: NoSuchUpload, UploadRefused."""
    upload = Upload.objects.filter(id=upload_id).first()
    if upload is None:
        raise NoSuchUpload
    if upload.status == Upload.Status.READY:
        raise UploadRefused("upload_finalized", "This file is complete and never changes.")
    if upload.status == Upload.Status.EXPIRED or upload.expires_at <= now:
        raise UploadRefused("upload_expired", "The time to bring this file is over. Start anew.")
    return upload


def check_kind(mime_type: str) -> None:
    """Refuse kinds of file that are not on the list. Raises: UploadRefused."""
    if not kinds.is_taken(mime_type):
        known = ", ".join(sorted(kinds.KINDS))
        raise UploadRefused("media_type_not_allowed", f"Files of this kind are not taken: {known}.")


def check_size(size_bytes: int) -> None:
    """Refuse empty files, and files beyond the limit. Raises: UploadRefused."""
    if size_bytes < 1:
        raise UploadRefused("upload_mismatch", "The file is empty.")
    if size_bytes > settings.MEDIA_LIMIT_BYTES:
        limit = settings.MEDIA_LIMIT_BYTES // 1024
        raise UploadRefused("payload_too_large", f"The file is larger than {limit} KiB.")


def check_bytes(upload: Upload, incoming: Incoming) -> None:
    """Refuse bytes that are not what was announced. Raises: UploadRefused."""
    if incoming.size != upload.size_bytes:
        told = f"{upload.size_bytes} bytes were announced, and {incoming.size} came."
        raise UploadRefused("upload_mismatch", told)
    if upload.announced_sha256 not in ("", incoming.sha256):
        raise UploadRefused("upload_mismatch", "The bytes do not have the announced SHA-256.")
    if not kinds.looks_like(upload.mime_type, incoming.head):
        told = f"The bytes do not look like {upload.mime_type}."
        raise UploadRefused("media_type_mismatch", told)
