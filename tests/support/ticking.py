"""Tells whether an event loop comes round while something else blocks."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self


class Ticker:
    """Ticks on the running loop while it is entered, for whoever blocks and wants to know whether the loop is free.

    Nothing here is measured in seconds, so that a busy machine decides nothing.

    Attributes:
        awaited: how often somebody blocked until the loop had come round.
    """

    ROUNDS = 3
    _PATIENCE = 20.0  # seconds; only a loop that is held up lets them pass

    def __init__(self) -> None:
        self.awaited = 0
        self._rounds = 0
        self._turn = threading.Condition()
        self._task: asyncio.Task[None] | None = None

    def block(self) -> None:
        """Block the calling thread until the loop has come round some times.

        Raises:
            AssertionError: this is the loop's own thread, or the loop is held up by something else.
        """
        assert asyncio._get_running_loop() is None, "this blocks the event loop"
        with self._turn:
            goal = self._rounds + self.ROUNDS
            assert self._turn.wait_for(lambda: self._rounds >= goal, self._PATIENCE), (
                "the loop is held up"
            )
            self.awaited += 1

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
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
        while True:
            await asyncio.sleep(0.001)
            with self._turn:
                self._rounds += 1
                self._turn.notify_all()
