"""Serve both origins with uvicorn's HTTP protocol: listeners, connections, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import MutableMapping, Sequence
from email.utils import formatdate
from functools import partial
from typing import Any, cast

from starlette.types import ASGIApp, Message
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from chainhub_sandbox.errors import PortInUse, SandboxError

HEADERS = ((b"server", b"chainhub-sandbox"), (b"x-chainhub-sandbox", b"1"))
"""Headers of every answer, so that it is not taken for production's."""

_BACKLOG = 2048
_GRACE_SECONDS = 1.0
"""How long answers that are under way may still take when the server stops."""

# SO_LINGER on, with no time to linger: closing then sends RST and drops what was not sent yet.
_NO_LINGER = struct.pack("ii", 1, 0)


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket that does not listen yet: connections to it are refused.

    Raises:
        PortInUse: another program listens on the port.
        SandboxError: the host or the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With IPPROTO_TCP asyncio sets TCP_NODELAY; without, Nagle's algorithm costs 40 ms an answer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this option lets two programs share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        if isinstance(error, OverflowError):
            raise SandboxError(f"port {port}: a port is a number from 0 to 65535") from error
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is in use, perhaps by another sandbox: choose another port, "
                "or 0 for any free one"
            ) from error
        raise SandboxError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return bound


def listen(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """Return one listening socket per port; raises what `bind` raises, and then leaves none open."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(bind(host, port)) for port in ports]
        for listening in sockets:
            listening.listen(_BACKLOG)
        opened.pop_all()
    return sockets


def url_of(host: str, listening: socket.socket) -> str:
    """Return the URL at which a client on this machine reaches a listening socket."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    return f"http://{bracketed}:{port_of(listening)}"


def port_of(bound: socket.socket) -> int:
    """Return the port of a bound socket."""
    return int(bound.getsockname()[1])


class Connection(H11Protocol):
    """A client's connection, in the scope of each of its requests, so that faults can end it.

    Attributes:
        lost: set when it is gone.
        hanging: whether a request waits for nothing but the client's leaving.
    """

    def __init__(self, config: Config, server_state: ServerState) -> None:
        super().__init__(config, server_state, {})
        self.lost = asyncio.Event()
        self.hanging = False
        self.app = self._respond

    async def _respond(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [*HEADERS, (b"date", formatdate(usegmt=True).encode())]
                if not self.cycle.keep_alive:  # else the client may send its next request in vain
                    more.append((b"connection", b"close"))
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        app = cast("ASGIApp", self.config.loaded_app)
        await app({**scope, "connection": self}, receive, send_marked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        super().connection_lost(exc)
        self.lost.set()

    async def until_lost(self) -> None:
        """Wait until the client has left, or the server stops."""
        self.hanging = True
        try:
            await self.lost.wait()
        finally:
            self.hanging = False

    @property
    def port(self) -> int | None:
        """The server's port."""
        return self.server[1] if self.server else None

    def spare(self) -> None:
        """Keep it open after the answer that is under way, unless the answer says otherwise."""
        if self.cycle is not None:
            self.cycle.keep_alive = True

    def reset(self) -> None:
        """Send RST at once."""
        end: socket.socket = self.transport.get_extra_info("socket")
        if end.fileno() >= 0:  # the client may have been quicker
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


def connection_of(scope: MutableMapping[str, Any]) -> Connection | None:
    """Return the connection that a request came on; None if it is gone, or came without a server."""
    connection: Connection | None = scope.get("connection")
    return None if connection is None or connection.lost.is_set() else connection


class Server:
    """Serves one application per listening socket. All methods are for its event loop.

    It starts and stops in milliseconds, where `uvicorn.Server` polls in tenths of a second, and
    can refuse connections to a port for a while.

    Args:
        host: the address of the sockets.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._state = ServerState()
        self._configs: dict[int, Config] = {}
        self._listeners: dict[int, asyncio.Server] = {}
        self._refusing: dict[int, socket.socket] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}
        self._lock = asyncio.Lock()

    def _connections(self, port: int | None = None) -> list[Connection]:
        """Return all open connections, or those to a port."""
        found = [cast("Connection", each) for each in self._state.connections]
        return [each for each in found if port is None or each.port == port]

    async def start(self, apps: Sequence[tuple[socket.socket, ASGIApp]]) -> None:
        """Serve each application on its socket."""
        for listening, app in apps:
            self._configs[port_of(listening)] = Config(
                app,
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
            )
            await self._accept(listening)

    async def refuse(self, port: int, seconds: float) -> None:
        """Refuse connections to a port for some seconds; idle ones end, others after their answer."""
        async with self._lock:
            if port in self._refusing:
                self._timers[port].cancel()
            else:
                await _close(self._listeners.pop(port))
                # Bound, but not listening: no other program gets the port meanwhile.
                self._refusing[port] = bind(self._host, port)
            self._timers[port] = asyncio.create_task(self._accept_again(port, seconds))
        for connection in self._connections(port):
            if (
                connection.cycle is not None
            ):  # else its first request is on the way, and would be lost
                connection.shutdown()

    async def accept_all(self) -> None:
        """Accept connections again wherever they are refused."""
        for port in list(self._refusing):
            await self._accept_again(port)

    async def stop(self) -> None:
        """Accept nothing more, let answers end that soon do, and break off the others."""
        async with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            for bound in self._refusing.values():
                bound.close()
            self._refusing.clear()
            for listener in self._listeners.values():
                await _close(listener)
        for connection in self._connections():
            if connection.hanging:
                connection.reset()
            else:
                connection.shutdown()
        await self._until_idle()
        for task in list(self._state.tasks):
            task.cancel()
        # The leaving of a client that was killed goes unnoticed while its bytes are not read.
        for connection in self._connections():
            connection.transport.abort()
        await self._until_idle()

    async def _accept(self, bound: socket.socket) -> None:
        port = port_of(bound)
        listener = await asyncio.get_running_loop().create_server(
            partial(Connection, self._configs[port], self._state),
            sock=bound,
            backlog=_BACKLOG,
            start_serving=False,  # else a cancellation could leave it open and unknown
        )
        self._listeners[port] = listener
        await listener.start_serving()

    async def _accept_again(self, port: int, seconds: float = 0.0) -> None:
        await asyncio.sleep(seconds)
        async with self._lock:
            if port in self._refusing:
                timer = self._timers.pop(port)
                if timer is not asyncio.current_task():
                    timer.cancel()
                await self._accept(self._refusing.pop(port))
                for connection in self._connections(port):
                    connection.spare()

    async def _until_idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                for connection in self._connections():
                    await connection.lost.wait()
                while tasks := list(self._state.tasks):
                    await asyncio.wait(tasks)


async def _close(listener: asyncio.Server) -> None:
    """Close a listener without losing a connection.

    asyncio makes no transport for a connection that is accepted at the moment of closing, and
    leaves its protocol to the garbage collector.
    """
    loop = asyncio.get_running_loop()
    for listening in listener.sockets:
        loop.remove_reader(listening.fileno())
    await asyncio.sleep(0)
    listener.close()
