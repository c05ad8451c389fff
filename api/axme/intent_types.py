"""The registry of intent types: their JSON Schemas, registered and read."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from accounts.actor import Actor
from api.axme import calls
from api.axme.auth import actor_of, owner_of
from api.axme.errors import BadRequest
from api.axme.schemas import Tolerant
from api.axme.translate import stamp
from events import pool
from intents.registry import actions, known
from intents.registry.models import IntentType

router = Router(tags=["Intent types"])


class NewSchema(Tolerant):
    semantic_type: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\w.:/-]+$")]
    # The model's own name for it is taken by what it inherits.
    document: Annotated[dict[str, Any], Field(alias="schema_json")]
    compatibility_mode: Literal["strict", "backward", "warn"]
    schema_ref: Annotated[str, Field(max_length=512)] | None = None
    scope: Literal["tenant", "core"] = "tenant"
    owner_agent: Annotated[str, Field(min_length=3, max_length=255)] | None = None
    active: bool = True


@router.post("/schemas")
async def upsert_schema(
    request: HttpRequest, body: NewSchema, owner_agent: str | None = None
) -> dict[str, Any]:
    """Register what the payloads of an intent type look like, or change it as its mode allows."""
    actor = actor_of(request)
    owner_of(request, actor, body.owner_agent or owner_agent)
    if body.scope == "core":
        raise BadRequest(422, "not_supported", "Types of the scope core come with the server.")
    wanted = actions.Registration(
        name=body.semantic_type,
        schema=body.document,
        mode=body.compatibility_mode,
        schema_ref=body.schema_ref or "",
        owner_agent=body.owner_agent or owner_agent or "",
        is_active=body.active,
    )

    def produce(now: datetime) -> dict[str, Any]:
        space = actor.workspace_id
        row = actions.register(wanted, workspace_id=space, actor=actor, now=now)
        return {"ok": True, "schema": _described(row)}

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/schemas/{semantic_type}")
async def get_schema(request: HttpRequest, semantic_type: str) -> dict[str, Any]:
    """Read a registered intent type with its schema."""
    row = await pool.run(actions.find, semantic_type, actor=actor_of(request))
    return {"ok": True, "schema": _described(row) | {"schema_json": row.schema}}


async def warnings_about(actor: Actor, intent_type: str, payload: dict[str, Any]) -> list[str]:
    """Hold a payload against its registered type; what does not fit a lenient one is returned.

    Raises: Misfit. Two seconds may pass until a type registered in another process counts here.
    """
    types = known.remembered(actor.workspace_id)
    if types is None:
        types = await pool.run(known.types_of, actor.workspace_id)
    row = types.get(intent_type)
    return await pool.run(actions.check_payload, row, payload) if row else []


def _described(row: IntentType) -> dict[str, Any]:
    return {
        "semantic_type": row.name,
        "schema_ref": row.schema_ref or f"schema://{row.name}",
        "schema_hash": row.hash,
        "compatibility_mode": row.mode,
        "scope": "tenant",
        "owner_agent": row.owner_agent or None,
        "active": row.is_active,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }
