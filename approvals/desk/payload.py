"""A payload as rows a person can read: nothing is left out, long values are folded. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 400
DEEPEST = 6
FOLD_AFTER = 320
LONGEST_TITLE, LONGEST_HINT = 80, 200
FIRST_LINES = 3
CODE = re.compile(r"\S{33,}")
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s]+")
LOOKS_TYPED = re.compile(r"yes|no|true|false|null|none|empty", re.IGNORECASE)


Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a payload we are, and what its type says of that place."""

    path: str = ""
    parents: tuple[str, ...] = ()
    schema: Schema = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One value: where it stands, its name in words, and the whole of it."""

    path: str
    parents: str
    name: str
    text: str
    is_quiet: bool = False
    hint: str = ""

    @property
    def is_code(self) -> bool:
        return CODE.fullmatch(self.text) is not None

    @property
    def is_long(self) -> bool:
        return len(self.text) > FOLD_AFTER or self.text.count("\n") > FIRST_LINES

    @property
    def first(self) -> str:
        """The beginning of a long value; the whole is beneath the fold."""
        return "\n".join(self.text.split("\n")[:FIRST_LINES])[:FOLD_AFTER]

    @property
    def size(self) -> str:
        lines = self.text.count("\n") + 1
        return f"{lines:,} lines" if lines > FIRST_LINES else f"{len(self.text):,} characters"


@dataclass(frozen=True, slots=True)
class Readable:
    """A payload's rows, its JSON, and how many values did not become rows."""

    rows: list[Row]
    raw: str
    more: int

    @property
    def count(self) -> int:
        return len(self.rows) + self.more


def readable(value: Any, schema: Schema | None = None) -> Readable:
    """Return all values as rows; past the limit they are counted, and the JSON has them all.

    The schema of a registered type gives names, explanations and an order; it hides nothing.
    """
    at = Place(schema=schema or {})
    rows = list(_rows(value, at)) if value not in ({}, None) else []
    raw = json.dumps(value, indent=2, ensure_ascii=False)
    return Readable(rows[:MOST_ROWS], raw, max(0, len(rows) - MOST_ROWS))


def human(name: str) -> str:
    """Return a field's name in words: `order_id` is "Order id"."""
    words = " ".join(word for word in WORDS.split(str(name)) if word)
    lowered = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words.split())
    return lowered[:1].upper() + lowered[1:] or str(name)


def highlights(whole: Readable, *, most: int = 3) -> tuple[list[tuple[str, str]], int]:
    """Return the first short values at the top of a payload, and how many values are left."""
    short = [row for row in whole.rows if not row.parents and not row.is_quiet and _is_short(row)]
    chosen = [(row.name[:1].lower() + row.name[1:], row.text) for row in short[:most]]
    return chosen, whole.count - len(chosen)


def _is_short(row: Row) -> bool:
    return len(row.text) <= 40 and len(row.name) <= 24 and "\n" not in row.text


def _rows(value: Any, at: Place) -> Iterator[Row]:
    if isinstance(value, dict) and value and len(at.parents) < DEEPEST:
        names = _names(value, at.schema)
        for key in _ordered(value, at.schema):
            inside = f"{at.path}.{key}" if at.path else str(key)
            spec = _spec(at.schema, key)
            yield from _rows(value[key], Place(inside, (*at.parents, names[key]), spec))
    elif isinstance(value, list) and value and len(at.parents) < DEEPEST:
        spec = _object(at.schema.get("items"))
        for number, inner in enumerate(value):
            inside = f"{at.path}[{number}]"
            yield from _rows(inner, Place(inside, (*at.parents, str(number + 1)), spec))
    else:
        *above, name = at.parents or ("Value",)
        text, is_quiet = _text(value)
        hint = str(at.schema.get("description") or "")[:LONGEST_HINT]
        yield Row(at.path, " · ".join(above), name, text, is_quiet, hint)


def _ordered(value: dict[str, Any], schema: Schema) -> list[str]:
    """Return the keys in the order of the schema, then the others as they were sent."""
    known = [key for key in _object(schema.get("properties")) if key in value]
    return [*known, *(key for key in value if key not in known)]


def _spec(schema: Schema, key: str) -> Schema:
    return _object(_object(schema.get("properties")).get(key))


def _object(value: Any) -> Schema:
    return value if isinstance(value, dict) else {}


def _names(value: dict[str, Any], schema: Schema) -> dict[str, str]:
    """Return the names in words, or exactly as sent where two would look the same."""
    titles = {key: str(_spec(schema, key).get("title") or "")[:LONGEST_TITLE] for key in value}
    said = {key: titles[key] or human(key) for key in value}
    taken = Counter(said.values())
    return {key: word if taken[word] == 1 else key for key, word in said.items()}


def _text(value: Any) -> tuple[str, bool]:
    """Return a value as text, and whether it is our word for it rather than the value's own."""
    if isinstance(value, bool):
        return "Yes" if value else "No", False
    if isinstance(value, str):
        text = value.replace("\r\n", "\n")
        quoted = LOOKS_TYPED.fullmatch(text) or text != text.strip()
        return (f"“{text}”", False) if quoted and text else (text or "empty", not text)
    if value is None or value in ({}, []):
        return "nothing", True
    return json.dumps(value, ensure_ascii=False), False
