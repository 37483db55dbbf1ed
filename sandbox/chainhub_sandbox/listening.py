"""The addresses a sandbox listens on, and why it sometimes cannot."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

BACKLOG = 2048
"""How many connections may wait to be accepted."""


class SandboxError(Exception):
    """The sandbox cannot start; the message says why and what to do."""


class PortInUse(SandboxError):
    """Another program listens on the port."""


def listen(host: str, ports: tuple[int, ...]) -> list[socket.socket]:
    """One listening socket a port, or none at all.

    Raises:
        PortInUse: another program listens on one of the ports.
        SandboxError: the host or a port cannot be used.
    """
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            sockets.append(bind(host, port))
            sockets[-1].listen(BACKLOG)
    except BaseException:
        for listening in sockets:
            listening.close()
        raise
    return sockets


def bind(host: str, port: int) -> socket.socket:
    """A socket that has an address, and does not listen yet: connections to it are refused.

    Raises:
        PortInUse: another program listens on the port.
        SandboxError: the host or the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio turn Nagle's delay off, which costs 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Elsewhere this option would let two programs share the port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is in use: choose another, or 0 for any free one"
            ) from error
        raise SandboxError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    except OverflowError as error:
        listening.close()
        raise SandboxError(f"port {port}: a port is a number from 0 to 65535") from error
    return listening


async def shut_down(listener: asyncio.Server) -> None:
    """Closes a running listener, and loses nobody.

    asyncio cannot make a transport for somebody whom a listener accepts in the moment in which it is closed, and leaves
    what it has made of it to the garbage collector.
    """
    loop = asyncio.get_running_loop()
    for listening in listener.sockets:
        loop.remove_reader(listening.fileno())
    await asyncio.sleep(0)
    listener.close()


def origin(host: str, listening: socket.socket) -> str:
    """The address that a client on this machine reaches a listening socket at."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    return f"http://{bracketed}:{listening.getsockname()[1]}"
