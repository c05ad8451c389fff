"""Signing in from a terminal, refreshing and signing out, in the protocol's words."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Router

from accounts import throttle
from accounts.models import CliGrant, Session
from accounts.sessions import actions as sessions
from api.axme import translate
from api.axme.auth import SessionAuth, header_of
from api.axme.named import parse_id
from api.axme.schemas import LoginIntent, RefreshBody, SessionId, VerifyCode
from approvals.logins import codes, ending, grants
from approvals.logins.codes import NoSuchLogin, TooMany
from approvals.logins.ending import NoSuchSession
from approvals.logins.grants import NoSuchGrant
from events import pool

router = Router(tags=["Sign-in"], auth=SessionAuth())
# A terminal that waits for the desk is given no refresh token, so what it gets lasts a day's work.
DEVICE_LIFE = timedelta(hours=8)
POLL_SECONDS = 3
# From one place in ten minutes. A place may be a proxy with a whole company behind it.
MOST_LOGINS = 100


@router.post("/auth/login-intent", auth=None)
async def ask_for_code(request: HttpRequest, body: LoginIntent) -> dict[str, Any]:
    """Mail a sign-in code. The answer is the same for an address nobody here has."""
    _throttle(request, "login")
    login = await pool.run(codes.ask, body.email, device=_device(request), now=timezone.now())
    seconds = int(codes.LIFE.total_seconds())
    return {
        "ok": True,
        "intent_id": str(login.id),
        "grant_id": str(login.id),
        "expires_in": seconds,
    }


@router.post("/auth/login-intent/{login_id}/verify", auth=None)
async def verify_code(request: HttpRequest, login_id: str, body: VerifyCode) -> dict[str, Any]:
    """Take the code for a session: a token of the person, a refresh token and a reading key."""

    def produce(now: datetime) -> dict[str, Any]:
        session = codes.redeem(parse_id(login_id, NoSuchLogin), body.code, now=now)
        refresh_token = sessions.issue_refresh_token(session, now=now)
        return translate.signed_in(session, now=now) | {"refresh_token": refresh_token}

    return await pool.run(produce, timezone.now())


@router.post("/auth/cli-grants", auth=None)
async def begin_grant(request: HttpRequest) -> dict[str, Any]:
    """Let a terminal wait until a person allows it at the desk."""
    _throttle(request, "grant")
    grant = await pool.run(
        grants.begin, place=_place(request), device=_device(request), now=timezone.now()
    )
    address = reverse("cli_grant", urlconf="config.urls")
    return {
        "ok": True,
        "grant_id": str(grant.id),
        "user_code": grant.user_code,
        "approval_url": f"{settings.PUBLIC_URL}{address}?code={grant.user_code}",
        "poll_interval": POLL_SECONDS,
        "expires_in": int(grants.LIFE.total_seconds()),
    }


@router.get("/auth/cli-grants/{grant_id}", auth=None)
async def read_grant(request: HttpRequest, grant_id: str) -> dict[str, Any]:
    """Tell a terminal whether it was allowed, and then its token and reading key."""

    def produce(now: datetime) -> dict[str, Any]:
        grant = grants.find(parse_id(grant_id, NoSuchGrant), now=now)
        return _granted(grant, now=now)

    return await pool.run(produce, timezone.now())


@router.post("/auth/refresh", auth=None)
async def refresh(request: HttpRequest, body: RefreshBody) -> dict[str, Any]:
    """Take a refresh token for the next pair. One that comes twice ends its session."""

    def produce(now: datetime) -> dict[str, Any]:
        session, token = ending.refresh(body.refresh_token, now=now)
        return {
            "ok": True,
            "access_token": translate.access_token(session, now=now),
            "refresh_token": token,
        }

    return await pool.run(produce, timezone.now())


@router.get("/auth/sessions")
async def list_sessions(request: HttpRequest, include_revoked: bool = False) -> dict[str, Any]:
    """List the sessions of the person, the latest first."""
    current = session_of(request)
    now = timezone.now()

    def produce() -> list[Session]:
        rows = Session.objects.filter(user=current.user_id, expires_at__gt=now)
        rows = rows if include_revoked else rows.filter(revoked_at=None)
        return list(rows.order_by("-created_at", "-id")[:200])

    found = await pool.run(produce)
    return {"ok": True, "sessions": [translate.session(row, current=current.id) for row in found]}


@router.post("/auth/sessions/revoke")
async def revoke_session(request: HttpRequest, body: SessionId) -> dict[str, Any]:
    """End one session of the person: its tokens and its key stop at once."""
    id = parse_id(body.session_id, NoSuchSession)
    user, now = session_of(request).user, timezone.now()
    await pool.run(ending.revoke, id, user=user, now=now)
    return {"ok": True, "session_id": str(id), "revoked": True}


@router.post("/auth/logout")
async def logout(request: HttpRequest) -> dict[str, Any]:
    """End the session of this token."""
    current, now = session_of(request), timezone.now()
    await pool.run(ending.revoke, current.id, user=current.user, now=now)
    return {"ok": True, "session_id": str(current.id), "revoked": True}


@router.post("/auth/logout-all")
async def logout_all(request: HttpRequest) -> dict[str, Any]:
    """End every session of the person."""
    count = await pool.run(ending.revoke_all, session_of(request).user, now=timezone.now())
    return {"ok": True, "revoked_count": count}


def session_of(request: HttpRequest) -> Session:
    """Return the session of the call; ninja has put it there before the endpoint ran."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def _granted(grant: CliGrant, *, now: datetime) -> dict[str, Any]:
    if grant.session is None:
        return {"ok": True, "grant_id": str(grant.id), "state": "pending"}
    told = translate.signed_in(grant.session, life=DEVICE_LIFE, now=now)
    return told | {"grant_id": str(grant.id), "state": "approved"}


def _throttle(request: HttpRequest, what: str) -> None:
    if throttle.is_spent(what, _place(request), most=MOST_LOGINS):
        raise TooMany


def _place(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _device(request: HttpRequest) -> str:
    """Return what the caller says it is, cut to what a person can read."""
    said = header_of(request, "x-axme-client") or header_of(request, "user-agent")
    return "".join(char for char in said if char.isprintable())[:120]
