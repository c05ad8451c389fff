"""Which JSON Schemas we take, and whether a payload fits one, in bounded time. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from intents.payloads import canonical

LARGEST_BYTES = 32 * 1024
DEEPEST = 24
MOST_SAID = 10
# Values of a payload times what may be asked of each: a second or so at the very worst.
MOST_WORK = 500_000
# Keywords that hold several schemas against one value; without them each value meets one.
BRANCHING = {
    "allOf", "anyOf", "oneOf", "not", "if", "contains", "propertyNames", "dependentSchemas",
    "dependencies", "unevaluatedProperties", "unevaluatedItems",
}  # fmt: skip
# A reference may point anywhere or at itself, and a pattern may take for ever.
REFUSED = {
    "$ref", "$dynamicRef", "$recursiveRef", "pattern", "patternProperties",
}  # fmt: skip
# Keywords whose members are named by the author, and keywords that hold values of payloads.
NAMED = {
    "properties", "$defs", "definitions", "dependentSchemas", "dependentRequired", "dependencies",
}  # fmt: skip
VALUES = {"enum", "const", "default", "examples", "example"}
Schema = dict[str, Any]


def _unique(validator: Any, wanted: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    """Compare by what is written: the usual way compares every pair, which takes hours."""
    if wanted and isinstance(value, list) and len(set(map(canonical, value))) < len(value):
        yield ValidationError("has something twice")


def _bounded(kind: Any) -> Any:
    """Return a validator that knows one keyword better; the library has no types for that."""
    return extend(kind, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]


DRAFTS = {
    "https://json-schema.org/draft/2020-12/schema": _bounded(Draft202012Validator),
    "http://json-schema.org/draft-07/schema": _bounded(Draft7Validator),
}


class BadSchema(ValueError):
    """A JSON Schema we cannot hold payloads against; the text says why."""


def check_schema(schema: Schema) -> None:
    """Refuse a schema that is none, or that could not be evaluated safely. Raises: BadSchema."""
    if len(canonical(schema)) > LARGEST_BYTES:
        raise BadSchema(f"The schema is larger than {LARGEST_BYTES // 1024} KiB.")
    if _depth(schema) > DEEPEST:
        raise BadSchema(f"The schema is nested deeper than {DEEPEST} levels.")
    if used := sorted(REFUSED & set(_keywords(schema))):
        raise BadSchema(f"The schema may not use {', '.join(used)}: write it out in full.")
    if schema.get("type") != "object":
        raise BadSchema('The schema needs "type": "object", as every payload is one.')
    try:
        _draft(schema).check_schema(schema)
    except SchemaError as failure:
        raise BadSchema(f"This is not a JSON Schema: {failure.message[:300]}") from failure


def misfits(schema: Schema, payload: dict[str, Any]) -> dict[str, str]:
    """Return what does not fit: a path, such as `items[2].price`, and a sentence for each."""
    if _size(payload) * _asked_of_each(schema) > MOST_WORK:
        return {"payload": "is too large to be checked against its schema"}
    validator = _draft(schema)(schema)
    found: dict[str, str] = {}
    try:
        for failure in validator.iter_errors(payload):
            found.setdefault(_path(failure), _sentence(failure))
            if len(found) == MOST_SAID:
                break
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, RecursionError):
        found.setdefault("payload", "cannot be checked with these values")
    return found


def _draft(schema: Schema) -> Any:
    named = schema.get("$schema", "https://json-schema.org/draft/2020-12/schema")
    found = DRAFTS.get(str(named).rstrip("#"))
    if found is None:
        raise BadSchema("$schema must be draft 2020-12 or draft-07 of JSON Schema.")
    return found


def _path(failure: ValidationError) -> str:
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in failure.absolute_path
    )
    return text.removeprefix(".")[:200] or "payload"


def _sentence(failure: ValidationError) -> str:
    limit = failure.validator_value
    if failure.validator == "required" and isinstance(limit, list):
        missing = [name for name in limit if name not in failure.instance]  # type: ignore[operator]
        return f"lacks {', '.join(map(str, missing))}"[:300]
    said = {
        "type": f"must be {_either(limit)}",
        "enum": f"must be one of: {_either(limit)}",
        "minimum": f"must be at least {limit}",
        "maximum": f"must be at most {limit}",
        "minLength": f"must have at least {limit} characters",
        "maxLength": f"must have at most {limit} characters",
    }
    return said.get(str(failure.validator), failure.message)[:300]


def _either(limit: Any) -> str:
    return ", ".join(map(str, limit)) if isinstance(limit, list) else str(limit)


def _asked_of_each(schema: Schema) -> int:
    """Return how much a schema may ask of one value, at most; comparing with an enum is quick."""
    if BRANCHING & set(_keywords(schema)):
        return _size(schema)
    return 10 + _longest_enum(schema) // 10


def _longest_enum(value: Any) -> int:
    level, longest = [value], 0
    while level:
        enums = (node.get("enum") for node in level if isinstance(node, dict))
        longest = max([longest, *(len(enum) for enum in enums if isinstance(enum, list))])
        level = [child for node in level for child in _children(node)]
    return longest


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [child for node in level for child in _children(node)]:
        depth += 1
    return depth


def _size(value: Any) -> int:
    level, size = [value], 1
    while level := [child for node in level for child in _children(node)]:
        size += len(level)
    return size


def _keywords(schema: Any) -> Iterator[str]:
    """Yield the keywords in a schema. A property may be called `pattern`; that is no keyword."""
    if isinstance(schema, list):
        for each in schema:
            yield from _keywords(each)
    elif isinstance(schema, dict):
        yield from schema
        for name, value in schema.items():
            inner = value.values() if name in NAMED and isinstance(value, dict) else [value]
            for each in () if name in VALUES else inner:
                yield from _keywords(each)


def _children(node: Any) -> list[Any]:
    if isinstance(node, Mapping):
        return list(node.values())
    return node if isinstance(node, list) else []
