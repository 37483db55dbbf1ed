"""The time that tasks go by: the system's, or one that jumps over the pauses of whoever waits."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import ClassVar, Protocol, Self

_PATIENCE = 1.0
"""Seconds of real time after which whoever neither sleeps nor ends is no longer waited for."""


class Clock(Protocol):
    """What a sandbox reads.

    Attributes:
        virtual: whether time may jump, so that a rendering takes none of it.
    """

    virtual: ClassVar[bool]

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going backwards."""
        ...

    def time(self) -> float:
        """Unix time in seconds."""
        ...


class RealClock:
    """The system's clock."""

    virtual: ClassVar[bool] = False

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going backwards."""
        return time.monotonic()

    def time(self) -> float:
        """Unix time in seconds."""
        return time.time()


class _Sleeper:
    """One sleep: until when, and how to end it."""

    def __init__(self, until: float, who: object | None, wake: Callable[[], object]) -> None:
        self.until = until
        self.who = who
        self.wake = wake
        self.awake = False


class VirtualClock:
    """Real time that jumps over sleeps: ten minutes of waiting take milliseconds.

    A sleep ends at once, and takes the time with it, as soon as all others that work by this clock sleep as well;
    so of two that sleep from the same moment, the one that wakes first does so first, and time passes once for both.
    Whoever works for more than a second without sleeping is no longer waited for. Usable from many threads and loops.

    Args:
        start: the time of day to begin at (aware). Time then passes by sleeping only, so that two runs are alike to
            the last digit. None for the system's time, which goes on between sleeps.
    """

    virtual: ClassVar[bool] = True

    def __init__(self, start: datetime | None = None) -> None:
        self._stands = start is not None
        self._day = 0.0 if start is None else start.timestamp()
        self._ahead = 0.0
        self._paused = False
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._working: set[object] = set()
        self._turns = count()
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going backwards."""
        return self._ahead if self._stands else time.monotonic() + self._ahead

    def time(self) -> float:
        """Unix time in seconds."""
        return (self._day if self._stands else time.time()) + self._ahead

    def sleep(self, seconds: float) -> None:
        """Lets time pass without waiting for it, see the class."""
        woken = threading.Event()
        sleeper = self._lie_down(seconds, woken.set)
        try:
            while not woken.wait(_PATIENCE):
                self._lose_patience()
        finally:
            self._get_up(sleeper)

    async def sleep_async(self, seconds: float) -> None:
        """The same under asyncio; other tasks get their turn."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        sleeper = self._lie_down(seconds, lambda: _on_loop(loop, woken.set))
        try:
            while not sleeper.awake:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE):
                        await woken.wait()
                        continue
                self._lose_patience()
            await asyncio.sleep(0)
        finally:
            self._get_up(sleeper)

    def advance(self, seconds: float) -> None:
        """Lets time pass, and wakes who sleeps until then, each at its own moment.

        It begins when all that work by this clock sleep, and returns when those that it woke sleep again, or have
        ended. Called on an event loop it does not wait for the tasks of that loop: there, await it in a thread.

        Args:
            seconds: 0 or more.
        """
        if seconds < 0:
            raise ValueError(f"seconds is {seconds!r}: time never goes backwards")
        with self._changed:
            self._settle()
            target = self.monotonic() + seconds
            while self._sleepers and self._sleepers[0][0] <= target:
                self._move_to(self._sleepers[0][0])
                self._settle()
            self._move_to(target)

    def pause(self) -> None:
        """Lets nobody's sleep move the time from now on: who sleeps waits, until `advance` or `resume`."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Lets sleeps move the time again."""
        with self._changed:
            self._paused = False
            self._jump()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Self]:
        """Marks the thread, or the asyncio task, as one that is waited for until it sleeps or ends; gives the clock."""
        who = _whoever()
        with self._changed:
            outermost = who not in self._working
            self._working.add(who)
        try:
            yield self
        finally:
            if outermost:
                with self._changed:
                    self._working.discard(who)
                    self._jump()

    def _lie_down(self, seconds: float, wake: Callable[[], object]) -> _Sleeper:
        who = _whoever()
        with self._changed:
            works = who in self._working
            self._working.discard(who)
            until = self.monotonic() + max(0.0, seconds)
            sleeper = _Sleeper(until, who if works else None, wake)
            heapq.heappush(self._sleepers, (until, next(self._turns), sleeper))
            self._jump()
        return sleeper

    def _get_up(self, sleeper: _Sleeper) -> None:
        if not sleeper.awake:  # interrupted
            with self._changed:
                self._sleepers = [entry for entry in self._sleepers if entry[2] is not sleeper]
                heapq.heapify(self._sleepers)

    def _lose_patience(self) -> None:
        with self._changed:
            if not self._paused:
                self._working.clear()
                self._jump()

    def _jump(self) -> None:
        """Goes to the moment at which the first one wakes, if nobody works."""
        if not self._working and not self._paused and self._sleepers:
            self._move_to(self._sleepers[0][0])
        self._changed.notify_all()

    def _move_to(self, moment: float) -> None:
        self._ahead += max(0.0, moment - self.monotonic())
        while self._sleepers and self._sleepers[0][0] <= moment:
            sleeper = heapq.heappop(self._sleepers)[2]
            if sleeper.who is not None:
                self._working.add(sleeper.who)
            sleeper.awake = True
            sleeper.wake()

    def _settle(self) -> None:
        """Waits until all that work sleep."""
        ours = {_whoever(), *_tasks_of_this_loop()}
        if not self._changed.wait_for(lambda: self._working <= ours, _PATIENCE):
            self._working &= ours


def _whoever() -> object:
    """The asyncio task that runs, or else the thread."""
    try:
        return asyncio.current_task() or threading.get_ident()
    except RuntimeError:  # no loop runs in this thread
        return threading.get_ident()


def _tasks_of_this_loop() -> set[object]:
    try:
        return set(asyncio.all_tasks())
    except RuntimeError:
        return set()


def _on_loop(loop: asyncio.AbstractEventLoop, wake: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed while its task slept
        loop.call_soon_threadsafe(wake)
