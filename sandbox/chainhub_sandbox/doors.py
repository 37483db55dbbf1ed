"""The doors: the two origins' listeners, which a fault can shut for a while."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

import uvicorn

from chainhub_sandbox.listening import BACKLOG, bind, shut_down
from chainhub_sandbox.wires import Wires


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
