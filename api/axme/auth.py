"""Who calls: a key in `x-api-key` or in the bearer slot, and the address it speaks for."""

import re
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from accounts import keys
from accounts.actor import Actor
from accounts.addresses import canonical
from api.axme.errors import BadRequest
from events import pool
from intents.actions import NoSuchIntent

TRACE = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
MISSING = "Send an API key in the x-api-key header."


class KeyAuth:
    """ninja's authentication: answers the actor, with the trace id of this call."""

    openapi_security_schema = {"type": "apiKey", "in": "header", "name": "x-api-key"}

    async def __call__(self, request: HttpRequest) -> Actor:
        token = token_of(request)
        actor = keys.remembered(token)
        if actor is None:
            actor = await pool.run(keys.actor_for_key, token, now=timezone.now())
        return keys.traced(actor, trace_id(header_of(request, "x-trace-id")))


def header_of(request: HttpRequest, name: str) -> str:
    """Return a header, or an empty text. `request.headers` would first copy all there are."""
    return str(request.META.get("HTTP_" + name.upper().replace("-", "_"), ""))


def trace_id(text: str) -> str:
    """Return a caller's trace id, or nothing when it is none we would repeat."""
    return text if TRACE.fullmatch(text) else ""


def token_of(request: HttpRequest) -> str:
    """Return the key of a request. Raises: BadRequest 401 when there is none."""
    token = header_of(request, "x-api-key").strip()
    if not token:
        scheme, _, token = header_of(request, "authorization").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
    if not token:
        raise BadRequest(401, "missing_platform_api_key", MISSING)
    return token


def owner_of(request: HttpRequest, actor: Actor, owner_agent: str | None) -> str:
    """Return the canonical address a call acts for, from the query or the x-owner-agent header.

    Raises: BadRequest 400 when the two differ, 403 when an agent key names another address.
    """
    header = request.headers.get("x-owner-agent")
    if owner_agent and header and owner_agent != header:
        raise BadRequest(400, "owner_mismatch", "owner_agent and x-owner-agent name two owners.")
    named = owner_agent or header
    if not named:
        return actor.address or ""
    address = canonical(named, org=actor.org, workspace=actor.space)
    if actor.is_agent and address != actor.address:
        raise BadRequest(403, "invalid_actor_scope", "An agent key acts for its own address only.")
    return address


def actor_of(request: HttpRequest) -> Actor:
    """Return who calls; ninja has put it there before the endpoint ran."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def parse_id(text: str) -> UUID:
    """Return the id in a path. Raises: NoSuchIntent; what is no UUID names nothing."""
    try:
        return UUID(text)
    except ValueError as failure:
        raise NoSuchIntent from failure
