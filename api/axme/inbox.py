"""Reading the inbox of an address: its threads, one of them, and what changed since."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from api.axme import auth, reading
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.named import parse_id
from events import pool
from intents.feed import Cursor

router = Router(tags=["Inbox"])


@router.get("/inbox")
async def list_inbox(
    request: HttpRequest, owner_agent: str | None = None, status: str = ""
) -> dict[str, Any]:
    """List the threads of an address: waiting ones first, oldest first."""
    actor = actor_of(request)
    owner = auth.owner_of(request, actor, owner_agent)
    if status and status not in reading.ORDER:
        known = ", ".join(reading.ORDER)
        raise BadRequest(422, "schema_invalid", f"status is one of: {known}.")
    found = await pool.run(reading.threads, actor, owner, status, now=timezone.now())
    return {"ok": True, "threads": found}


@router.get("/inbox/changes")
async def list_changes(
    request: HttpRequest, owner_agent: str | None = None, cursor: str = "", limit: int = 50
) -> dict[str, Any]:
    """List what changed in an inbox behind a cursor; each thread comes as it is now."""
    actor = actor_of(request)
    owner = auth.owner_of(request, actor, owner_agent)
    after = Cursor.read(cursor) if cursor else None
    return await pool.run(reading.changes, actor, owner, after, max(1, min(limit, 200)))


@router.get("/inbox/{thread_id}")
async def get_thread(
    request: HttpRequest, thread_id: str, owner_agent: str | None = None
) -> dict[str, Any]:
    """Read a thread with its newest moments and messages."""
    actor = actor_of(request)
    owner = auth.owner_of(request, actor, owner_agent)
    return await pool.run(reading.thread, actor, owner, parse_id(thread_id))
