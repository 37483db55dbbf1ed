"""The open connections: what a fault needs to break one for real."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

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
