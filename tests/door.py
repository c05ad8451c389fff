"""A door in front of a server: counts the streams opened through it, and holds the rest of the
world while the server restarts, as the proxy of a rolling restart does.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

STREAM = re.compile(rb"GET /v1/\S+/stream\?\S*wait_seconds=(\d+)")


class Door:
    """Passes bytes on in both directions. `asked` has the wait_seconds of every stream opened."""

    def __init__(self, url: str) -> None:
        self._behind = ("127.0.0.1", urlsplit(url).port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked: list[int] = []
        self._leading: list[threading.Thread] = []

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # It was closed: the test is over.
            while True:
                visitor, _ = self._listening.accept()
                self._leading.append(threading.Thread(target=self._lead, args=[visitor]))
                self._leading[-1].start()

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._leading:
            thread.join(timeout=10)

    def _lead(self, visitor: socket.socket) -> None:
        with visitor, self._reach() as server:
            back = threading.Thread(target=_pass_on, args=[server, visitor])
            back.start()
            _pass_on(visitor, server, note=self._note)
            back.join()

    def _reach(self) -> socket.socket:
        """Knock until somebody opens: a restart takes seconds."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return socket.create_connection(self._behind)  # type: ignore[arg-type]
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _note(self, sent: bytes) -> None:
        self.asked += [int(seconds) for seconds in STREAM.findall(sent)]


def _pass_on(source: socket.socket, target: socket.socket, *, note=lambda sent: None) -> None:
    with contextlib.suppress(OSError):
        while sent := source.recv(65536):
            note(sent)
            target.sendall(sent)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def door(url: str) -> Iterator[Door]:
    opened = Door(url)
    serving = threading.Thread(target=opened.serve, daemon=True)
    serving.start()
    try:
        yield opened
    finally:
        opened.close()
        serving.join(timeout=10)
