"""Do in a thread what would block an event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


_AT_ONCE = 3  # blocks that are read together


async def off_loop(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read a body that blocks in a thread, some blocks at a time."""
    some = [b""] * _AT_ONCE
    while len(some) == _AT_ONCE:
        some = await in_thread(lambda: [*islice(blocks, _AT_ONCE)])
        for block in some:
            yield block


def in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Call a function in a thread; in this one if the process is ending, when Python starts no thread any more."""
    loop = asyncio.get_running_loop()
    try:
        return loop.run_in_executor(None, partial(contextvars.copy_context().run, work))
    except RuntimeError as error:
        if "shutdown" not in str(error):
            raise
    done: asyncio.Future[T] = loop.create_future()
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - as a thread would, for whoever awaits it
        done.set_exception(error)
    return done
