"""HTTP to machines of others: one POST, to an address that was checked, within ten seconds.

Whoever gives us a callback address must not be able to make us call a machine of our own network,
follow a redirect to one, or wait for ever.
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import ip_address
from socket import SOCK_STREAM, create_connection, getaddrinfo
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from accounts.callbacks import refuse_reason
from accounts.networks import is_named, is_public
from events.transports import TransportError
from events.transports.wire import Wire

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 4.0
PORTS = {"http": 80, "https": 443}

# Returns the addresses of a host, as text.
Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Call:
    """A POST ready to go."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in getaddrinfo(host, port, type=SOCK_STREAM)]


def send(call: Call, *, resolve: Resolve = look_up, within: float = TOTAL_SECONDS) -> int:
    """Make the call and return its status, which is 2xx.

    Raises: TransportError; permanent when the address is one we never call.
    """
    if reason := refuse_reason(call.url):
        raise TransportError(reason, permanent=True)
    parts, ends_at = urlsplit(call.url), time.monotonic() + within
    address = _address(parts, resolve, ends_at=ends_at)
    try:
        status = _exchange(parts, address, call, ends_at=ends_at)
    except TimeoutError as failure:
        raise TransportError(f"No answer within {within:g} s.") from failure
    except (OSError, HTTPException, ValueError) as failure:
        raise TransportError(_said(failure)) from failure
    if not 200 <= status < 300:
        raise TransportError(_meaning(status), status=status)
    return status


def _address(parts: SplitResult, resolve: Resolve, *, ends_at: float) -> str:
    """Return the one address to connect to. Nobody looks the name up again after this check."""
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    try:
        found = _look_up_in_time(resolve, host, port, ends_at=ends_at)
    except (OSError, TimeoutError, UnicodeError) as failure:
        raise TransportError(f"{host} was not found: {_said(failure)}.") from failure
    if not found:
        raise TransportError(f"{host} was not found.")
    for text in found:
        address = ip_address(text.partition("%")[0])
        if is_named(host, address, allowed=settings.OUTGOING_HOSTS) or is_public(address):
            return text
    raise TransportError(f"{host} leads to a private address, which is not called.", permanent=True)


def _look_up_in_time(resolve: Resolve, host: str, port: int, *, ends_at: float) -> list[str]:
    """The system's resolver knows no deadline: leave it to a thread that we stop waiting for."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(host, port))
        except Exception as failure:  # It is raised where it is waited for.
            answer.set_exception(failure)

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    return answer.result(max(0.0, ends_at - time.monotonic()))


def _exchange(parts: SplitResult, address: str, call: Call, *, ends_at: float) -> int:
    """Send the request and read the head of the answer. Its body is of no interest to us."""
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    patience = min(CONNECT_SECONDS, ends_at - time.monotonic())
    with create_connection((address, port), timeout=max(0.001, patience)) as plain:
        plain.settimeout(max(0.001, ends_at - time.monotonic()))
        sock = _tls().wrap_socket(plain, server_hostname=host) if _is_tls(parts) else plain
        wire = Wire(sock, ends_at=ends_at)
        connection = HTTPConnection(host, port)
        connection.sock = wire  # All that it needs of a socket.
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "Assent", "Connection": "close", **call.headers}
        connection.request("POST", target, call.body, headers | {"Host": _host(parts)})
        answer: HTTPResponse = connection.getresponse()
        return answer.status


def _host(parts: SplitResult) -> str:
    """Return what the Host header says: the host as it was written, its port if it is unusual."""
    return parts.netloc.rpartition("@")[2]


def _is_tls(parts: SplitResult) -> bool:
    return parts.scheme == "https"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _meaning(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}, a redirect, which is not followed."
    return f"It answered {status}."


def _said(failure: BaseException) -> str:
    text = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
    return str(text)[:300]
