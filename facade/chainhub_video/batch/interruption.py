"""Ctrl-C in a batch: finish what runs, or stop at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from chainhub_video.batch.brakes import Brakes


class Interruption:
    """What Ctrl-C does to a running batch: the first one starts no further row, the second one stops at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._brakes: Brakes | None = None
        self._pressed = 0

    def bind(self, brakes: Brakes) -> None:
        """Know whom to stop: the running task, and its brakes."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._brakes = brakes
        if self._pressed:
            self._act(self._pressed)

    def press(self) -> int:
        """Stop, or stop at once. Usable from signal handlers and other threads; return how often it was called."""
        self._pressed += 1
        if self._loop is not None:
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._act, self._pressed)
        return self._pressed

    def _act(self, pressed: int) -> None:
        if pressed == 1 and self._brakes is not None:
            self._brakes.interrupt()
        elif self._task is not None:
            self._task.cancel()
