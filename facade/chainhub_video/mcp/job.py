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

    Attributes:
        task: the running call.
        seen: what the gateway has last answered; None before its first answer.
    """

    def __init__(
        self,
        asked: Mapping[str, Any] | None,
        call: Callable[[Callable[[VideoTask], None]], Awaitable[SavedVideo]],
    ) -> None:
        self.asked = asked
        self.seen: VideoTask | None = None
        self._changed = asyncio.Event()
        self.task = asyncio.ensure_future(call(self._update))
        self.task.add_done_callback(self._ended)

    @property
    def error(self) -> BaseException | None:
        """Why it has ended badly; None if it has not."""
        if not self.task.done() or self.task.cancelled():
            return None
        return self.task.exception()

    async def next_change(self, seconds: float) -> None:
        """Wait until something changes, or it has ended, or some seconds have passed."""
        if not self.task.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)

    async def answered(self, seconds: float) -> None:
        """Wait until the gateway has answered for the first time, or the job has ended, or some seconds have passed."""
        if self.seen is None:
            await self.next_change(seconds)

    def _update(self, task: VideoTask) -> None:
        self.seen = task
        self._changed.set()  # for those who wait now, and for nobody who comes later
        self._changed = asyncio.Event()

    def _ended(self, task: asyncio.Future[SavedVideo]) -> None:
        if not task.cancelled():
            task.exception()  # it is told when somebody asks
        self._changed.set()
