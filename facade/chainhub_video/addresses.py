"""Tell where an http(s) address leads: to which origin, and whether to a machine of the local network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LOCAL_NETWORKS = [
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10",
    )
]  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return the scheme, host and port of an address, or None if it has none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None


def is_local(host: str) -> bool:
    """Return whether a host, by its name alone, is on this machine or its network.

    That is a loopback, private or link-local address, however it is written. The range 198.18.0.0/15 is not among them:
    some proxies on the caller's machine let every name resolve into it.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and is_local_address(address)


def is_local_address(address: IPAddress) -> bool:
    """Return whether an address is a loopback, private or link-local one, an IPv4 address within IPv6 included."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return any(address.version == block.version and address in block for block in _LOCAL_NETWORKS)


def resolves_locally(host: str) -> bool:
    """Return whether a host is, or has an address, on this machine or its network. May block."""
    return is_local(host) or any_local(addresses_of(host))


def addresses_of(host: str) -> list[str]:
    """Return the addresses of a host as text, none if it has none. May block."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(where[0]) for *_, where in found]


def any_local(addresses: Iterable[str]) -> bool:
    """Return whether any of some numeric addresses is local."""
    found = (_address(text.partition("%")[0]) for text in addresses)
    return any(address is not None and is_local_address(address) for address in found)


def _address(host: str) -> IPAddress | None:
    """Return a numeric address in any spelling that systems take, such as `127.1` or `0x7f000001`."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except (OSError, ValueError):
        return None
