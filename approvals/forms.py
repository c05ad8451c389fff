"""A gate's form: what was typed, turned into the types its JSON Schema names, and checked. Pure."""

import json
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError

from approvals.refusals import FormInvalid

MOST_FIELDS = 50
TRUE = {"true", "yes", "on", "1"}
FALSE = {"false", "no", "off", "0", ""}


class BadSchema(ValueError):
    """The form schema an agent sent cannot be used; the text says why."""


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse a form schema we could not evaluate safely. Raises: BadSchema.

    References and patterns are left out of what forms may use: a reference may point anywhere,
    and a pattern may take forever.
    """
    text = json.dumps(schema)
    if '"$ref"' in text or '"pattern"' in text or '"patternProperties"' in text:
        raise BadSchema("form_schema may not use $ref, pattern or patternProperties.")
    fields = schema.get("properties", {})
    if not isinstance(fields, dict) or len(fields) > MOST_FIELDS:
        raise BadSchema(
            f"form_schema.properties must be an object of at most {MOST_FIELDS} fields."
        )
    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as failure:
        raise BadSchema(f"form_schema is not a JSON Schema: {failure.message[:200]}") from failure


def coerce(schema: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Turn typed text into the schema's types; what does not fit stays text and fails the check.

    An empty text of an optional field counts as not given.
    """
    fields = schema.get("properties", {})
    required = schema.get("required", [])
    given = {
        name: value
        for name, value in data.items()
        if not (value == "" and name in fields and name not in required)
    }
    return {name: _coerced(fields.get(name, {}), value) for name, value in given.items()}


def check(
    schema: dict[str, Any], data: dict[str, Any], *, outcome: str, comment: str, advances: bool
) -> dict[str, Any]:
    """Return the coerced data. Raises: FormInvalid with a sentence for each field.

    Rejecting must always be possible, so a negative answer needs no field. The schema may ask for
    `outcome`, `comment` or `approved` as fields; they are filled from the answer.
    """
    coerced = coerce(schema, data)
    if not schema or not advances:
        return coerced
    whole = {"approved": True, **({"comment": comment} if comment else {}), "outcome": outcome}
    if errors := _sentences(schema, {**whole, **coerced}):
        raise FormInvalid(errors)
    return coerced


def _coerced(field: dict[str, Any], value: Any) -> Any:
    if not isinstance(value, str) or not isinstance(field, dict):
        return value
    kind = kind_of(field)
    text = value.strip()
    if kind == "boolean" and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    if kind in {"integer", "number", "array", "object"}:
        return _parsed(text, value)
    return value


def kind_of(field: dict[str, Any]) -> str:
    """Return the type a field is typed as: of several, the first that is not null."""
    named = field.get("type", "string")
    options = [named] if isinstance(named, str) else [n for n in named if n != "null"]
    return str(options[0]) if options else "string"


def _parsed(text: str, otherwise: str) -> Any:
    """Read JSON that was typed; what no database keeps (NaN, 1e999, NUL) stays the text it was."""
    try:
        value = json.loads(text)
        written = json.dumps(value, allow_nan=False, ensure_ascii=False)
        written.encode()  # Fails for half a surrogate pair.
    except (ValueError, RecursionError):
        return otherwise
    return otherwise if "\\u0000" in written else value


def _sentences(schema: dict[str, Any], data: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for failure in Draft7Validator(schema).iter_errors(data):
            for name, sentence in _said(failure):
                found.setdefault(name, sentence)
    except (TypeError, ValueError, OverflowError, RecursionError):
        # An agent's schema can ask for sums no machine does, such as a multiple of a huge number.
        found.setdefault("form", "cannot be checked with these values")
    return found


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _said(failure: ValidationError) -> list[tuple[str, str]]:
    if failure.validator == "required":
        given: Any = failure.instance
        missing = [name for name in _listed(failure.validator_value) if name not in given]
        return [(name, "is needed") for name in missing]
    name = str(failure.absolute_path[0]) if failure.absolute_path else "form"
    limit = failure.validator_value
    said = {
        "minimum": f"must be at least {limit}",
        "maximum": f"must be at most {limit}",
        "minLength": f"must have at least {limit} characters",
        "maxLength": f"must have at most {limit} characters",
        "enum": f"must be one of: {', '.join(map(str, limit)) if isinstance(limit, list) else ''}",
        "type": f"must be a {limit}",
    }
    return [(name, said.get(str(failure.validator), failure.message[:200]))]
