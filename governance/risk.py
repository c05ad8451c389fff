"""How grave a request is. Pure: what the asker says, raised by what we know, never lowered."""

from enum import StrEnum
from typing import Any


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Risk).index(self)

    @property
    def is_grave(self) -> bool:
        """Grave requests ask the person once more, and are never decided from a mail."""
        return self.rank >= Risk.HIGH.rank


WORDS = {
    "low": Risk.LOW,
    "minor": Risk.LOW,
    "medium": Risk.MEDIUM,
    "moderate": Risk.MEDIUM,
    "high": Risk.HIGH,
    "severe": Risk.HIGH,
    "critical": Risk.CRITICAL,
}


def assess(*sources: dict[str, Any], floor: Risk = Risk.LOW) -> Risk:
    """Return the gravest risk any source states under `risk` or `risk_level`, at least `floor`."""
    stated = [
        WORDS.get(str(source.get(name, "")).strip().lower(), Risk.LOW)
        for source in sources
        for name in ("risk", "risk_level")
    ]
    return max([floor, *stated], key=lambda risk: risk.rank)
