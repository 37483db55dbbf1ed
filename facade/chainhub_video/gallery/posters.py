"""Have posters made by processes that may hang or die, each within a time of its own (PyAV, extra `gallery`)."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, Timer
from typing import Any

import attrs

_WORKER = Path(__file__).with_name("poster_worker.py")
_MOST_PROCESSES = 4
PATIENCE = 20.0  # seconds for one poster, which takes some 50 ms


@attrs.frozen
class Job:
    """A poster to be made.

    Attributes:
        path: the video.
        at: the time of the frame in seconds.
    """

    path: Path
    at: float


def can_make_posters() -> bool:
    """Return whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def make_posters(
    jobs: Sequence[Job],
    *,
    patience: float = PATIENCE,
    on_made: Callable[[int], None] | None = None,
) -> list[str | None]:
    """Make posters, in several processes.

    Args:
        jobs: the videos.
        patience: seconds that one poster may take before its process is killed.
        on_made: called with how many are done, in any thread, one at a time.

    Returns:
        For each job a WebP in base64, or None if the video cannot be decoded.
    """
    made: list[str | None] = [None] * len(jobs)
    left: Iterator[tuple[int, Job]] = iter(enumerate(jobs))
    lock, done = Lock(), 0
    workers = [
        _Worker(patience) for _ in range(min(_MOST_PROCESSES, os.cpu_count() or 1, len(jobs)))
    ]

    def take() -> Iterator[tuple[int, Job]]:
        while True:
            with lock:
                one = next(left, None)
            if one is None:
                return
            yield one

    def work(worker: _Worker) -> None:
        nonlocal done
        for number, job in take():
            made[number] = worker.poster(job)
            with lock:
                done += 1
                if on_made is not None:
                    on_made(done)

    if not workers:
        return made
    with ThreadPoolExecutor(len(workers), "chainhub-posters") as threads:
        try:
            for running in [threads.submit(work, worker) for worker in workers]:
                running.result()
        finally:
            with lock:
                left = iter(())
            for worker in workers:
                worker.close()
    return made


class _Worker:
    """A process that makes posters, and is replaced when it dies.

    Args:
        patience: seconds after which it is killed.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()
        self._closed = False

    def poster(self, job: Job) -> str | None:
        """Return a poster in base64, or None if there is none in time."""
        process = self._running()
        if process is None:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = Timer(self._patience, process.kill)
        watchdog.start()
        try:
            process.stdin.write(json.dumps({"path": str(job.path), "at": job.at}) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it was killed, or has crashed
            self._end()
            return None
        finally:
            watchdog.cancel()
        poster = answer.get("poster")
        return poster if isinstance(poster, str) else None

    def _running(self) -> subprocess.Popen[str] | None:
        """Return the process, a new one if need be; None once this was closed."""
        with self._lock:
            if self._process is None and not self._closed:
                self._process = subprocess.Popen(
                    # -P: nothing is imported from the folder of the file, or from where the user is
                    [sys.executable, "-P", str(_WORKER)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="ascii",
                )
            return self._process

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # what it has not read is lost
                stream.close()

    def close(self) -> None:
        """End the process, whatever it is at."""
        with self._lock:
            self._closed = True
        self._end()
