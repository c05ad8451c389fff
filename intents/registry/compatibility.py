"""Whether a new schema still accepts whatever the old one did. Pure, and rather too careful.

What it does not understand must be the same in both: then it says so, and never wrongly yes.
"""

from collections.abc import Iterator
from typing import Any

from intents.registry.checking import NAMED, VALUES

# Words about a value, not rules for it. `format` is one: it is not asserted.
WORDS = {
    "title", "description", "default", "examples", "example", "$schema", "$id", "$comment",
    "deprecated", "readOnly", "writeOnly", "format",
}  # fmt: skip
AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
ANY = ["array", "boolean", "integer", "null", "number", "object", "string"]
UNDERSTOOD = {"type", "required", "properties", "additionalProperties", "items", "enum"}
Schema = dict[str, Any]


def differences(old: Any, new: Any) -> list[str]:
    """Return the paths at which two schemas differ in more than words."""
    return [] if _rules(old) == _rules(new) else list(_narrowed(old, new, "")) or ["payload"]


def narrowed(old: Any, new: Any) -> list[str]:
    """Return the paths at which the new schema may refuse what the old one accepted."""
    return list(_narrowed(old, new, ""))


def _rules(schema: Any) -> Any:
    """Return a schema without its words; names of properties are no words."""
    if isinstance(schema, list):
        return [_rules(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _rules(each) for key, each in value.items()}
        if name in NAMED and isinstance(value, dict)
        else (value if name in VALUES else _rules(value))
        for name, value in schema.items()
        if name not in WORDS
    }


def _narrowed(old: Any, new: Any, path: str) -> Iterator[str]:
    if new is True or new == {} or old is False or _rules(old) == _rules(new):
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield path or "payload"
        return
    yield from (_at(path, name) for name in _tighter(old, new))
    yield from _narrowed_properties(old, new, path)
    if "items" in new:
        yield from _narrowed(old.get("items", True), new["items"], path + "[]")


def _tighter(old: Schema, new: Schema) -> Iterator[str]:
    if "type" in new and not _types(old) <= _types(new):
        yield "type"
    yield from (name for name in new.get("required", ()) if name not in old.get("required", ()))
    if "enum" in new and any(value not in new["enum"] for value in old.get("enum", [object()])):
        yield "enum"
    for name in AT_LEAST:
        if name in new and not (name in old and old[name] >= new[name]):
            yield name
    for name in AT_MOST:
        if name in new and not (name in old and old[name] <= new[name]):
            yield name
    others = {*old, *new} - WORDS - UNDERSTOOD - set(AT_LEAST) - set(AT_MOST)
    # What these refuse depends on the keywords beside them.
    depends = others & {"unevaluatedProperties", "unevaluatedItems"}
    before, after = _rules(old), _rules(new)
    changed = (name for name in sorted(others) if before.get(name) != after.get(name))
    yield from depends or changed


def _narrowed_properties(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    rest_before, rest_after = (s.get("additionalProperties", True) for s in (old, new))
    for name in sorted({*before, *after}):
        wanted = after.get(name, rest_after)
        yield from _narrowed(before.get(name, rest_before), wanted, _at(path, name))
    if rest_after is not True:
        yield from _narrowed(rest_before, rest_after, _at(path, "additionalProperties"))


def _types(schema: Schema) -> set[str]:
    named = schema.get("type", ANY)
    found = {named} if isinstance(named, str) else set(named)
    return found | {"integer"} if "number" in found else found


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
