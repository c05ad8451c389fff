"""Signatures over what we send: AXP's own, and those of Standard Webhooks. Pure.

Both are made over the raw bytes of the body. Whoever checks must not parse and write them again.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

STANDARD_MARK = "whsec_"


def headers(
    body: bytes, *, id: str, secret: str, now: datetime, delivery: str = ""
) -> dict[str, str]:
    """Return what names and signs a message. `id` is the same at every try; the time is not.

    Without a secret nothing is signed. `delivery` is AXP's name for it, if that is another.
    """
    timestamp = str(int(now.timestamp()))
    named = {
        "Content-Type": "application/json",
        "X-Axme-Delivery-Id": delivery or id,
        "X-Axme-Timestamp": timestamp,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
    }
    if not secret:
        return named
    signed = f"{id}.{timestamp}.".encode() + body
    standard = hmac.digest(_key(secret), signed, hashlib.sha256)
    return named | {
        "X-Axme-Signature": axme(body, secret),
        "webhook-signature": f"v1,{base64.b64encode(standard).decode()}",
    }


def axme(body: bytes, secret: str) -> str:
    """Return AXP's signature, which covers the body alone."""
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def _key(secret: str) -> bytes:
    """Standard Webhooks writes its secrets in base64 behind a mark; others are their own bytes."""
    if secret.startswith(STANDARD_MARK):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD_MARK), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
