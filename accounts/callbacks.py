"""Whether a URL that we are asked to call may be one at all. Pure; its name is looked up later."""

from ipaddress import ip_address
from urllib.parse import urlsplit

LONGEST_URL = 2048
# Names that stand for this machine or for the cloud's own metadata, whatever they resolve to.
NEAR = ("localhost", "localhost.localdomain", "metadata", "metadata.google.internal")


def refuse_reason(url: str) -> str | None:
    """Return why we would never call this URL, or None when nothing speaks against it."""
    if len(url) > LONGEST_URL or any(c.isspace() or not c.isprintable() for c in url):
        return f"write a URL of at most {LONGEST_URL} visible characters"
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "write a complete URL, such as https://example.com/hook"
    if parts.scheme != "https" or not host:
        return "write a URL that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "write it without a name and password; calls are signed instead"
    return _refuse_host(host)


def _refuse_host(host: str) -> str | None:
    if host in NEAR or host.endswith((".localhost", ".internal", ".local")):
        return "write an address outside of this server's own network"
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        # Numbers in other spellings (0x7f.1, 2130706433) are addresses to some resolvers.
        last = host.rsplit(".", 1)[-1]
        is_number = last.isdigit() or last.startswith("0x")
        return "write the address in its usual form" if is_number else None
    inner = getattr(address, "ipv4_mapped", None) or address
    is_public = inner.is_global and not inner.is_multicast
    return None if is_public else "write an address outside of this server's own network"
