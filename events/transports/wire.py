"""A socket with one deadline for everything: a peer that sends a byte a second gains nothing."""

import io
import socket
import time
from typing import Any

CHUNK = 16_384


class Wire:
    """As much of a socket as an HTTP connection needs."""

    def __init__(self, sock: socket.socket, *, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at

    def sendall(self, data: Any) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._in_time().send(rest[:CHUNK]) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        self._sock.close()

    def receive_into(self, buffer: Any) -> int:
        return self._in_time().recv_into(buffer)

    def _in_time(self) -> socket.socket:
        """Give the socket as long as is left. Raises: TimeoutError when nothing is."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._sock


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(buffer)
