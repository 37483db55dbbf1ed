"""Press Ctrl-C, and an address at which a connection is neither made nor refused."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SETTLED = 0.05  # seconds after which whoever has begun to wait is waiting


def press() -> None:
    """Press Ctrl-C: the main thread gets the signal, wherever it waits."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@contextlib.contextmanager
def pressed_when(reached: Callable[[], bool], act: Callable[[], object] = press) -> Iterator[None]:
    """Press Ctrl-C, or do something else, a moment after something is reached."""

    def watch() -> None:
        deadline = time.monotonic() + 30
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(SETTLED)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class ClosedDoor:
    """An address whose queue is full, so that a connection is neither made nor refused.

    Attributes:
        url: the address.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._before = connections_to(port, "02")

    def is_tried(self) -> bool:
        """Return whether somebody is connecting."""
        return connections_to(self._port, "02") > self._before


@contextlib.contextmanager
def closed_door() -> Iterator[ClosedDoor]:
    """Listen, but accept nobody."""
    with contextlib.ExitStack() as held:
        listening = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        time.sleep(SETTLED)
        yield ClosedDoor(listening.getsockname()[1])


def connections_to(port: int, state: str = "01") -> int:
    """Return how many of this machine's connections to a port are in a state, as /proc/net/tcp names it."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == state for row in rows)
