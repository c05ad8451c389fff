"""Files that a payload, a question or an answer names: found, and made sure to be there."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from approvals.kinds import ADVANCE
from approvals.models import Decision, Gate
from approvals.refusals import EvidenceNotTaken
from intents.media.models import Upload

PLACES = ("attachments", "evidence")
NAMES = ("upload_id", "media_id", "id")
MOST_FILES = 20


def ids_in(*told: Any) -> list[UUID]:
    """Return the ids of files that these objects name under `attachments` or `evidence`."""
    found = [
        id
        for each in told
        if isinstance(each, dict)
        for place in PLACES
        for id in _ids(each.get(place))
    ]
    return list(dict.fromkeys(found))[:MOST_FILES]


def files(workspace_id: UUID, ids: Iterable[UUID]) -> list[Upload]:
    """Return the ready files of a workspace that have these ids, in this order."""
    wanted = list(ids)
    if not wanted:
        return []
    rows = Upload.objects.ready().filter(workspace=workspace_id).in_bulk(wanted)
    return [rows[id] for id in wanted if id in rows]


def check(gate: Gate, decision: Decision) -> None:
    """Refuse evidence that names a file which is not here. Raises: EvidenceNotTaken.

    Only an answer that needs evidence and names files by their id asks the database.
    """
    if not gate.is_evidence_required or decision.effect != ADVANCE:
        return
    named = ids_in(decision.data)
    if len(files(gate.workspace_id, named)) < len(named):
        raise EvidenceNotTaken("The evidence names a file that is not here, or is not complete.")


def _ids(value: Any) -> Iterator[UUID]:
    for each in value if isinstance(value, list) else [value]:
        named = each if not isinstance(each, dict) else _named(each)
        if isinstance(named, str) and len(named) == 36:
            try:
                yield UUID(named)
            except ValueError:
                continue


def _named(value: dict[str, Any]) -> Any:
    return next((value[name] for name in NAMES if name in value), None)
