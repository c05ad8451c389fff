"""The trail of a workspace, newest first: what happened, who did it, to what."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router

from accounts.actor import Actor
from accounts.addresses import canonical
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.translate import stamp
from events import pool
from events.models import Event

router = Router(tags=["Audit"])
MOST = 500


@router.get("/audit/events")
async def list_audit_events(
    request: HttpRequest,
    owner_agent: str = "",
    action_prefix: str = "",
    limit: int = 100,
    cursor: str = "",
) -> dict[str, Any]:
    """List the trail. `cursor` is the `next_cursor` of the page before."""
    actor = actor_of(request)
    if actor.is_agent:
        raise BadRequest(403, "invalid_actor_scope", "An agent key does not read the trail.")
    most = max(1, min(limit, MOST))
    rows = await pool.run(_page, actor, owner_agent, action_prefix, _before(cursor), most + 1)
    shown = rows[:most]
    has_more = len(rows) > most
    return {
        "ok": True,
        "events": [_described(row) for row in shown],
        "next_cursor": f"e:{shown[-1].id}" if has_more else None,
        "has_more": has_more,
    }


def _page(actor: Actor, owner: str, prefix: str, before: int | None, limit: int) -> list[Event]:
    """Read a page by the key: no offset, however long the trail is."""
    rows = Event.objects.filter(workspace__in=actor.workspaces)
    if owner:
        address = canonical(owner, org=actor.org, workspace=actor.space)
        rows = rows.filter(Q(actor__in={owner, address}) | Q(handler=address))
    if prefix:
        rows = rows.filter(type__startswith=prefix)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def _before(cursor: str) -> int | None:
    """Return the number in a cursor. Raises: BadRequest for what never was one."""
    if not cursor:
        return None
    number = cursor.removeprefix("e:")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise BadRequest(422, "schema_invalid", "cursor must be a next_cursor of this list.")
    return int(number)


def _described(row: Event) -> dict[str, Any]:
    return {
        "event_id": f"{row.intent_id}:{row.seq}",
        "at": stamp(row.at),
        "actor": row.actor,
        "action": row.type,
        "owner_agent": row.handler or None,
        "object_type": "intent",
        "object_id": str(row.intent_id),
        "details": row.data,
        "trace_id": row.trace_id or None,
    }
