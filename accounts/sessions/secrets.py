"""What a session hands out, each made from SECRET_KEY and so stored nowhere. Pure."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from django.conf import settings

from accounts.keys import KeyRefused

ALGORITHM, AUDIENCE, SCOPE = "HS256", "axme", "axme.api"
CLAIMS = ["sub", "iss", "aud", "exp", "iat", "jti", "sid"]
KEY_MARK = "axme_session_"
TOKEN_LIFE = timedelta(minutes=15)
# Letters and digits that no two of look alike, and that spell nothing.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class TokenRefused(KeyRefused):
    """This actor token is invalid, or its session has ended. Sign in again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class TokenExpired(TokenRefused):
    """This actor token has expired. Refresh it, or sign in again."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an actor token names, for as long as it is valid."""

    session_id: UUID
    user_id: int


def access_token(
    bearer: Bearer, claims: dict[str, Any], *, life: timedelta = TOKEN_LIFE, now: datetime
) -> str:
    """Return a JWT for a session. What it says of rights is for reading: the rows decide."""
    own = {
        "sub": str(bearer.user_id),
        "iss": settings.PUBLIC_URL,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
        "jti": uuid4().hex,
        "sid": str(bearer.session_id),
        "scope": SCOPE,
    }
    return jwt.encode(claims | own, _key("actor-token"), ALGORITHM)


def read_access_token(token: str, *, now: datetime) -> Bearer:
    """Return whom a token names. Raises: TokenExpired, TokenRefused."""
    try:
        claims = jwt.decode(
            token,
            _key("actor-token"),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.PUBLIC_URL,
            # Times are checked below, against the caller's clock.
            options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        bearer = Bearer(UUID(claims["sid"]), int(claims["sub"]))
        ends_at = datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as failure:
        raise TokenRefused from failure
    if ends_at <= now:
        raise TokenExpired
    return bearer


def session_key(session_id: UUID) -> str:
    """Return the API key that goes with a session; it reads and changes nothing."""
    return f"{KEY_MARK}{session_id.hex}_{_sign('session-key', session_id)[:40]}"


def is_session_key(token: str) -> bool:
    return token.startswith(KEY_MARK)


def session_of(token: str) -> UUID:
    """Return the session of a key. Raises: KeyRefused."""
    id, _, _ = token.removeprefix(KEY_MARK).partition("_")
    try:
        session_id = UUID(hex=id)
    except ValueError as failure:
        raise KeyRefused(KeyRefused.__doc__) from failure
    if not hmac.compare_digest(session_key(session_id).encode(), token.encode()):
        raise KeyRefused(KeyRefused.__doc__)
    return session_id


def login_code(login_id: UUID) -> str:
    """Return the six digits that a mail says and a terminal asks for."""
    return f"{int(_sign('login-code', login_id), 16) % 1_000_000:06}"


def is_login_code(login_id: UUID, given: str) -> bool:
    return hmac.compare_digest(login_code(login_id).encode(), given.strip().encode())


def new_user_code() -> str:
    """Return the code a person compares on two screens."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def is_user_code(text: str) -> bool:
    return bool(re.fullmatch(f"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", text))


def _sign(purpose: str, id: UUID) -> str:
    return hmac.new(_key(purpose), id.bytes, hashlib.sha256).hexdigest()


def _key(purpose: str) -> bytes:
    """Return a key for one purpose: what is made for one is worth nothing for another."""
    return hmac.new(
        settings.SECRET_KEY.encode(), f"assent.{purpose}".encode(), hashlib.sha256
    ).digest()
