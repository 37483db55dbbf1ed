"""The clock that all clients of this process use, and the gateways that they may talk to.

The system's time and any gateway, unless `using` says otherwise. Tests of apps use it through
`chainhub_video.testing`; an app may, too, for instance to keep a staging process away from production.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, Self

import attrs

from chainhub_video.errors import ConfigurationError


class Clock(Protocol):
    """What a client needs of time."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...

    async def sleep_async(self, seconds: float, /) -> None:
        """Let time pass, and other tasks have their turn."""
        ...

    def at_work(self) -> AbstractContextManager[Self, bool | None]:
        """Enter it at the start of each call of a client, and leave it at the end; it gives the clock for the call."""
        ...


class SystemClock:
    """The system's time."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    async def sleep_async(self, seconds: float, /) -> None:
        """Let time pass, and other tasks have their turn."""
        import asyncio  # the blocking client never needs it

        await asyncio.sleep(seconds)

    def at_work(self) -> AbstractContextManager[Self, bool | None]:
        """Surround one call."""
        return nullcontext(self)


@attrs.frozen(eq=False)
class Runtime:
    """What one `using` block sets.

    Attributes:
        clock: the time.
        base_url: the only gateway, without a trailing slash; None for any.
        created: when tasks were created, by gateway and id, on the clock; the youngest last.
    """

    clock: Clock = attrs.field(factory=SystemClock)
    base_url: str | None = None
    created: dict[tuple[str, str], float] = attrs.field(factory=dict[tuple[str, str], float])

    def check(self, base_url: str) -> None:
        """Refuse another gateway than the one that is allowed.

        Raises:
            ConfigurationError: it is another one; nothing was sent.
        """
        if self.base_url is not None and base_url != self.base_url:
            raise ConfigurationError(
                f"all clients of this process are kept to {self.base_url}, and this one would talk to {base_url}: "
                "leave base_url to CHAINHUB_BASE_URL, and make the client while it is set"
            )


_stack = [Runtime()]  # the last one counts


def current() -> Runtime:
    """Return what holds now."""
    return _stack[-1]


@contextmanager
def using(*, clock: Clock | None = None, base_url: str | None = None) -> Iterator[None]:
    """Have every client of this process, those that exist already included, go by another clock or keep to a gateway.

    A call that has begun goes on by the clock that it began with.

    Args:
        clock: the time; None to leave it.
        base_url: the only gateway that may be talked to, without a trailing slash; None to leave it.
    """
    outer = current()
    runtime = Runtime(clock or outer.clock, base_url or outer.base_url)
    _stack.append(runtime)
    try:
        yield
    finally:
        _stack.remove(runtime)
