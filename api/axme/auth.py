"""Who calls: a key, or a person's token in the bearer slot, and the address they speak for."""

import re
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from accounts import keys
from accounts.actor import Actor
from accounts.addresses import canonical
from accounts.models import Session
from accounts.sessions import actors as sessions
from accounts.sessions import secrets
from api.axme.errors import BadRequest
from events import pool

TRACE = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
MISSING = "Send an API key in the x-api-key header."


# What reviewers may change. All else that changes things is for admins, and for the keys.
REVIEWERS_MAY = (
    "/v1/intents", "/v1/inbox", "/v1/approvals", "/v1/media", "/v1/auth/dashboard-token",
)  # fmt: skip
READING = {"GET", "HEAD"}


class KeyAuth:
    """ninja's authentication: answers the actor, with the trace id of this call."""

    openapi_security_schema = {"type": "apiKey", "in": "header", "name": "x-api-key"}

    async def __call__(self, request: HttpRequest) -> Actor:
        actor = await caller(request)
        if actor.session_id and request.method not in READING:
            _require_role(request, actor)
        return actor


class SessionAuth:
    """The same for calls about a person's own login, whatever they may do where."""

    openapi_security_schema = {"type": "http", "scheme": "bearer"}

    async def __call__(self, request: HttpRequest) -> Session:
        token = actor_token(request)
        if not token:
            said = "Sign in, and send the actor token as the bearer."
            raise BadRequest(401, "missing_actor_token", said)
        return await pool.run(_session, token, now=timezone.now())


async def caller(request: HttpRequest) -> Actor:
    """Return who calls. A person's token goes before a key beside it, which names the workspace.

    Raises: BadRequest 401 without either, KeyRefused, OutsideMembership.
    """
    now = timezone.now()
    if token := actor_token(request):
        key = header_of(request, "x-api-key").strip()
        actor = await pool.run(_person, token, key, now=now)
    else:
        token = token_of(request)
        known = keys.remembered(token)
        actor = known if known is not None else await pool.run(_key_holder, token, now=now)
    return keys.traced(actor, trace_id(header_of(request, "x-trace-id")))


def actor_token(request: HttpRequest) -> str:
    """Return the token of a person in the bearer slot, told from a key by its three parts."""
    token = bearer_of(request)
    return token if token.count(".") == 2 else ""


def bearer_of(request: HttpRequest) -> str:
    scheme, _, token = header_of(request, "authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _person(token: str, key: str, *, now: datetime) -> Actor:
    """The key of the same login adds nothing; another one must hold, and says where we are."""
    named = keys.actor_for_key(key, now=now) if key and not secrets.is_session_key(key) else None
    place = named.workspace_id if named else None
    return sessions.actor_for_token(token, workspace_id=place, now=now)


def _key_holder(token: str, *, now: datetime) -> Actor:
    if secrets.is_session_key(token):
        return sessions.actor_for_session_key(token, now=now)
    return keys.actor_for_key(token, now=now)


def _session(token: str, *, now: datetime) -> Session:
    return sessions.session_for(secrets.read_access_token(token, now=now), now=now)


def _require_role(request: HttpRequest, actor: Actor) -> None:
    """Refuse a person who may only read, or who would manage without being an admin."""
    if not actor.reviews:
        said = "This only reads. To change something, send the actor token of a reviewer."
        raise BadRequest(403, "invalid_actor_scope", said)
    if not actor.administers and not request.path.startswith(REVIEWERS_MAY):
        said = "Only admins of this workspace may change this."
        raise BadRequest(403, "invalid_actor_scope", said)


def header_of(request: HttpRequest, name: str) -> str:
    """Return a header, or an empty text. `request.headers` would first copy all there are."""
    return str(request.META.get("HTTP_" + name.upper().replace("-", "_"), ""))


def trace_id(text: str) -> str:
    """Return a caller's trace id, or nothing when it is none we would repeat."""
    return text if TRACE.fullmatch(text) else ""


def token_of(request: HttpRequest) -> str:
    """Return the key of a request. Raises: BadRequest 401 when there is none."""
    token = header_of(request, "x-api-key").strip()
    token = token or bearer_of(request)
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
