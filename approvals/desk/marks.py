"""Text that others wrote, made safe to read: what is invisible or turns text round is shown."""

import unicodedata
from itertools import groupby

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

PLAIN_BREAKS = "\n\t"
ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and signs that draw nothing, and would make two different texts look alike.
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")


def is_odd(character: str) -> bool:
    if character in PLAIN_BREAKS:
        return False
    return character in BLANK or unicodedata.category(character) in ODD


def shown(text: str) -> SafeString:
    """Return the text escaped, with each odd character replaced by its number in a mark."""
    if text.isprintable() and text.isascii():
        return escape(text)
    pieces = groupby(text.replace("\r\n", "\n"), key=is_odd)
    parts = ["".join(map(_mark, run)) if odd else escape("".join(run)) for odd, run in pieces]
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped just above


def bare(text: str) -> str:
    """Return the text without odd characters and with single spaces: what a person would type."""
    return " ".join("".join(c for c in text if not is_odd(c)).split())


def _mark(character: str) -> SafeString:
    name = unicodedata.name(character, "a control character").lower()
    return format_html('<span class="odd" title="{}">U+{:}</span>', name, f"{ord(character):04X}")
