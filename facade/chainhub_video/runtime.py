"""The time that all clients of this process go by: the system's, unless a test has put another in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, Self


class Clock(Protocol):
    """What a driver needs of time."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...

    async def sleep_async(self, seconds: float, /) -> None:
        """Let time pass, and other tasks have their turn."""
        ...

    def at_work(self) -> AbstractContextManager[Self, bool | None]:
        """Surround what a flow does from its first effect to its last, and give it the clock it keeps to."""
        ...


class SystemClock:
    """The system's time."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    async def sleep_async(self, seconds: float, /) -> None:
        """Let time pass, and other tasks have their turn."""
        import asyncio  # the blocking driver never needs it

        await asyncio.sleep(seconds)

    def at_work(self) -> AbstractContextManager[Self, bool | None]:
        """Surround what a flow does."""
        return nullcontext(self)


clock: Clock = SystemClock()


@contextmanager
def running_on(other: Clock) -> Iterator[None]:
    """Have every client of this process go by another clock, those too that exist already. For tests.

    What a client has begun goes on by the clock that it began with.

    Args:
        other: the clock, such as the one that a sandbox was given.
    """
    global clock  # an app under test makes its clients itself, and they are out of reach
    before, clock = clock, other
    try:
        yield
    finally:
        clock = before
