"""Canonical JSON and its digest: what a decision is bound to. Pure."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Return one spelling for equal JSON: sorted names, no spaces, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def shortened(hexdigest: str) -> str:
    """Return a digest as people compare it: `5e1c 90ab…77d2`."""
    return f"{hexdigest[:4]} {hexdigest[4:8]}…{hexdigest[-4:]}"
