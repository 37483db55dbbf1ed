"""One video that is made in the background of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from chainhub_video.task import SavedVideo, VideoTask


class Job:
    """One call of the client that runs in the background.

    Args:
        asked: what the assistant asked for; None if it goes on by a receipt.
        call: starts the call, given what is told each change.
    """

    def __init__(
        self,
        asked: Mapping[str, Any] | None,
        call: Callable[[Callable[[VideoTask], None]], Awaitable[SavedVideo]],
    ) -> None:
        self.asked = asked
        self.seen: VideoTask | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self.task = asyncio.ensure_future(call(self._update))
        self.task.add_done_callback(self._ended)

    @property
    def error(self) -> BaseException | None:
        """Why it has ended badly; None if it has not."""
        if not self.task.done() or self.task.cancelled():
            return None
        return self.task.exception()

    async def next_change(self, seconds: float) -> None:
        """Wait until something changes, or some seconds have passed."""
        if self.task.done():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        with suppress(TimeoutError):
            await asyncio.wait_for(waiter, seconds)

    async def answered(self, seconds: float) -> None:
        """Wait until the gateway has answered for the first time, or the job has ended, or some seconds have passed."""
        if self.seen is None:
            await self.next_change(seconds)

    def _update(self, task: VideoTask) -> None:
        self.seen = task
        self._changed()

    def _ended(self, task: asyncio.Future[SavedVideo]) -> None:
        if not task.cancelled():
            task.exception()  # it is told when somebody asks
        self._changed()

    def _changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
