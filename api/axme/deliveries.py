"""What is put before an agent: its delivery stream, and the same as a plain list."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import FiniteFloat

from accounts.actor import Actor
from accounts.addresses import SCHEME, canonical
from api.axme import translate
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.following import EventStream, event_stream, start_of
from api.axme.named import reference
from events import bus, pool, streams
from intents import deliveries
from intents.models import Delivery

router = Router(tags=["Agents"])
BATCH = 100


@router.get("/agents/{path:address}/intents/stream")
async def stream_deliveries(
    request: HttpRequest,
    address: str,
    since: int = 0,
    wait_seconds: FiniteFloat = 15,
    status: str = "",
) -> EventStream:
    """Follow the work put before an address. From `since=0` every open piece comes again."""
    actor = actor_of(request)
    own = own_address(actor, address)
    wanted = [word.strip().upper() for word in status.split(",") if word.strip()]

    async def read(seen: int) -> Sequence[streams.Frame]:
        rows = await pool.run(_put_before, actor.workspace_id, own, seen, wanted)
        return [translate.delivery_frame(row) for row in rows]

    topics = [bus.address_topic(actor.workspace_id, own)]
    start = start_of(request, since)
    return event_stream(request, read, topics, since=start, wait_seconds=wait_seconds)


@router.get("/agents/{path:address}/intents")
async def list_deliveries(request: HttpRequest, address: str, since: int = 0) -> dict[str, Any]:
    """List the open work of an address, for agents that poll."""
    actor = actor_of(request)
    own = own_address(actor, address)
    rows = await pool.run(_put_before, actor.workspace_id, own, max(0, since), [])
    return {"ok": True, "intents": [translate.delivery(row) for row in rows]}


def own_address(actor: Actor, path: str) -> str:
    """Return the canonical address in a path, raw or encoded, with or without the scheme.

    An address nobody registered has an empty stream. Raises: BadRequest 403 for an agent key or a
    person that reads another address: what is read here counts as taken.
    """
    text = reference(path)
    address = canonical(
        text if "://" in text or text.startswith("agent:/") else SCHEME + text,
        org=actor.org,
        workspace=actor.space,
    )
    if actor.is_agent and address != actor.address:
        raise BadRequest(403, "invalid_actor_scope", "An agent key reads its own address only.")
    if actor.session_id and not actor.administers and address != actor.address:
        said = "A reviewer takes no work of an agent; only admins may listen for one."
        raise BadRequest(403, "invalid_actor_scope", said)
    return address


def _put_before(
    workspace_id: UUID, address: str, since: int, statuses: list[str]
) -> list[Delivery]:
    """Read the next entries of a stream and remember that they were handed out."""
    rows = Delivery.objects.at(workspace_id, address).reachable().filter(seq__gt=since)
    wanted = rows.filter(intent__status__in=statuses) if statuses else rows.actionable()
    found = list(wanted.select_related("intent").order_by("seq")[:BATCH])
    if fresh := [row for row in found if row.offered_at is None]:
        deliveries.offered(fresh, now=timezone.now())
    return found
