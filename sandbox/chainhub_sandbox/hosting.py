"""The server under both origins: uvicorn's, ending at once and leaving nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import uvicorn

from chainhub_sandbox.listening import shut_down

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
