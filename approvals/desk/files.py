"""Files at the desk: fetched by whoever may see them, and attached to an answer."""

import mimetypes
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from approvals import evidence, judging
from approvals.desk import shell
from approvals.models import Gate
from approvals.refusals import EvidenceNotTaken
from intents.media import kinds, links
from intents.media.actions import keep_file
from intents.media.checks import UploadRefused
from intents.media.models import Upload

MOST = 10
SHOWN = (links.DOWNLOAD, links.PREVIEW)


@dataclass(frozen=True, slots=True)
class File:
    """A file as the desk lists it."""

    id: UUID
    name: str
    size: str
    kind: str
    is_shown: bool


def listed(rows: list[Upload]) -> list[File]:
    return [
        File(
            row.id,
            row.filename,
            filesizeformat(row.size_bytes),
            _kind(row.mime_type),
            row.mime_type in kinds.SHOWN,
        )
        for row in rows
    ]


@login_required
@require_safe
def fetch(request: HttpRequest, upload_id: UUID, purpose: str) -> HttpResponse:
    """Lead to a file by an address that is good for some minutes.

    The API's handler streams it: here a slow reader would keep a seat at the desk taken.
    """
    rows = Upload.objects.ready().visible_to(shell.actor_of(request))
    if purpose not in SHOWN or not rows.filter(id=upload_id).exists():
        raise Http404
    response = redirect(links.path(purpose, upload_id))
    response["Cache-Control"] = "no-store"
    return response


def kept_before(request: HttpRequest, gate: Gate, actor: Actor) -> list[Upload]:
    """Return the files this person brought with an earlier try of the same answer."""
    named = {"attachments": request.POST.getlist("attached")[:MOST]}
    kept = evidence.files(gate.workspace_id, evidence.ids_in(named))
    return [row for row in kept if row.brought_by == actor.name]


def brought(request: HttpRequest, gate: Gate, actor: Actor, *, now: datetime) -> list[Upload]:
    """Keep the file that comes now, before the answer is judged: a refused answer loses none.

    Raises: EvidenceNotTaken.
    """
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not gate.is_evidence_required:
        return []
    if judging.cannot_answer(gate, actor, now=now, earlier=list(gate.decisions.all())):
        return []
    return [_kept(gate, file, actor, now=now)]


def _kept(gate: Gate, file: "UploadedFile[bytes]", actor: Actor, *, now: datetime) -> Upload:
    name = str(file.name or "file")
    try:
        return keep_file(
            gate.workspace_id,
            file,
            filename=name,
            mime_type=_claimed(name, str(file.content_type or "")),
            size_bytes=int(file.size or 0),
            actor=actor,
            now=now,
        )
    except UploadRefused as failure:
        raise EvidenceNotTaken(f"{name[:80]} was not attached. {failure}") from failure


def _claimed(name: str, told: str) -> str:
    """Return the kind a browser tells, or the one its name says: browsers know few kinds."""
    kind = kinds.plain(told)
    return kind if kinds.is_taken(kind) else mimetypes.guess_type(name)[0] or kind


def _kind(mime_type: str) -> str:
    """Return a kind as people say it: PDF, PNG, text."""
    last = mime_type.rsplit("/", 1)[-1]
    words = {"plain": "text", "csv": "table", "markdown": "text", "json": "JSON"}
    office = {"document": "document", "sheet": "sheet", "presentation": "slides"}
    return words.get(last) or office.get(last.rsplit(".", 1)[-1]) or last.upper()
