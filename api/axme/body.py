"""Reads JSON bodies strictly: bounded size and depth, no NaN, nothing a database cannot keep."""

import json
import math
import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.parser import Parser

from api.axme.errors import BadRequest

DEEPEST = 64
SUSPECT = re.compile(rb"\\u(?:0000|d[89a-f])", re.IGNORECASE)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictParser(Parser):
    """Replaces ninja's: same job, our limits and our sentences."""

    def parse_body(self, request: HttpRequest) -> Any:
        return parse(request.body)


def parse(raw: bytes) -> Any:
    """Return the value of a JSON body; an empty body is an empty object.

    Raises: BadRequest 413 over 128 KiB, 400 for what is not JSON, 422 for what we cannot keep.
    """
    if len(raw) > settings.BODY_LIMIT_BYTES:
        limit = settings.BODY_LIMIT_BYTES // 1024
        raise BadRequest(413, "payload_too_large", f"The body is larger than {limit} KiB.")
    if not raw.strip():
        return {}
    try:
        # Decoded here and strictly: given bytes, json guesses the encoding and lets surrogates in.
        value = json.loads(raw.decode(), parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as failure:
        raise _too_deep() from failure
    except ValueError as failure:
        raise BadRequest(400, "invalid_json", f"The body is not JSON: {failure}.") from failure
    check_depth(value)
    if b"\x00" in raw or SUSPECT.search(raw):
        check_text(value)
    return value


def check_depth(value: Any) -> None:
    """Refuse JSON nested deeper than 64. Raises: BadRequest."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _too_deep()


def check_text(value: Any) -> None:
    """Refuse NUL and lone surrogates, which no database keeps. Raises: BadRequest."""
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise BadRequest(422, "invalid_text", "The body has a NUL or broken Unicode in a text.")
    elif isinstance(value, dict):
        for name, child in value.items():
            check_text(name)
            check_text(child)
    elif isinstance(value, list):
        for child in value:
            check_text(child)


def _too_deep() -> BadRequest:
    return BadRequest(422, "too_deep", f"The body is nested deeper than {DEEPEST} levels.")


def _children(node: Any) -> list[Any]:
    found = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in found if isinstance(child, dict | list)]


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
