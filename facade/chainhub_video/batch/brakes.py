"""Decide when a batch starts no further row: by what came of the rows before, and by Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chainhub_video.batch.making import Outcome

if TYPE_CHECKING:
    from chainhub_video.batch.making import RowResult

_STREAK = 3  # creates that fail alike, one after the other, before it is taken for a failure of all
INTERRUPTED = "interrupted"


class Brakes:
    """The brakes of one run.

    Args:
        max_creates: how many creates the run may pay for; None for any number.
        stop_after_failures: after how many rows that fail no further one is started; None for never.
        on_change: is called when something changes that a waiting start must know of.

    Attributes:
        reason: why no further row is started; None while rows are.
        proved: whether a create was accepted: until then one is sent at a time.
        held: whether a row was not started since `max_creates` is reached.
        interrupted: whether a person has stopped it.
    """

    def __init__(
        self,
        max_creates: int | None,
        stop_after_failures: int | None,
        on_change: Callable[[], None],
    ) -> None:
        self.reason: str | None = None
        self.proved = False
        self.held = False
        self.interrupted = False
        self._max_creates = max_creates
        self._refused = ""  # by the client's own limit
        self._reserved = 0
        self._left = stop_after_failures
        self._on_change = on_change
        self._unreachable = 0
        self._uncertain = 0

    @property
    def stopped(self) -> bool:
        """Whether no further row is started."""
        return self.reason is not None

    @property
    def exhausted(self) -> bool:
        """Whether no further create may be paid for; rows that are paid go on."""
        return bool(self._refused) or (
            self._max_creates is not None and self._reserved >= self._max_creates
        )

    @property
    def why_held(self) -> str | None:
        """Why a row was not started that is not paid yet; None if none was held."""
        if not self.held:
            return None
        return self._refused or f"max_creates is {self._max_creates}, and so many were paid for"

    def stop(self, reason: str) -> None:
        """Start no further row."""
        self.reason = self.reason or reason
        self._on_change()

    def interrupt(self) -> None:
        """Start no further row, since a person says so."""
        self.interrupted = True
        self.stop(INTERRUPTED)

    def reserve(self) -> None:
        """Count a create that is about to be sent."""
        self._reserved += 1

    def release(self) -> None:
        """Take back a create that was not sent."""
        self._reserved -= 1

    def accepted(self) -> None:
        """Note that the gateway has accepted a create."""
        self._unreachable = self._uncertain = 0
        if not self.proved:
            self.proved = True
            self._on_change()

    def ended(self, result: RowResult, *, created: bool) -> None:
        """Note what became of a row.

        Args:
            result: of the row.
            created: whether a create of this run was sent for it.
        """
        if result.outcome is Outcome.NOT_STARTED:
            self._refused, self.held = result.message, True
        if result.all_alike:
            self.stop(f"every row would fail alike: {result.all_alike}")
        if result.unreachable:
            self._unreachable += 1
            if not self.proved or self._unreachable >= _STREAK:
                self.stop("the gateway cannot be reached: check its address and your network")
        if created and result.outcome is Outcome.UNCERTAIN:
            self._uncertain += 1
            if self._uncertain >= _STREAK:
                self.stop(
                    f"the outcome of {_STREAK} creates in a row is unknown: look at them first"
                )
        failed = result.outcome is Outcome.FAILED or (
            created and result.outcome is Outcome.UNCERTAIN
        )
        if failed and self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.stop("as many rows have failed as stop_after_failures allows")


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
