"""The hand on the tasks of a sandbox: they are finished, failed or held, and time is moved, from code."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Iterator
from typing import Protocol

from chainhub_sandbox.clock import Clock, VirtualClock
from chainhub_sandbox.listening import SandboxError
from chainhub_sandbox.tasks import Task, TaskBook

_RENDER_SECONDS = 60.0


class HasId(Protocol):
    """A task of any making."""

    @property
    def id(self) -> str:
        """The gateway's name for it."""
        ...


class Steering:
    """What can be done to tasks that are under way.

    Args:
        clock: the time that they go by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._book = TaskBook()

    @property
    def clock(self) -> Clock:
        """The time that tasks go by."""
        return self._clock

    def finish(self, task: str | HasId) -> None:
        """Takes a task to the end of its walk, and waits until its clip is rendered: the next query tells.

        Args:
            task: its id, or anything that has one as `id`.

        Raises:
            SandboxError: there is no such task, or its clip was not rendered within a minute.
        """
        found = self._found(task)
        found.finish()
        concurrent.futures.wait([found.clip], _RENDER_SECONDS)
        if not found.clip.done():
            raise SandboxError(
                f"the clip of {found.id} is not rendered after {_RENDER_SECONDS:g} s"
            )

    def fail(self, task: str | HasId, reason: str = "the sandbox was told to fail it") -> None:
        """Has a task end as failed, with a reason; raises what `finish` raises for an unknown one."""
        self._found(task).fail(reason)

    def hold(self, task: str | HasId | None = None) -> None:
        """Has a task stand still in its state, whatever time passes; without one, all, those to come too."""
        if task is None:
            self._book.hold(holding=True)
        else:
            self._found(task).hold()

    def release(self, task: str | HasId | None = None) -> None:
        """Has a task go on from where it stands still; without one, all."""
        if task is None:
            self._book.hold(holding=False)
        else:
            self._found(task).release()

    def advance(self, seconds: float) -> None:
        """Lets time pass for the tasks, and for whoever sleeps by the same clock, see `VirtualClock.advance`.

        Args:
            seconds: 0 or more.

        Raises:
            SandboxError: time is real here.
        """
        self._virtual_clock.advance(seconds)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Has time stand still but for `advance`: whoever waits by the same clock waits, so that it can be looked at.

        Raises:
            SandboxError: time is real here.
        """
        clock = self._virtual_clock
        clock.pause()
        try:
            yield
        finally:
            clock.resume()

    @property
    def _virtual_clock(self) -> VirtualClock:
        if not isinstance(self._clock, VirtualClock):
            raise SandboxError("time is real here: make it Sandbox(clock=VirtualClock())")
        return self._clock

    def _found(self, task: str | HasId) -> Task:
        task_id = task if isinstance(task, str) else getattr(task, "id", None)
        known = {each.id: each for each in self._book}
        if task_id not in known:
            there = ", ".join(known) or "there is none yet"
            raise SandboxError(f"no task {task_id!r} here: {there}")
        return known[task_id]
