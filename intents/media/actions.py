"""What happens to files: announced, brought, completed, given up. The only writer of their rows."""

from datetime import datetime, timedelta
from functools import partial
from typing import IO
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from intents.actions.locking import require_usable
from intents.media import kinds, storage
from intents.media.checks import (
    NoSuchUpload,
    UploadRefused,
    check_bytes,
    check_kind,
    check_size,
    open_upload,
)
from intents.media.models import Upload
from intents.media.storage import Incoming


def announce(
    workspace_id: UUID,
    *,
    owner_agent: str,
    filename: str,
    mime_type: str,
    size_bytes: int,
    sha256: str = "",
    life: timedelta = timedelta(hours=1),
    actor: Actor,
    now: datetime,
) -> Upload:
    """Make room for a file that is to come.

    Raises: UploadRefused for a kind we do not take or too large a file; KeyRefused.
    """
    require_usable(actor, now=now)
    kind = kinds.plain(mime_type)
    check_kind(kind)
    check_size(size_bytes)
    return Upload.objects.create(
        workspace_id=workspace_id,
        owner_agent=owner_agent,
        brought_by=actor.name[:255],
        filename=kinds.safe_name(filename),
        mime_type=kind,
        size_bytes=size_bytes,
        announced_sha256=sha256,
        created_at=now,
        expires_at=now + life,
    )


def place(upload: Upload, incoming: Incoming) -> str:
    """Put bytes into the storage if they are what was announced; return their name there.

    Asks no database, as a bucket may take its time. Raises: UploadRefused.
    """
    check_bytes(upload, incoming)
    return storage.keep(incoming, upload.folder)


def settle(upload_id: UUID, name: str, sha256: str, *, now: datetime) -> Upload:
    """Note which bytes are the file's. Brought again, the new ones take the old ones' place.

    Raises: NoSuchUpload, UploadRefused; the bytes are removed then.
    """
    try:
        return _settle(upload_id, name, sha256, now=now)
    except BaseException:
        storage.remove(name)
        raise


@transaction.atomic
def finish(
    upload_id: UUID, *, size_bytes: int, sha256: str = "", actor: Actor, now: datetime
) -> Upload:
    """Declare a file complete; from then on it never changes. Again, it is the same answer.

    Raises: NoSuchUpload, also for another workspace's; UploadRefused; KeyRefused.
    """
    require_usable(actor, now=now)
    upload = _locked(upload_id, actor)
    if not upload.stored_as:
        raise UploadRefused("upload_incomplete", "No bytes have come yet. PUT them to upload_url.")
    if size_bytes != upload.size_bytes or sha256 not in ("", upload.sha256):
        raise UploadRefused("upload_mismatch", "The bytes that came have another size or digest.")
    if upload.status == Upload.Status.PENDING:
        upload.status, upload.finalized_at = Upload.Status.READY, now
        upload.save(update_fields=["status", "finalized_at"])
    return upload


def keep_file(
    workspace_id: UUID,
    file: IO[bytes],
    *,
    filename: str,
    mime_type: str,
    size_bytes: int,
    actor: Actor,
    now: datetime,
) -> Upload:
    """Keep a file that came whole, as a form at the desk sends it. Raises: UploadRefused."""
    upload = announce(
        workspace_id,
        owner_agent=actor.name,
        filename=filename,
        mime_type=mime_type,
        size_bytes=size_bytes,
        actor=actor,
        now=now,
    )
    with storage.receiving() as incoming:
        while chunk := file.read(storage.CHUNK_BYTES):
            incoming.write(chunk)
        settle(upload.id, place(upload, incoming), incoming.sha256, now=now)
    return finish(upload.id, size_bytes=size_bytes, actor=actor, now=now)


@transaction.atomic
def give_up(upload_id: UUID, *, now: datetime) -> None:
    """End a file that never became complete, and remove what came of it."""
    upload = Upload.objects.overdue(now).select_for_update().filter(id=upload_id).first()
    if upload is not None:
        upload.status, upload.stored_as = Upload.Status.EXPIRED, ""
        upload.save(update_fields=["status", "stored_as"])
        transaction.on_commit(partial(storage.remove_all, upload.folder), robust=True)


@transaction.atomic
def _settle(upload_id: UUID, name: str, sha256: str, *, now: datetime) -> Upload:
    """Look again, with the row locked: somebody may have been quicker."""
    Upload.objects.select_for_update().filter(id=upload_id).first()
    upload = open_upload(upload_id, now=now)
    if upload.stored_as:
        transaction.on_commit(partial(storage.remove, upload.stored_as), robust=True)
    upload.stored_as, upload.sha256 = name, sha256
    upload.save(update_fields=["stored_as", "sha256"])
    return upload


def _locked(upload_id: UUID, actor: Actor) -> Upload:
    rows = Upload.objects.visible_to(actor).select_for_update()
    upload = rows.filter(id=upload_id).first()
    if upload is None:
        raise NoSuchUpload
    return upload
