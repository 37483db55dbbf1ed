"""Let a process look up and contact its own machine only: the interpreter itself tells of each attempt.

An attempt is refused before it happens, and written into a record, so that whoever made it cannot hide it. Child
processes install this before they import anything else, and some measure what they import: it imports next to nothing.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_CONTACTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOK_UPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_OWN_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_IP = frozenset({"AF_INET", "AF_INET6"})
_record = ""
_loopback = True


class NetworkRefused(AssertionError):
    """A contact or a look-up beyond this machine; the message names where to."""


def install(record: str) -> None:
    """Guard this process from now on.

    Args:
        record: path of the file that takes one line for each refused attempt.
    """
    global _record  # an audit hook is for ever, and for the whole process
    if (earlier := _earlier()) is not None:
        earlier.install(record)
    elif not _record:
        sys.addaudithook(_hear)
    _record = record


def allow_loopback(allowed: bool) -> None:
    """Let this process reach its own machine, or refuse that as well, with its names and Unix sockets."""
    global _loopback
    if (earlier := _earlier()) is not None:
        earlier.allow_loopback(allowed)
    _loopback = allowed


def _earlier() -> Any:
    """Return this module as sitecustomize has imported it, by another name; None if that is this one, or none."""
    earlier = sys.modules.get("network_guard")
    return None if earlier is None or earlier.__dict__ is globals() else earlier


def refusals() -> list[str]:
    """Return the attempts that were refused since the last time, here and in child processes, and forget them."""
    with open(_record, "r+", encoding="utf-8") as file:  # noqa: PTH123 - see the top
        lines = file.read().splitlines()
        file.truncate(0)
    return lines


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CONTACTS:
        one, address = arguments[0], arguments[1]
        if address is None:
            return  # the other end was contacted, and looked at, before
        if one.family.name not in _IP:  # the other end is on this machine
            if not _loopback:
                _refuse(event, _text(address), one)
        elif not (_loopback and _is_loopback(address[0])):
            _refuse(event, f"{_text(address[0])} port {address[1]}", one)
    elif event in _LOOK_UPS:
        host = arguments[0][0] if event == "socket.getnameinfo" else arguments[0]
        if host is not None and not (_loopback and _is_known(host)):
            _refuse(event, _text(host))


def _refuse(event: str, where: str, one: Any = None) -> None:
    if one is not None:
        one.close()  # whoever is refused in this way seldom does
    attempt = f"{where} ({event})"
    if not _loopback:
        attempt += ", and this test may make no connection without @pytest.mark.network"
    # A file is opened like this where `open` itself may have been replaced.
    descriptor = os.open(_record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, ascii(attempt)[1:-1].encode() + b"\n")
    finally:
        os.close(descriptor)
    raise NetworkRefused(f"contacted {attempt}: {ADVICE}")


ADVICE = "tests reach the loopback only; answer it from a transport or a resolver that records"


def _text(host: Any) -> str:
    return os.fsdecode(host) if isinstance(host, bytes) else str(host)


def _is_loopback(host: Any) -> bool:
    """Return whether an address leads to this machine alone."""
    import ipaddress

    name = _text(host).lower()
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name in _OWN_NAMES
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_known(host: Any) -> bool:
    """Return whether a look-up asks nobody: for a number, or for a name of this machine."""
    import ipaddress

    name = _text(host).lower().rstrip(".")
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name in _OWN_NAMES or name == _own_name()
    return True


def _own_name() -> str:
    import socket

    return socket.gethostname().lower()
