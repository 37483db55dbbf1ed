"""The process that forks clients, as the soak sees it."""

from __future__ import annotations

import queue
import subprocess
import sys
from threading import Thread
from typing import Self

from tests.faults.clients import Assignment
from tests.support.places import ROOT


class Nursery:
    """The nursery: starts clients on demand.

    Attributes:
        ended: the ids of clients that have ended by themselves, and whether they crashed.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.clients"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started: queue.Queue[int] = queue.Queue()
        self.ended: queue.Queue[tuple[int, bool]] = queue.Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, assignment: Assignment) -> int:
        """Starts a client, and returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(assignment.as_line())
        self._process.stdin.flush()
        return self._started.get(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, pid = line.split()
            if word == "started":
                self._started.put(int(pid))
            else:
                self.ended.put((int(pid), word == "crashed"))
