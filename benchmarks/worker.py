"""Runs one subject in an environment of its own: takes commands from standard input, a JSON object a line, and answers.

A command names a call (`create`, `query`, `download`) with what it needs, how often to perform it, and what to measure:

    seconds    of each call
    resident   bytes by which the process grew at its peak, as the system counts them
    traced     bytes that Python's own allocator handed out at the peak
"""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import sys
import tracemalloc
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82"  # whole, whatever follows


def main() -> None:
    """Serve the subject that the command line names, until standard input ends."""
    module, colour, url = sys.argv[1:]
    sys.path.append(str(Path(__file__).resolve().parent))
    subject = getattr(importlib.import_module(f"subjects.{module}"), colour)(url)
    with asyncio.Runner() as runner:
        perform = partial(_await, runner) if colour == "Asyncio" else _repeat
        for line in sys.stdin:
            command = json.loads(line)
            repeat = partial(perform, _call(subject, command), command["count"])
            print(json.dumps(MEASURES[command["measure"]](repeat)), flush=True)


def _call(subject: Any, command: dict[str, Any]) -> Callable[[], Any]:
    """Return the call that a command asks for, with its arguments made beforehand."""
    match command:
        case {"call": "create", "bytes": size}:
            return partial(subject.create, _picture(size))
        case {"call": "create", "path": path}:
            return partial(subject.create, Path(path))
        case {"call": "create", "file": path}:
            return partial(subject.create, Path(path).open("rb"))
        case {"call": "create", "link": link}:
            return partial(subject.create, link)
        case {"call": "query"}:
            return subject.query  # type: ignore[no-any-return]
        case {"call": "download", "size": size, "to": to}:
            return partial(subject.download, size, Path(to))
    raise SystemExit(f"the worker knows no such command: {command}")


@lru_cache
def _picture(size: int) -> bytes:
    return PNG + bytes(size - len(PNG))


def _repeat(call: Callable[[], Any], count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return seconds


def _await(runner: asyncio.Runner, call: Callable[[], Any], count: int) -> list[float]:
    async def repeat() -> list[float]:
        seconds = []
        for _ in range(count):
            began = perf_counter()
            await call()
            seconds.append(perf_counter() - began)
        return seconds

    return runner.run(repeat())


def _resident(repeat: Callable[[], list[float]]) -> int:
    """Return how far the peak lies above the state before, in bytes.

    A peak that was there before counts as if the calls had made it: the figure may be too high, never too low.
    """
    before = _resident_now()
    repeat()
    return max(0, _peak() - before)


def _resident_now() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except FileNotFoundError:  # not Linux: the peak so far is the nearest that the system tells
        return _peak()
    return int(pages) * resource.getpagesize()


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _traced(repeat: Callable[[], list[float]]) -> int:
    tracemalloc.start()
    try:
        repeat()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MEASURES: dict[str, Callable[[Callable[[], list[float]]], Any]] = {
    "seconds": lambda repeat: repeat(),
    "resident": _resident,
    "traced": _traced,
}

if __name__ == "__main__":
    main()
