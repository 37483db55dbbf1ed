"""`BlockingIO`: sends, sleeps and runs functions by blocking the calling thread."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import attrs

from chainhub_video import runtime
from chainhub_video.drivers import http
from chainhub_video.drivers.deadline import Until
from chainhub_video.drivers.turns import Turn
from chainhub_video.io import IO, Call, Kind
from chainhub_video.settings import Settings

if TYPE_CHECKING:
    from chainhub_video.drivers.routing import RoutingClient

P = ParamSpec("P")
T = TypeVar("T")


class BlockingDriver:
    """A runner of flows with an httpx client, or one with its interface. Usable from many threads.

    Args:
        settings: the client's.
        client: the caller's own HTTP client, which stays open; None for one of ours.

    Attributes:
        settings: the client's.
        lent: the caller's own HTTP client, or None.
        own: ours, once they are needed.
        turns: of the exchanges through ours; None with a lent client, which keeps its own limits.
    """

    def __init__(self, settings: Settings, client: Any = None) -> None:
        self.settings = settings
        self.lent = http.checked_client(client, asynchronous=False)
        self.own: http.OwnClients[RoutingClient] | None = None
        self._lock = Lock()
        self.turns = http.turns_of(self)
        self._closed = False
        self._process = os.getpid()

    def run(
        self,
        flow: Callable[Concatenate[IO, Settings, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a flow to its end, and return its value."""
        with runtime.current().clock.at_work() as clock:
            return completed(flow(BlockingIO(self, clock), self.settings, *args, **kwargs))

    def iterate(
        self,
        flow: Callable[Concatenate[IO, Settings, P], AsyncGenerator[T, None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Iterator[T]:
        """Run a flow, and give what it yields."""
        with runtime.current().clock.at_work() as clock:
            values = flow(BlockingIO(self, clock), self.settings, *args, **kwargs)
            try:
                while True:
                    yield completed(values.__anext__())
            except StopAsyncIteration:
                return
            finally:
                completed(values.aclose())

    def client(self, kind: Kind) -> Any:
        """Return the HTTP client to send with.

        Args:
            kind: of exchange.

        Raises:
            ConfigurationError: our client or the lent one has been closed; or the environment's certificates
                cannot be used.
        """
        if (
            self._process != os.getpid()
        ):  # after a fork: the connections, and who holds the lock, are the parent's
            self._process, self._lock, self.own = os.getpid(), Lock(), None
            self.turns = http.turns_of(self)
        with self._lock:
            if (lent := http.open_client(self.lent, closed=self._closed)) is not None:
                return lent
            if self.own is None:
                from chainhub_video.drivers.routing import RoutingClient  # when first needed

                self.own = http.own_clients(RoutingClient, self.settings)
            return self.own.fresh if kind == "create" else self.own.kept

    def close(self) -> None:
        """Close our own HTTP clients."""
        with self._lock:
            self._closed = True
            own, self.own = self.own, None
        if own is not None:
            own.kept.close()
            own.fresh.close()


@attrs.frozen(eq=False)
class BlockingStream:
    """An open answer of an httpx client."""

    status: int
    headers: Mapping[str, str]
    _response: Any
    _blocks: Iterator[bytes]
    _trace: http.SendTrace
    _seconds_left: Callable[[float], float]
    _turn: Turn

    async def read(self) -> bytes:
        """Return the next bytes, empty at the end."""
        clock = time.monotonic()
        with self._trace, Until(clock + self._seconds_left(clock)):
            return next(self._blocks, b"")

    async def close(self) -> None:
        """Give the connection and the turn back."""
        try:
            self._response.close()
        finally:
            self._turn.end()


@attrs.frozen(eq=False)
class BlockingIO:
    """The `IO` of one call of a blocking client; no method ever suspends."""

    _driver: BlockingDriver
    _clock: runtime.Clock

    def ready(self) -> None:
        """Make the HTTP client now, so that an error in its configuration shows before anything is sent."""
        http.make_ready(self._driver)

    async def open(self, call: Call, /) -> BlockingStream:
        """Send a request, and return its answer with the body unread."""
        client = self._driver.client(call.kind)
        turn = Turn(self._driver.turns, call.kind)
        try:
            clock = time.monotonic()
            if turn.wait(call.within or call.turn_timeout):
                call = call.after(time.monotonic() - clock)
            if call.on_turn is not None:
                await call.on_turn()
            return self._send(client, call, turn)
        except BaseException:
            turn.end()
            raise

    def _send(self, client: Any, call: Call, turn: Turn) -> BlockingStream:
        settings = self._driver.settings
        trace = http.SendTrace(own=self._driver.lent is None, leaving=call.leaving)
        request = http.build_request(client, settings, call, body=iter)
        if (watcher := http.watcher(settings, call, request, trace)) is not None:
            request.extensions["trace"] = watcher.record
        end = time.monotonic() + http.seconds_until_answer(settings, call)
        with trace, Until(end):
            response = client.send(request, stream=True, follow_redirects=False, auth=None)
        left = partial(http.seconds_left, settings, call, end)
        blocks = response.iter_bytes() if http.is_read(response) else response.iter_raw()
        headers = http.headers_of(response)
        return BlockingStream(response.status_code, headers, response, blocks, trace, left, turn)

    async def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        self._clock.sleep(seconds)

    def now(self) -> float:
        """Return seconds from an arbitrary start."""
        return self._clock.monotonic()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that may block."""
        return function(*args, **kwargs)

    async def ask(self, function: Callable[..., Any], /, *args: Any, blocks: bool = False) -> Any:  # noqa: ARG002 - all may block
        """Call the caller's own function."""
        result = function(*args)
        if inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise TypeError(f"{function!r} is asynchronous: use it with AsyncChainHub")
        return result


def completed(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the value of a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise RuntimeError("a flow has awaited something else than its IO")
