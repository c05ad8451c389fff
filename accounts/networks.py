"""Which addresses are out on the internet, and which are ours to protect. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Forms of IPv6 that carry an IPv4 address, and so could lead to any machine of ours.
CARRIERS = [
    ip_network(text)
    for text in (
        "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "2001::/32", "2002::/16", "fec0::/10",
    )
]  # fmt: skip


def is_public(address: Address) -> bool:
    """Tell whether this is a machine out on the internet, reachable as itself and nothing else."""
    if address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return address.is_global and not any(address in each for each in CARRIERS)


def literal(host: str) -> Address | None:
    """Return the address a host is written as, or None when it is a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_named(host: str, address: Address | None, *, allowed: Iterable[str]) -> bool:
    """Tell whether an operator named this host, its address or a network it is in."""
    wanted = host.lower().rstrip(".")
    for entry in allowed:
        if wanted == entry.lower().rstrip("."):
            return True
        network = _network(entry)
        if address is not None and network is not None and address in network:
            return True
    return False


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
