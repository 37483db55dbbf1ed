"""Tells how long an event loop was held up."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self


class Ticker:
    """Ticks on the running loop while it is entered.

    Attributes:
        largest_gap: seconds, the longest that the loop did not come round to it.
        ticks: how often it did.
    """

    def __init__(self, every: float = 0.005) -> None:
        self.largest_gap = 0.0
        self.ticks = 0
        self._every = every
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _tick(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(self._every)
            now = time.monotonic()
            self.largest_gap = max(self.largest_gap, now - last)
            self.ticks += 1
            last = now
