"""Secrets we hand out: made here, kept as a hash, shown once. Pure."""

import hashlib
import secrets

KEY_MARK = "axme_sa_"


def new_key() -> tuple[str, str]:
    """Return a fresh API key and the prefix it is recognised by; 192 random bits follow."""
    prefix = f"{KEY_MARK}{secrets.token_hex(4)}"
    return f"{prefix}_{secrets.token_urlsafe(24)}", prefix


def new_link_token() -> str:
    """Return the secret of an e-mail link: 192 random bits."""
    return secrets.token_urlsafe(24)


def digest(token: str) -> str:
    """Return the SHA-256 a secret is stored by; it is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
