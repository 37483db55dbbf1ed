"""Bound how many exchanges of one client are in flight, and say whose turn comes next: first come, first served.

A quarter of the turns, and at least one, is kept for each kind of exchange, so that no kind starves another. The pool
of the HTTP library could bound connections too, but counts the time in its queue as a failure, and takes ever longer
the more requests stand in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from threading import Event, Lock
from typing import get_args

from chainhub_video.io import Kind, NoTurn


class Turns:
    """The turns of one client.

    Args:
        limit: exchanges that may be in flight.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept = max(1, limit // 4)
        self._taken: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
        self._queues: dict[Kind, deque[Turn]] = {kind: deque() for kind in self._taken}
        self._numbers = count()
        self._lock = Lock()

    def take(self, turn: Turn) -> bool:
        """Let a turn come at once, if one is free and nobody waits for one of its kind."""
        with self._lock:
            if self._queues[turn.kind] or not self._free(turn.kind):
                return False
            self._taken[turn.kind] += 1
            turn.has_come = True
            return True

    def queue_up(self, turn: Turn) -> None:
        """Let a turn come after those that came before it."""
        with self._lock:
            turn.number = next(self._numbers)
            self._queues[turn.kind].append(turn)
            self._hand_out()

    def give_back(self, turn: Turn) -> None:
        """Take back a turn that has ended, or a place in the queue that nobody stands at any more."""
        with self._lock:
            if turn.has_come:
                self._taken[turn.kind] -= 1
            self._hand_out()

    def _free(self, kind: Kind) -> bool:
        kept = sum(
            max(0, self._kept - taken) for other, taken in self._taken.items() if other != kind
        )
        return sum(self._taken.values()) + kept < self.limit

    def _hand_out(self) -> None:
        while (turn := self._next()) is not None:
            self._queues[turn.kind].popleft()
            self._taken[turn.kind] += 1
            turn.has_come = True
            turn.tell()

    def _next(self) -> Turn | None:
        """Return the first in the queues that may have its turn now."""
        first: Turn | None = None
        for kind, queue in self._queues.items():
            while queue and queue[0].has_ended:
                queue.popleft()
            if queue and (first is None or queue[0].number < first.number) and self._free(kind):
                first = queue[0]
        return first


class Turn:
    """The right of one exchange to be in flight.

    Attributes:
        kind: of exchange.
        number: its place in the queue, if it has one.
        has_come: whether the exchange may begin.
        has_ended: whether it is over, or nobody waits for it any more.
        tell: is called when it has come.

    Args:
        turns: those of the client; None if it has no bound.
        kind: of exchange.
    """

    __slots__ = ("_turns", "has_come", "has_ended", "kind", "number", "tell")
    kind: Kind
    tell: Callable[[], object]

    def __init__(self, turns: Turns | None, kind: Kind) -> None:
        self._turns = turns
        self.kind = kind
        self.number = 0
        self.has_come = turns is None
        self.has_ended = turns is None

    def wait(self, seconds: float | None) -> bool:
        """Block until it has come; return whether that took time.

        Args:
            seconds: to wait at most; None for as long as it takes.

        Raises:
            NoTurn: it did not come in time.
        """
        if self._turns is None or self._turns.take(self):
            return False
        came = Event()
        self.tell = came.set
        self._turns.queue_up(self)
        if not came.wait(seconds):
            raise NoTurn(self._turns.limit)
        return True

    async def wait_async(self, seconds: float | None) -> bool:
        """Wait until it has come, under asyncio; otherwise as `wait`."""
        if self._turns is None or self._turns.take(self):
            return False
        import asyncio  # the blocking client never needs it

        came = asyncio.Event()
        self.tell = came.set
        self._turns.queue_up(self)
        try:
            async with asyncio.timeout(seconds):
                await came.wait()
        except TimeoutError as error:
            raise NoTurn(self._turns.limit) from error
        return True

    def end(self) -> None:
        """Give it back, however far it had come; once."""
        if not self.has_ended:
            self.has_ended = True
            if self._turns is not None:
                self._turns.give_back(self)
