"""The decision form a JSON Schema asks for, and what was typed into it. Pure; `forms` checks it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from approvals.desk.payload import human

PREFIX = "f."
# The schema may ask for these, and the answer itself fills them.
FROM_THE_ANSWER = frozenset({"outcome", "comment", "approved"})
TYPED = {"integer": "number", "number": "number", "boolean": "check"}
FORMATS = {"date": "date", "time": "time", "email": "email", "uri": "url", "date-time": "text"}
LINES_FROM = 200


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    is_chosen: bool


@dataclass(slots=True)
class Field:
    """One control: how it is drawn, what is in it, and what is wrong with it."""

    name: str
    label: str
    kind: str
    value: str
    hint: str
    is_required: bool
    limits: dict[str, Any] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)
    error: str = ""

    @property
    def key(self) -> str:
        return PREFIX + self.name

    @property
    def id(self) -> str:
        return "f-" + "".join(c if c.isalnum() else f"-{ord(c):x}-" for c in self.name)

    @property
    def described_by(self) -> str:
        parts = [(self.hint, "hint"), (self.error, "error")]
        return " ".join(f"{self.id}-{end}" for text, end in parts if text)


def drawn(
    schema: dict[str, Any],
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Field]:
    """Return the controls of a form, filled with what was typed or else with the defaults."""
    required = schema.get("required") or []
    fields = []
    for name, spec in _properties(schema).items():
        value = typed.get(name, "") if typed is not None else spec.get("default", "")
        made = _field(name, spec, _as_text(value), is_required=name in required)
        made.error = (errors or {}).get(name, "")
        fields.append(made)
    return fields


def typed_in(schema: dict[str, Any], post: Mapping[str, str]) -> dict[str, Any]:
    """Return what was sent for each field; a box that is not ticked is sent by nobody.

    A field left empty was not given, or else an empty text would do where a text is needed.
    """
    return {
        name: _sent(spec, text)
        for name, spec in _properties(schema).items()
        if (text := post.get(PREFIX + name, "")).strip() or _kind(spec) == "check"
    }


def _properties(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    properties = schema.get("properties") or {}
    return {
        name: spec if isinstance(spec, dict) else {}
        for name, spec in properties.items()
        if name not in FROM_THE_ANSWER
    }


def _sent(spec: dict[str, Any], text: str) -> Any:
    if _kind(spec) == "check":
        return "true" if text else "false"
    for option in spec.get("enum") or []:
        if _as_text(option) == text:
            return option
    return text


def _field(name: str, spec: dict[str, Any], value: str, *, is_required: bool) -> Field:
    kind = _kind(spec)
    return Field(
        name=name,
        label=str(spec.get("title") or human(name)),
        kind=kind,
        value=value,
        hint=_hint(spec, kind),
        is_required=is_required,
        limits=_limits(spec, kind),
        options=_options(spec, value) if kind == "select" else [],
    )


def _kind(spec: dict[str, Any]) -> str:
    if isinstance(spec.get("enum"), list):
        return "select"
    kind = _type(spec)
    if kind != "string":
        return TYPED.get(kind, "json")
    if spec.get("format") in FORMATS:
        return FORMATS[spec["format"]]
    return "area" if (spec.get("maxLength") or 0) > LINES_FROM else "text"


def _type(spec: dict[str, Any]) -> str:
    named = spec.get("type", "string")
    if isinstance(named, list):
        named = next((one for one in named if one != "null"), "string")
    return str(named)


def _limits(spec: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the limits a browser can hold people to before they send."""
    names = {"maxlength": "maxLength", "minlength": "minLength"}
    if kind == "number":
        names = {"min": "minimum", "max": "maximum"}
    limits = {ours: spec[theirs] for ours, theirs in names.items() if theirs in spec}
    if kind == "number":
        limits["step"] = spec.get("multipleOf") or (1 if _type(spec) == "integer" else "any")
    return limits


def _hint(spec: dict[str, Any], kind: str) -> str:
    said = [str(spec["description"])] if spec.get("description") else []
    low, high = spec.get("minimum"), spec.get("maximum")
    if kind == "number" and low is not None and high is not None:
        said.append(f"From {low} to {high}.")
    elif kind == "number" and (low is not None or high is not None):
        said.append(f"At least {low}." if low is not None else f"At most {high}.")
    if spec.get("format") == "date-time":
        said.append("A date and time, as in 2026-05-14T11:00:00Z.")
    if kind == "json":
        example = '["one", "two"]' if _type(spec) == "array" else '{"name": "value"}'
        said.append(f"Write it as JSON, as in {example}.")
    return " ".join(said)


def _options(spec: dict[str, Any], value: str) -> list[Option]:
    return [Option(text, text, text == value) for text in map(_as_text, spec["enum"])]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
