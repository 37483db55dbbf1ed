"""Many requests at once: a gate that holds their answers back, and a client that sends them together."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.support.answering import Answer, Arrived
from tests.support.colours import Hub
from tests.support.wires import OPENAI


class Gate:
    """Answers that are held back until it opens; counts how many are held at once.

    Args:
        opens_at: how many are held when it opens by itself; None for never.
    """

    def __init__(self, opens_at: int | None = None) -> None:
        self._lock = threading.Condition()
        self._opens_at = opens_at
        self._open = False
        self._held = 0
        self.most = 0

    def before(self, answer: Answer) -> Answer:
        """The same answer, held back."""

        def play(wire: socket.socket, arrived: Arrived) -> bool:
            with self._lock:
                self._held += 1
                self.most = max(self.most, self._held)
                self._open = self._open or self._held == self._opens_at
                self._lock.notify_all()
                self._lock.wait_for(lambda: self._open, 60)
                self._held -= 1
            return answer.play(wire, arrived)

        return Answer(play)

    def wait_for(self, held: int) -> None:
        """Return once so many are held back."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._held >= held, 60)

    def open(self) -> None:
        """Let all go."""
        with self._lock:
            self._open = True
            self._lock.notify_all()


@contextmanager
def closed_gate(opens_at: int | None = None) -> Iterator[Gate]:
    """A gate that opens at the latest in the end, so that no connection is held for ever."""
    gate = Gate(opens_at)
    try:
        yield gate
    finally:
        gate.open()


def ask_at_once(hub: Hub, count: int) -> list[Any]:
    """Ask for a task many times at once, from threads or on one loop, and return all answers."""
    retrieve = hub.client.videos.retrieve
    if not hub.colour.asynchronous:
        with ThreadPoolExecutor(count) as pool:
            return [*pool.map(retrieve, [OPENAI.task()] * count)]

    async def gathered() -> list[Any]:
        return await asyncio.gather(*(retrieve(OPENAI.task()) for _ in range(count)))

    answers: list[Any] = hub.colour.run(gathered)
    return answers
