"""Which kinds of file we take, how their first bytes give them away, what may be shown. Pure."""

import codecs
from collections.abc import Callable

HEAD_BYTES = 4096
OFFICE = "application/vnd.openxmlformats-officedocument."
Looks = Callable[[bytes], bool]


def _starts(*marks: bytes) -> Looks:
    return lambda head: head.startswith(marks)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_text(head: bytes) -> bool:
    """Tell whether this is UTF-8 without control characters; the last letter may be cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text)


# HTML and SVG are not here on purpose: they are programs, and nobody needs them as evidence.
KINDS: dict[str, Looks] = {
    "image/png": _starts(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": _starts(b"\xff\xd8\xff"),
    "image/gif": _starts(b"GIF87a", b"GIF89a"),
    "image/webp": _is_webp,
    "application/pdf": _starts(b"%PDF-"),
    "application/zip": _starts(b"PK\x03\x04", b"PK\x05\x06"),
    "application/gzip": _starts(b"\x1f\x8b"),
    "application/json": _is_text,
    "text/plain": _is_text,
    "text/csv": _is_text,
    "text/markdown": _is_text,
    OFFICE + "wordprocessingml.document": _starts(b"PK\x03\x04"),
    OFFICE + "spreadsheetml.sheet": _starts(b"PK\x03\x04"),
    OFFICE + "presentationml.presentation": _starts(b"PK\x03\x04"),
}
# What a browser may show in place, and as what: text is text, whatever markup is in it.
SHOWN = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "application/pdf": "application/pdf",
    "application/json": "text/plain; charset=utf-8",
    "text/plain": "text/plain; charset=utf-8",
    "text/csv": "text/plain; charset=utf-8",
    "text/markdown": "text/plain; charset=utf-8",
}


def plain(mime_type: str) -> str:
    """Return the kind without its parameters: `text/plain; charset=utf-8` is text/plain."""
    return mime_type.split(";")[0].strip().lower()


def is_taken(mime_type: str) -> bool:
    return mime_type in KINDS


def looks_like(mime_type: str, head: bytes) -> bool:
    """Tell whether the first bytes are those of this kind."""
    return KINDS[mime_type](head)


def safe_name(filename: str) -> str:
    """Return a file name without folders, controls and tricks; never empty."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip(" .")[:255] or "file"
