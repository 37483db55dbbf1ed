"""Do the same for several tasks at once: bounded, each with its line, and each failure told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from chainhub_video import AsyncChainHub
from chainhub_video.errors import ChainHubError

from .console import Interrupted, fail
from .display import aftermath
from .exit_status import status_of, worst
from .settings import client_options
from .wording import in_commands

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .display import Display, Screen

Result = TypeVar("Result")
_AT_ONCE = 16


def at_once(
    names: Sequence[str],
    call: Callable[[AsyncChainHub, str, Display], Awaitable[Result]],
    report: Callable[[Result], None],
    *,
    screen: Screen,
    first: str,
    again: str,
) -> int:
    """Run a call for each name, some at a time, and report each result as it comes.

    Args:
        names: of tasks or files; one that is named twice is done once.
        call: one call of the client.
        report: writes a result.
        screen: shows the calls that run.
        first: what is shown of a call until its first report.
        again: what to say if several were interrupted.

    Returns:
        The worst of their exit statuses.

    Raises:
        Interrupted: Ctrl-C; all of them were stopped.
    """
    distinct = list(dict.fromkeys(names))
    stopped: list[str] = []

    async def one(hub: AsyncChainHub, name: str, turns: asyncio.Semaphore) -> int:
        async with turns:
            with screen.line(name if len(distinct) > 1 else "", first) as shown:
                try:
                    result = await call(hub, name, shown)
                except ChainHubError as failure:
                    prefix = f"{name}: " if len(distinct) > 1 else ""
                    with screen.paused():
                        return fail(prefix + in_commands(str(failure)), status_of(failure))
                except asyncio.CancelledError as stop:
                    stopped.append(aftermath(stop, shown.task) or again)
                    raise
            with screen.paused():
                report(result)
            return 0

    async def every() -> list[int]:
        turns = asyncio.Semaphore(_AT_ONCE)
        async with AsyncChainHub(**client_options()) as hub:
            return await asyncio.gather(*(one(hub, name, turns) for name in distinct))

    try:
        return worst(asyncio.run(every()))
    except KeyboardInterrupt as stop:
        raise Interrupted(stopped[0] if len(distinct) == 1 and stopped else again) from stop
