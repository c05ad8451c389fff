"""Prints what was measured: one table, each line with its ratio or its first goal."""

from collections.abc import Sequence


class Table:
    """Lines of a name, a figure for each server, and what it is held against; printed as made."""

    WIDTHS = (38, 18, 18, 44)

    def __init__(self, *columns: str) -> None:
        self._line(*columns)
        print("-" * sum(self.WIDTHS), flush=True)

    def add(self, name: str, *figures: str, note: str = "") -> None:
        self._line(name, *figures, *[""] * (2 - len(figures)), note)

    def _line(self, *cells: str) -> None:
        padded = (cell.ljust(width) for cell, width in zip(cells, self.WIDTHS, strict=True))
        print("".join(padded).rstrip(), flush=True)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
