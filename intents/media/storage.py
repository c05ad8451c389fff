"""Where the bytes are: a folder under DATA_DIR, or a bucket. Knows no rows."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from intents.media.kinds import HEAD_BYTES

CHUNK_BYTES = 256 * 1024


@dataclass
class Incoming:
    """Bytes on their way in: counted and digested while they go to a temporary file."""

    file: IO[bytes]
    size: int = 0
    head: bytes = b""
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)
        self.head += chunk[: HEAD_BYTES - len(self.head)]

    @property
    def sha256(self) -> str:
        return str(self.digest.hexdigest())


@contextlib.contextmanager
def receiving() -> Iterator[Incoming]:
    """Yield a place for bytes that is gone afterwards, whatever happened to them."""
    folder = Path(settings.DATA_DIR) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    # It has no name: should this process be killed, the system takes it back.
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Incoming(file)


def keep(incoming: Incoming, folder: str) -> str:
    """Put the bytes into the storage and return their name there, which nothing else ever has."""
    incoming.file.seek(0)
    name = storage().save(f"{folder}/{uuid4().hex}", File(incoming.file))
    _onto_disk(name)
    return name


def read(name: str) -> Iterator[bytes]:
    """Yield the bytes, a piece at a time."""
    with storage().open(name, "rb") as file:
        yield from file.chunks(CHUNK_BYTES)


def remove(name: str) -> None:
    storage().delete(name)


def remove_all(folder: str) -> None:
    """Remove whatever is in a folder, also what a killed process left unnamed there."""
    with contextlib.suppress(FileNotFoundError):
        for name in storage().listdir(folder)[1]:
            remove(f"{folder}/{name}")


def storage() -> Storage:
    return storages["media"]


def _onto_disk(name: str) -> None:
    """Let the bytes survive a power cut, as rows do. A bucket sees to that itself."""
    if isinstance(kept := storage(), FileSystemStorage):
        with Path(kept.path(name)).open("rb") as file:
            os.fsync(file.fileno())


def bucket() -> str:
    """Return what the protocol calls the place: the bucket's name, or ours for the folder."""
    return str(getattr(storage(), "bucket_name", "assent-media"))
