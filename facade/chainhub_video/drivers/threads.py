"""Do in a thread what would block an event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def off_loop(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read a body that blocks in a thread, a block at a time."""
    while (block := await in_thread(partial(next, blocks, None))) is not None:
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
