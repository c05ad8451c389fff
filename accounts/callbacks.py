"""Where we may call out to, told from the URL alone; whoever connects looks again, after DNS."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LONGEST = 2048
Ip = IPv4Address | IPv6Address
# Names that lead to this machine or to a cloud's metadata, whatever DNS says of them.
INSIDE = re.compile(
    r"localhost|.*\.(localhost|local|internal|home\.arpa)|metadata|instance-data", re.IGNORECASE
)
# What some resolvers read as an address: 2130706433, 0x7f.1, 127.1, 0177.0.0.1.
ODD_NUMBER = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)


def refuse_reason(url: str) -> str | None:
    """Return why we would not call this URL, or None. OUTGOING_HOSTS names the exceptions."""
    if len(url) > LONGEST:
        return f"The URL is longer than {LONGEST} characters."
    if any(ord(sign) <= 32 or ord(sign) == 127 or sign == "\\" for sign in url):
        return "The URL has spaces, control characters or backslashes in it."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is not a URL."
    if parts.scheme not in {"http", "https"} or not host:
        return "Write the URL as https://host/path."
    if parts.username is not None or parts.password is not None:
        return "The URL must not have a user name or password in it."
    return None if is_allowed(host) else _refuse_host(parts, host)


def is_allowed(host: str) -> bool:
    """Tell whether the operator named this host, whatever it is."""
    return host.lower().rstrip(".") in settings.OUTGOING_HOSTS


def _refuse_host(parts: SplitResult, host: str) -> str | None:
    if parts.scheme != "https":
        return "The URL must begin with https://."
    literal = _literal(host)
    if literal is not None:
        return None if literal.is_global and not literal.is_multicast else _inside(host)
    if ODD_NUMBER.fullmatch(host) or INSIDE.fullmatch(host.rstrip(".")) or "." not in host:
        return _inside(host)
    return None


def _literal(host: str) -> Ip | None:
    """Return the address a host is, also one that is wrapped into IPv6; None for a name."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        return wrapped or _nat64(found) or found
    return found


def _nat64(found: IPv6Address) -> IPv4Address | None:
    is_nat64 = int(found) >> 32 == int(IPv6Address("64:ff9b::")) >> 32
    return IPv4Address(int(found) & 0xFFFFFFFF) if is_nat64 else None


def _inside(host: str) -> str:
    return f"{host} is on an internal network. An operator can allow it with OUTGOING_HOSTS."
