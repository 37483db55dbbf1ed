"""An `IO` that answers from a list, on a clock that only the flow moves."""

from __future__ import annotations

import inspect
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar

from chainhub_video.drivers.blocking import completed
from chainhub_video.io import Call, Reply

P = ParamSpec("P")
T = TypeVar("T")


def reply(document: Any = None, status: int = 200, **headers: str) -> Reply:
    """An answer; underscores in the headers' names stand for dashes."""
    body = b"" if document is None else json.dumps(document).encode()
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


class World:
    """What happens outside of a flow.

    Args:
        *outcomes: of the calls, in their order; the last one for ever. An exception in a list comes while the body
            is read, after what is before it.
        takes: seconds that each call takes.

    Attributes:
        clock: seconds.
        calls: what was asked for.
        sleeps: how long it paused, each time.
        open_streams: streams that were opened and not closed.
    """

    def __init__(self, *outcomes: Reply | Exception | list[Any], takes: float = 0.0) -> None:
        self._outcomes = deque(outcomes)
        self._takes = takes
        self.clock = 1000.0
        self.calls: list[Call] = []
        self.sleeps: list[float] = []
        self.open_streams = 0

    def play(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow to its end, and return its value or raise its error."""
        return completed(flow)

    def collect(self, flow: AsyncGenerator[T, None]) -> list[T]:
        """Run a flow to its end, and return what it gave."""

        async def collected() -> list[T]:
            return [value async for value in flow]

        return completed(collected())

    @property
    def targets(self) -> list[str]:
        """Method and address of each call."""
        return [f"{call.arguments['method']} {call.arguments['url']}" for call in self.calls]

    @property
    def headers(self) -> list[Mapping[str, str]]:
        """The headers of each call."""
        return [call.arguments.get("headers", {}) for call in self.calls]

    def ready(self) -> None:
        """There is nothing to make."""

    async def open(self, call: Call, /) -> Body:
        """Give the next outcome."""
        if call.on_turn is not None:
            await call.on_turn()
        self.calls.append(call)
        self.clock += self._takes
        assert len(self.calls) < 1000, "the flow asks without end"
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        if call.leaving is not None and getattr(outcome, "sent", True):
            call.leaving()
        if isinstance(outcome, Exception):
            raise outcome
        self.open_streams += 1
        if isinstance(outcome, list):
            return Body(self, 200, {}, deque(outcome))
        return Body(self, outcome.status, outcome.headers, deque([outcome.body]))

    async def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        assert seconds > 0
        self.sleeps.append(seconds)
        self.clock += seconds

    def now(self) -> float:
        """The time."""
        return self.clock

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function."""
        return function(*args, **kwargs)

    async def ask(self, function: Callable[..., Any], /, *args: Any, blocks: bool = False) -> Any:
        """Call the caller's function."""
        del blocks
        result = function(*args)
        return await result if inspect.isawaitable(result) else result


class Body:
    """An open answer."""

    def __init__(
        self, world: World, status: int, headers: Mapping[str, str], pieces: deque[Any]
    ) -> None:
        self.status, self.headers = status, headers
        self._world, self._pieces = world, pieces

    async def read(self) -> bytes:
        """Give the next piece."""
        piece = self._pieces.popleft() if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return bytes(piece)

    async def close(self) -> None:
        """Count it as closed."""
        self._world.open_streams -= 1
