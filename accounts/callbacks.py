"""Whether we would ever call an address an agent or an integrator gives us. Pure: asks no DNS.

What a name leads to is checked again on every single call, by the transport that makes it.
"""

from urllib.parse import urlsplit

from django.conf import settings

from accounts.networks import is_named, is_public, literal

LONGEST_URL = 2048
# Names that never leave the machine or the site, whatever a resolver says.
LOCAL = ("localhost", ".localhost", ".local", ".internal", ".localdomain", ".home.arpa")


def refuse_reason(url: str) -> str | None:
    """Return why this callback address is refused, as a sentence, or None when it may be kept."""
    if len(url) > LONGEST_URL:
        return f"A callback address has at most {LONGEST_URL} characters."
    if not url.isascii() or not url.isprintable() or " " in url:
        return "A callback address has printable ASCII characters only; encode the others."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is not an address: write https://host/path."
    if parts.scheme not in {"http", "https"} or not host:
        return "This is not an address: write https://host/path."
    if parts.username is not None or parts.password is not None:
        return "A callback address carries no user name or password."
    return _refuse_host(parts.scheme, host)


def _refuse_host(scheme: str, host: str) -> str | None:
    address = literal(host)
    if is_named(host, address, allowed=settings.OUTGOING_HOSTS):
        return None
    if scheme != "https":
        return "A callback address begins with https://, unless OUTGOING_HOSTS names its host."
    if address is not None and not is_public(address):
        return f"{host} is a private address; OUTGOING_HOSTS can allow it."
    if _is_local(host.lower().rstrip(".")) or _is_odd_number(host):
        return f"{host} is not a host on the internet; OUTGOING_HOSTS can allow it."
    return None


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(LOCAL[1:]) or ("." not in host and ":" not in host)


def _is_odd_number(host: str) -> bool:
    """Resolvers read 0x7f.1 and 127.1 as addresses; nobody writes a public host that way."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return literal(host) is None and (last.isdigit() or last.startswith("0x"))
