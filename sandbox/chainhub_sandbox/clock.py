"""The time that tasks go by: the system's, or virtual time that jumps over sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import ClassVar, Protocol, Self

_PATIENCE = 1.0
"""Real seconds after which a worker that neither sleeps nor ends is no longer waited for."""


class Clock(Protocol):
    """The time that a sandbox reads.

    Attributes:
        virtual: whether time may jump, so that a rendering takes none of it.
    """

    virtual: ClassVar[bool]

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        ...

    def time(self) -> float:
        """Return Unix time in seconds."""
        ...


class RealClock:
    """The system's clock."""

    virtual: ClassVar[bool] = False

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        return time.monotonic()

    def time(self) -> float:
        """Return Unix time in seconds."""
        return time.time()


@dataclass(eq=False, slots=True)
class _Sleeper:
    """One sleep.

    Attributes:
        until: when it ends.
        worker: what sleeps; None if it is no worker.
        wake: ends it.
        awake: whether it has ended.
    """

    until: float
    worker: object | None
    wake: Callable[[], object]
    awake: bool = False


class VirtualClock:
    """Real time that jumps over sleeps: ten minutes of waiting take milliseconds.

    A worker is a thread or asyncio task inside `at_work`. When all workers sleep, time jumps to the end of the first
    sleep. So sleeps end in the order of their times, and time passes once for all of them. A worker that does not sleep
    for a second is no longer waited for. Usable from many threads and event loops.

    Args:
        start: the time of day to begin at (aware). Time then passes by sleeping only, so that two runs are alike to
            the last digit. None for the system's time, which goes on between sleeps.
    """

    virtual: ClassVar[bool] = True

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._ahead = 0.0
        self._paused = False
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._workers: set[object] = set()
        self._numbers = count()
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        return self._ahead + (time.monotonic() if self._start is None else 0.0)

    def time(self) -> float:
        """Return Unix time in seconds."""
        return self._ahead + (time.time() if self._start is None else self._start.timestamp())

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting for it, see the class."""
        woken = threading.Event()
        with self._sleeping(seconds, woken.set):
            while not woken.wait(_PATIENCE):
                self._forget_workers()

    async def sleep_async(self, seconds: float) -> None:
        """Do the same under asyncio; other tasks get their turn."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed while its task slept
                loop.call_soon_threadsafe(woken.set)

        with self._sleeping(seconds, wake) as sleeper:
            while not sleeper.awake:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        await woken.wait()
                except TimeoutError:
                    self._forget_workers()
            await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Let time pass, and end the sleeps until then, each at its own moment.

        It begins when all workers sleep, and returns when those that it woke sleep again, or have ended. Called on an
        event loop it does not wait for the tasks of that loop: there, await it in a thread.

        Args:
            seconds: 0 or more.
        """
        if seconds < 0:
            raise ValueError(f"seconds is {seconds!r}: time never goes backwards")
        with self._changed:
            self._wait_for_workers()
            target = self.monotonic() + seconds
            while self._sleepers and self._sleepers[0][0] <= target:
                self._move_to(self._sleepers[0][0])
                self._wait_for_workers()
            self._move_to(target)

    def pause(self) -> None:
        """Stop the time: sleeps go on until `advance` or `resume`."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Let sleeps move the time again."""
        with self._changed:
            self._paused = False
            self._jump()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Self]:
        """Make the thread, or the asyncio task, a worker; give the clock."""
        worker = _current_worker()
        with self._changed:
            outermost = worker not in self._workers
            self._workers.add(worker)
        try:
            yield self
        finally:
            if outermost:
                with self._changed:
                    self._workers.discard(worker)
                    self._jump()

    @contextlib.contextmanager
    def _sleeping(self, seconds: float, wake: Callable[[], object]) -> Iterator[_Sleeper]:
        worker = _current_worker()
        with self._changed:
            works = worker in self._workers
            self._workers.discard(worker)
            until = self.monotonic() + max(0.0, seconds)
            sleeper = _Sleeper(until, worker if works else None, wake)
            heapq.heappush(self._sleepers, (until, next(self._numbers), sleeper))
            self._jump()
        try:
            yield sleeper
        finally:
            if not sleeper.awake:  # interrupted
                with self._changed:
                    self._sleepers = [entry for entry in self._sleepers if entry[2] is not sleeper]
                    heapq.heapify(self._sleepers)

    def _forget_workers(self) -> None:
        """Wait no longer for workers that neither sleep nor end."""
        with self._changed:
            if not self._paused:
                self._workers.clear()
                self._jump()

    def _jump(self) -> None:
        """Move to the end of the first sleep, if no worker is awake."""
        if not self._workers and not self._paused and self._sleepers:
            self._move_to(self._sleepers[0][0])
        self._changed.notify_all()

    def _move_to(self, moment: float) -> None:
        self._ahead += max(0.0, moment - self.monotonic())
        while self._sleepers and self._sleepers[0][0] <= moment:
            sleeper = heapq.heappop(self._sleepers)[2]
            if sleeper.worker is not None:
                self._workers.add(sleeper.worker)
            sleeper.awake = True
            sleeper.wake()

    def _wait_for_workers(self) -> None:
        """Wait until all workers sleep, but for the caller and the tasks of its event loop."""
        exempt: set[object] = {_current_worker()}
        with contextlib.suppress(RuntimeError):  # no loop runs in this thread
            exempt |= asyncio.all_tasks()
        if not self._changed.wait_for(lambda: self._workers <= exempt, _PATIENCE):
            self._workers &= exempt


def _current_worker() -> object:
    """Return the asyncio task that runs, or else the thread's number."""
    with contextlib.suppress(RuntimeError):  # no loop runs in this thread
        if (task := asyncio.current_task()) is not None:
            return task
    return threading.get_ident()
