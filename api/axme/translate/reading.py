"""Reads untrusted JSON objects field by field; what does not fit is noted with its path. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

LONGEST_WAIT = 31_536_000


@dataclass(frozen=True, slots=True)
class Reader:
    """One JSON object, where it stands, and the list of what is wrong. "" and null are absent."""

    given: dict[str, Any]
    path: str
    errors: list[str]

    def refuse(self, name: str, hint: str) -> None:
        self.errors.append(f"{self.at(name)}: {hint}")

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def raw(self, *names: str) -> tuple[str, Any]:
        """Return the first of these fields that is there, by its name, or the first name."""
        for name in names:
            if self.given.get(name) not in (None, ""):
                return name, self.given[name]
        return names[0], None

    def text(self, *names: str, most: int, least: int = 0) -> str:
        """Return a text; `least` above zero makes it required."""
        name, value = self.raw(*names)
        if value is None and not least:
            return ""
        if not isinstance(value, str) or not least <= len(value.strip()) <= most:
            wanted = f"write a text of {max(least, 1)} to {most} characters"
            self.refuse(name, wanted if value is not None else f"is missing; {wanted}")
            return ""
        return value.strip()

    def number(self, name: str, *, least: int = 1, most: int = LONGEST_WAIT) -> int | None:
        _, value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(name, f"write a whole number from {least} to {most}")
            return None
        return value

    def flag(self, name: str) -> bool:
        _, value = self.raw(name)
        if value is not None and not isinstance(value, bool):
            self.refuse(name, "write true or false")
        return value is True

    def choice(self, name: str, known: Collection[str], default: str) -> str:
        _, value = self.raw(name)
        if value is None:
            return default
        if value not in known:
            self.refuse(name, f"write one of: {', '.join(known)}")
        return str(value)

    def object(self, *names: str) -> dict[str, Any]:
        """Return an object field as it is; an absent one is empty."""
        name, value = self.raw(*names)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.refuse(name, "write a JSON object")
            return {}
        return value

    def inside(self, *names: str) -> "Reader":
        """Return a reader of an object field."""
        return Reader(self.object(*names), self.at(self.raw(*names)[0]), self.errors)

    def each(self, *names: str, most: int) -> Iterator["Reader"]:
        """Yield a reader for each object in a list field."""
        name, value = self.raw(*names)
        if value is None:
            return
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"write a list of at most {most}")
            return
        for number, item in enumerate(value):
            if isinstance(item, dict):
                yield Reader(item, f"{self.at(name)}[{number}]", self.errors)
            else:
                self.refuse(f"{name}[{number}]", "write a JSON object")
