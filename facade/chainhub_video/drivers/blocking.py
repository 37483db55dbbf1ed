"""`BlockingIO`: sends, sleeps and runs functions by blocking the calling thread."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import attrs
import httpx

from chainhub_video import runtime
from chainhub_video.drivers import http
from chainhub_video.drivers.local_addresses import LocalAddressCheck
from chainhub_video.io import IO, Call
from chainhub_video.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class BlockingDriver:
    """A runner of flows with an httpx client, or one with its interface. Usable from many threads.

    Args:
        settings: the client's.
        client: the caller's own HTTP client, which stays open; None for one of ours.
    """

    def __init__(self, settings: Settings, client: Any = None) -> None:
        self.settings = settings
        self.lent = http.checked_client(client, asynchronous=False)
        self._own: http.OwnClients[httpx.Client] | None = None
        self._lock = Lock()
        self._closed = False

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

    def client(self, *, fresh: bool) -> Any:
        """Return the HTTP client to send with.

        Args:
            fresh: whether to open a connection for a single request.

        Raises:
            ConfigurationError: our client or the lent one has been closed; or the environment's certificates
                cannot be used.
        """
        with self._lock:
            if (lent := http.open_client(self.lent, closed=self._closed)) is not None:
                return lent
            if self._own is None:
                from chainhub_video.drivers.routing import RoutingTransport  # when first needed

                self._own = http.own_clients(httpx.Client, RoutingTransport, self.settings)
            return self._own.fresh if fresh else self._own.kept

    def ready(self) -> None:
        """Make the HTTP client, and find the way to the gateway.

        Raises:
            ConfigurationError: there is nothing to send with, or no way to the gateway through its proxy.
        """
        self.client(fresh=True)
        if (own := self._own) is not None:
            own.ready(self.settings.base_url)

    def close(self) -> None:
        """Close our own HTTP clients."""
        with self._lock:
            self._closed = True
            own, self._own = self._own, None
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

    async def read(self) -> bytes:
        """Return the next bytes, empty at the end."""
        with self._trace.translate_errors():
            return next(self._blocks, b"")

    async def close(self) -> None:
        """Give the connection back."""
        self._response.close()


@attrs.frozen(eq=False)
class BlockingIO:
    """What one call of a blocking client waits with; no method ever suspends."""

    _driver: BlockingDriver
    _clock: runtime.Clock

    def ready(self) -> None:
        """Make the HTTP client, so that what keeps it from being made is told now."""
        self._driver.ready()

    async def open(self, call: Call, /) -> BlockingStream:
        """Send a request, and return its answer with the body unread."""
        client = self._driver.client(fresh=call.fresh)
        trace = http.SendTrace(own=self._driver.lent is None, leaving=call.leaving)
        request = http.build_request(client, self._driver.settings, call, body=iter)
        if call.fresh:  # what may be sent again at any time needs no trace
            request.extensions["trace"] = trace.record
        elif call.public_only:
            gateway = urlsplit(self._driver.settings.base_url).hostname or ""
            request.extensions["trace"] = LocalAddressCheck(request.url.host, gateway).record
        with trace.translate_errors():
            response = client.send(request, stream=True, follow_redirects=False, auth=None)
        headers = http.lower_headers(response.headers)
        return BlockingStream(response.status_code, headers, response, response.iter_bytes(), trace)

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
