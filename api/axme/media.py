"""Files as programs bring and fetch them: announced, uploaded, finalized, downloaded."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.actor import Actor
from api.axme import calls
from api.axme.auth import KeyAuth, actor_of, owner_of
from api.axme.errors import BadRequest
from api.axme.named import parse_id
from api.axme.schemas import Tolerant
from api.axme.translate import stamp
from events import pool
from intents.media import actions, checks, kinds, links, storage
from intents.media.answers import fetched
from intents.media.checks import NoSuchUpload, UploadRefused
from intents.media.models import Upload

router = Router(tags=["Files"])
KEY = KeyAuth()
Size = Annotated[int, Field(ge=1, le=2**31)]
Digest = Annotated[str, Field(pattern=r"^[A-Fa-f0-9]{64}$")]


class NewUpload(Tolerant):
    owner_agent: Annotated[str, Field(min_length=3, max_length=255)]
    filename: Annotated[str, Field(min_length=1, max_length=255)]
    mime_type: Annotated[str, Field(min_length=3, max_length=255)]
    size_bytes: Size
    sha256: Digest | None = None
    ttl_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600


class Finished(Tolerant):
    upload_id: Annotated[str, Field(max_length=64)]
    size_bytes: Size
    sha256: Digest | None = None


@router.post("/media/create-upload")
async def create_upload(request: HttpRequest, body: NewUpload) -> dict[str, Any]:
    """Announce a file. Its bytes are then PUT to `upload_url`, which needs no key."""
    actor = actor_of(request)
    owner_of(request, actor, body.owner_agent)

    def produce(now: datetime) -> dict[str, Any]:
        row = actions.announce(
            actor.workspace_id,
            owner_agent=body.owner_agent,
            filename=body.filename,
            mime_type=body.mime_type,
            size_bytes=body.size_bytes,
            sha256=(body.sha256 or "").lower(),
            life=timedelta(seconds=body.ttl_seconds),
            actor=actor,
            now=now,
        )
        return _place(row) | {
            "upload_url": links.url(links.UPLOAD, row.id),
            "status": "pending",
            "expires_at": stamp(row.expires_at),
            "max_size_bytes": settings.MEDIA_LIMIT_BYTES,
        }

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.put("/media/upload/{upload_id}", auth=None)
async def upload(request: HttpRequest, upload_id: str, token: str = "") -> dict[str, Any]:
    """Bring the bytes of an announced file; they go to disk as they come."""
    id = parse_id(upload_id, NoSuchUpload)
    await _permit(request, id, links.UPLOAD, token)
    row = await pool.run(checks.open_upload, id, now=timezone.now())
    with storage.receiving() as incoming:
        async for chunk in request.incoming:  # type: ignore[attr-defined]  # Set by the door.
            if incoming.size + len(chunk) > row.size_bytes:
                raise UploadRefused("upload_mismatch", "More bytes came than were announced.")
            await asyncio.to_thread(incoming.write, chunk)
        name = await asyncio.to_thread(actions.place, row, incoming)
    row = await pool.run(actions.settle, id, name, incoming.sha256, now=timezone.now())
    return _place(row) | {"status": row.status, "received_bytes": row.size_bytes}


@router.post("/media/finalize-upload")
async def finalize_upload(request: HttpRequest, body: Finished) -> dict[str, Any]:
    """Declare a file complete. Without its bytes it is not."""
    actor, id = actor_of(request), parse_id(body.upload_id, NoSuchUpload)

    def produce(now: datetime) -> dict[str, Any]:
        digest = (body.sha256 or "").lower()
        row = actions.finish(id, size_bytes=body.size_bytes, sha256=digest, actor=actor, now=now)
        return _place(row) | {
            "mime_type": row.mime_type,
            "size_bytes": row.size_bytes,
            "sha256": row.sha256,
            "status": "ready",
            "finalized_at": stamp(row.finalized_at),
        }

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/media/{upload_id}")
async def get_upload(request: HttpRequest, upload_id: str) -> dict[str, Any]:
    """Read what is known of a file, with addresses that fetch it for a quarter of an hour."""
    row = await pool.run(_visible, parse_id(upload_id, NoSuchUpload), actor_of(request))
    is_ready = row.status == Upload.Status.READY
    is_shown = is_ready and row.mime_type in kinds.SHOWN
    return {
        "ok": True,
        "upload": {
            **{name: value for name, value in _place(row).items() if name != "ok"},
            "mime_type": row.mime_type,
            "filename": row.filename,
            "size_bytes": row.size_bytes,
            "sha256": row.sha256 or row.announced_sha256 or None,
            "status": row.status,
            "created_at": stamp(row.created_at),
            "expires_at": stamp(row.expires_at),
            "finalized_at": stamp(row.finalized_at),
            "download_url": links.url(links.DOWNLOAD, row.id) if is_ready else None,
            "preview_url": links.url(links.PREVIEW, row.id) if is_shown else None,
        },
    }


@router.get("/media/download/{upload_id}", auth=None)
async def download(request: HttpRequest, upload_id: str, token: str = "") -> StreamingHttpResponse:
    """Fetch a file, always as an attachment."""
    return await _fetch(request, upload_id, links.DOWNLOAD, token)


@router.get("/media/preview/{upload_id}", auth=None)
async def preview(request: HttpRequest, upload_id: str, token: str = "") -> StreamingHttpResponse:
    """Look at a picture, a PDF or a text in place; other kinds have no preview."""
    return await _fetch(request, upload_id, links.PREVIEW, token)


async def _fetch(
    request: HttpRequest, upload_id: str, purpose: str, token: str
) -> StreamingHttpResponse:
    id = parse_id(upload_id, NoSuchUpload)
    actor = await _permit(request, id, purpose, token)
    row = await pool.run(_visible, id, actor)
    if row.status != Upload.Status.READY:
        raise NoSuchUpload
    if purpose == links.PREVIEW and row.mime_type not in kinds.SHOWN:
        raise BadRequest(415, "no_preview", "This kind of file has no preview. Download it.")
    return fetched(row, in_place=purpose == links.PREVIEW)


async def _permit(request: HttpRequest, id: UUID, purpose: str, token: str) -> Actor | None:
    """Return whose key this is, or None where a token of ours says enough. Raises: as KeyAuth."""
    if token and links.is_valid(token, purpose, id):
        return None
    actor = await KEY(request)
    await pool.run(_visible, id, actor)
    return actor


def _visible(id: UUID, actor: Actor | None) -> Upload:
    rows = Upload.objects.all() if actor is None else Upload.objects.visible_to(actor)
    row = rows.filter(id=id).first()
    if row is None:
        raise NoSuchUpload
    return row


def _place(row: Upload) -> dict[str, Any]:
    return {
        "ok": True,
        "upload_id": str(row.id),
        "owner_agent": row.owner_agent,
        "bucket": storage.bucket(),
        "object_path": row.folder,
    }
