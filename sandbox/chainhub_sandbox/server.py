"""Serve both origins with uvicorn: listeners, connections, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from chainhub_sandbox.answers import MARKS
from chainhub_sandbox.errors import PortInUse, SandboxError

BACKLOG = 2048
"""How many connections may wait to be accepted."""


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


# On, with no time to linger: closing then sends RST and drops what was not sent yet.
_ABRUPTLY = struct.pack("ii", 1, 0)
_Ends = tuple[str, int, int]


class Wire:
    """One connection of a client.

    Attributes:
        port: of the origin it was made to.
        lost: set when it is gone.
        busy: how many of its requests are being answered.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]
        self.lost = asyncio.Event()
        self.busy = 0
        self._hangs = False

    async def abandoned(self) -> None:
        """Returns when the client has left, or when it is time to hang up."""
        self._hangs = True
        try:
            await self.lost.wait()
        finally:
            self._hangs = False

    def hang_up(self) -> None:
        """Ends the connection if nothing happens on it but waiting for the client to leave."""
        if self._hangs:
            self.reset()

    @property
    def ends(self) -> _Ends:
        """The client's address and port, and the origin's port."""
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]), int(peer[1]), self.port

    def send(self, data: bytes) -> None:
        """Puts bytes on the connection past the server, which knows nothing of them."""
        self._transport.write(data)

    def close(self) -> None:
        """Ends the connection with FIN, after what was written has left."""
        self._transport.close()

    def reset(self) -> None:
        """Ends the connection with RST, at once."""
        end: socket.socket = self._transport.get_extra_info("socket")
        if end.fileno() >= 0:  # the client may have been quicker
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPTLY)
        self._transport.abort()


class Wires:
    """All open connections of a sandbox, found by what a request's scope says."""

    def __init__(self) -> None:
        self._open: dict[_Ends, Wire] = {}

    def protocol(self) -> type[H11Protocol]:
        """Uvicorn's protocol, telling of each connection that is made and lost."""
        wires = self._open

        class Watched(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                self.chainhub_wire = Wire(transport)
                self.chainhub_ends = self.chainhub_wire.ends
                wires[self.chainhub_ends] = self.chainhub_wire

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                self.chainhub_wire.lost.set()
                if wires.get(self.chainhub_ends) is self.chainhub_wire:
                    del wires[self.chainhub_ends]

        return Watched

    def of(self, scope: MutableMapping[str, Any]) -> Wire | None:
        """The connection that a request came on; None if it is gone, or no server is between."""
        client, server = scope.get("client"), scope.get("server")
        if client is None or server is None:
            return None
        return self._open.get((client[0], client[1], server[1]))

    @contextlib.contextmanager
    def busy(self, scope: MutableMapping[str, Any]) -> Iterator[Wire | None]:
        """Marks a connection as being used for a request."""
        wire = self.of(scope)
        if wire is None:
            yield None
            return
        wire.busy += 1
        try:
            yield wire
        finally:
            wire.busy -= 1

    def hang_up(self) -> None:
        """Ends the connections that hang."""
        for wire in list(self._open.values()):
            wire.hang_up()

    def close_idle(self, port: int) -> None:
        """Closes an origin's connections on which nothing is going on."""
        for wire in list(self._open.values()):
            if wire.port == port and not wire.busy:
                wire.close()


class Doors:
    """Shuts and opens the listeners of a running server.

    Args:
        server: the server.
        wires: its connections.
        host: the address it listens on.
    """

    def __init__(self, server: uvicorn.Server, wires: Wires, host: str) -> None:
        self._server = server
        self._wires = wires
        self._host = host
        self._shut: dict[int, tuple[socket.socket, asyncio.TimerHandle]] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._turning = asyncio.Lock()  # a door that is being turned is neither open nor shut

    def is_shut(self, port: int) -> bool:
        """Whether connections to a port are refused."""
        return port in self._shut

    async def shut(self, port: int, seconds: float) -> None:
        """Has connections to a port refused for some seconds. Call it on the server's loop.

        Connections on which nothing is going on are closed, the others after their answer.
        """
        loop = asyncio.get_running_loop()
        async with self._turning:
            if port in self._shut:
                reserved, timer = self._shut[port]
                timer.cancel()
            else:
                await self._close_listener(port)
                # Bound and deaf: connections are refused, and no other program gets the port.
                reserved = bind(self._host, port)
            self._shut[port] = reserved, loop.call_later(seconds, self._open_soon, port)
        self._wires.close_idle(port)

    async def open_all(self) -> None:
        """Opens what is shut."""
        for port in list(self._shut):
            await self._open(port)

    def close(self) -> None:
        """Gives up the ports that are still shut; the server is gone."""
        for reserved, _ in self._shut.values():
            reserved.close()
        self._shut.clear()

    async def _close_listener(self, port: int) -> None:
        for listener in list(self._server.servers):
            if any(each.getsockname()[1] == port for each in listener.sockets):
                self._server.servers.remove(listener)
                await shut_down(listener)

    def _open_soon(self, port: int) -> None:
        task = asyncio.get_running_loop().create_task(self._open(port))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, port: int) -> None:
        async with self._turning:
            if port not in self._shut or self._server.should_exit:
                return
            reserved, timer = self._shut.pop(port)
            timer.cancel()
            # As uvicorn itself makes the connections of a listener that it was given.
            kind: Callable[..., asyncio.Protocol] = self._server.config.http_protocol_class
            protocol = partial(
                kind,
                config=self._server.config,
                server_state=self._server.server_state,
                app_state={},
            )
            loop = asyncio.get_running_loop()
            listener = await loop.create_server(protocol, sock=reserved, backlog=BACKLOG)
            self._server.servers.append(listener)


_TICK_SECONDS = 0.1
_GLANCE_SECONDS = 0.002
_FAREWELL_SECONDS = 1.0
"""How long answers that are under way may still take when the server ends."""


class Host(uvicorn.Server):
    """Serves until `leave`, and then ends in milliseconds where uvicorn's own pauses add up to tenths of a second.

    Args:
        config: uvicorn's.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._asked_to_leave = asyncio.Event()

    def leave(self) -> None:
        """Ends serving. Call it on the server's loop."""
        self.should_exit = True
        self._asked_to_leave.set()

    async def main_loop(self) -> None:
        """Does what is due every tenth of a second, until it is time to leave."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._asked_to_leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, lets answers end that soon do, and breaks off the others."""
        for listener in self.servers:
            await shut_down(listener)
        for each in sockets or ():
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._until_idle()
        for task in list(self.server_state.tasks):
            task.cancel()
        # A client that was killed while its bytes were not read has left unnoticed.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self._until_idle()

    async def _until_idle(self) -> None:
        state = self.server_state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(_GLANCE_SECONDS)


class Origins:
    """The gateway and the host of the links as one application: the port decides.

    Every answer is marked, and a connection to an origin that is shut ends with its answer.

    Args:
        gateway: the one.
        links: the other.
        links_port: where the other is.
        wires: the connections.
        is_shut: whether connections to a port are refused.
    """

    def __init__(
        self,
        gateway: ASGIApp,
        links: ASGIApp,
        links_port: int,
        wires: Wires,
        is_shut: Callable[[int], bool],
    ) -> None:
        self._gateway = gateway
        self._links = links
        self._links_port = links_port
        self._wires = wires
        self._is_shut = is_shut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *MARKS]
            await send(message)

        port = scope["server"][1]
        with self._wires.busy(scope) as wire:
            await (self._links if port == self._links_port else self._gateway)(
                scope, receive, marked
            )
        if wire is not None and self._is_shut(port):
            wire.close()
