"""`AsyncIO`: sends, sleeps and runs functions without blocking the event loop."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import attrs

from chainhub_video import runtime
from chainhub_video.drivers import http
from chainhub_video.drivers.deadline import Until, Within, within_own
from chainhub_video.drivers.threads import in_thread, off_loop
from chainhub_video.drivers.turns import Turn
from chainhub_video.io import IO, Call, Kind
from chainhub_video.settings import Settings

if TYPE_CHECKING:
    from chainhub_video.drivers.routing import AsyncRoutingClient

P = ParamSpec("P")
T = TypeVar("T")


class AsyncDriver:
    """A runner of flows with an httpx client, or one with its interface. Belongs to one event loop.

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
        self.lent = http.checked_client(client, asynchronous=True)
        self.own: http.OwnClients[AsyncRoutingClient] | None = None
        self.turns = http.turns_of(self)
        self._closed = False
        self._process = os.getpid()

    async def run(
        self,
        flow: Callable[Concatenate[IO, Settings, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a flow to its end, and return its value."""
        with runtime.current().clock.at_work() as clock:
            return await flow(AsyncIO(self, clock), self.settings, *args, **kwargs)

    async def iterate(
        self,
        flow: Callable[Concatenate[IO, Settings, P], AsyncGenerator[T, None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncIterator[T]:
        """Run a flow, and give what it yields."""
        with runtime.current().clock.at_work() as clock:
            values = flow(AsyncIO(self, clock), self.settings, *args, **kwargs)
            async with aclosing(values):
                async for value in values:
                    yield value

    def client(self, kind: Kind) -> Any:
        """Return the HTTP client to send with.

        Args:
            kind: of exchange.

        Raises:
            ConfigurationError: our client or the lent one has been closed; or the environment's certificates
                cannot be used.
        """
        if (lent := http.open_client(self.lent, closed=self._closed)) is not None:
            return lent
        if self._process != os.getpid():  # after a fork: the connections are the parent's
            self._process, self.own, self.turns = os.getpid(), None, http.turns_of(self)
        if self.own is None:
            from chainhub_video.drivers.routing import AsyncRoutingClient  # when first needed

            self.own = http.own_clients(AsyncRoutingClient, self.settings)
        return self.own.fresh if kind == "create" else self.own.kept

    async def close(self) -> None:
        """Close our own HTTP clients."""
        self._closed = True
        own, self.own = self.own, None
        if own is not None:
            await own.kept.aclose()
            await own.fresh.aclose()


@attrs.frozen(eq=False)
class AsyncStream:
    """An open answer of an httpx client."""

    status: int
    headers: Mapping[str, str]
    _response: Any
    _blocks: AsyncIterator[bytes]
    _trace: http.SendTrace
    _seconds_left: Callable[[float], float]
    _turn: Turn
    _within: Callable[[float], AbstractAsyncContextManager[None]]

    async def read(self) -> bytes:
        """Return the next bytes, empty at the end."""
        clock = time.monotonic()
        left = self._seconds_left(clock)
        with self._trace, Until(clock + left):
            async with self._within(left):
                return await anext(self._blocks, b"")

    async def close(self) -> None:
        """Give the connection and the turn back."""
        try:
            await self._response.aclose()
        finally:
            self._turn.end()


@attrs.frozen(eq=False)
class AsyncIO:
    """The `IO` of one call of an asyncio client."""

    _driver: AsyncDriver
    _clock: runtime.Clock

    def ready(self) -> None:
        """Make the HTTP client now, so that an error in its configuration shows before anything is sent."""
        http.make_ready(self._driver)

    async def open(self, call: Call, /) -> AsyncStream:
        """Send a request, and return its answer with the body unread."""
        client = self._driver.client(call.kind)
        turn = Turn(self._driver.turns, call.kind)
        try:
            clock = time.monotonic()
            if await turn.wait_async(call.within or call.turn_timeout):
                call = call.after(time.monotonic() - clock)
            if call.on_turn is not None:
                await call.on_turn()
            return await self._send(client, call, turn)
        except BaseException:
            turn.end()
            raise

    async def _send(self, client: Any, call: Call, turn: Turn) -> AsyncStream:
        settings = self._driver.settings
        trace = http.SendTrace(own=self._driver.lent is None, leaving=call.leaving)
        request = http.build_request(client, settings, call, body=off_loop)
        if (watcher := http.watcher(settings, call, request, trace)) is not None:
            request.extensions["trace"] = watcher.record_async
        seconds = http.seconds_until_answer(settings, call)
        end = time.monotonic() + seconds
        within = within_own if self._driver.lent is None else Within
        with trace, Until(end):
            async with within(seconds):
                response = await client.send(
                    request, stream=True, follow_redirects=False, auth=None
                )
        left = partial(http.seconds_left, settings, call, end)
        blocks = response.aiter_bytes() if http.is_read(response) else response.aiter_raw()
        headers, status = http.headers_of(response), response.status_code
        return AsyncStream(status, headers, response, blocks, trace, left, turn, within)

    async def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        await self._clock.sleep_async(seconds)

    def now(self) -> float:
        """Return seconds from an arbitrary start."""
        return self._clock.monotonic()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that may block in a thread. A caller who is cancelled waits for it to end."""
        ended = Event()

        def work() -> T:
            try:
                return function(*args, **kwargs)
            finally:
                ended.set()

        thread = in_thread(work)
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            while not thread.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([thread])
            raise
        except GeneratorExit:  # the loop is gone
            ended.wait()
            raise

    async def ask(self, function: Callable[..., Any], /, *args: Any, blocks: bool = False) -> Any:
        """Call the caller's own function, and await its result if it is awaitable."""
        if blocks and not inspect.iscoroutinefunction(function):
            result = await in_thread(partial(function, *args))
        else:
            result = function(*args)
        return await result if inspect.isawaitable(result) else result
