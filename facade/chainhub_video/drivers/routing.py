"""Our own HTTP clients: each request goes directly, or through the environment's proxy for it.

They build and send requests as an `httpx.Client` does, and have nothing else of it: no cookies, redirects, hooks, nor a
log of addresses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

import attrs
import httpx

from chainhub_video.drivers.deadline import bound, bound_async
from chainhub_video.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from chainhub_video.drivers.environment import NamedProxy, Routes

T = TypeVar("T")
Origin: TypeAlias = tuple[str, bytes]  # scheme, host and port

_IDLE = 32  # lanes that are kept


class Lane(Generic[T]):
    """One transport to one origin or proxy, used by one exchange at a time.

    Attributes:
        origin: where to.
        proxy: by way of which proxy; None for directly.
        transport: of the HTTP library.
    """

    __slots__ = ("origin", "proxy", "transport")

    def __init__(self, origin: Origin, proxy: NamedProxy | None, transport: T) -> None:
        self.origin = origin
        self.proxy = proxy
        self.transport = transport


class Lanes(Generic[T]):
    """Transports of one connection each, made when an exchange first needs them, and used again.

    A transport of many connections looks at each of them at each request, so that hundreds of requests at once would
    take most of their time for that.

    Args:
        routes: say which proxy a request needs.
        make: makes a transport of the HTTP library.
        trust: the certificates that servers are checked against, and proxies that are reached by TLS.
        keep: whether connections are kept for the next exchange.
    """

    def __init__(
        self, routes: Routes, make: Callable[..., T], trust: ssl.SSLContext, *, keep: bool
    ) -> None:
        self._routes = routes
        limits = httpx.Limits(max_keepalive_connections=int(keep))
        self._make: Callable[..., T] = partial(make, verify=trust, trust_env=False, limits=limits)
        self._trust = trust
        self._idle: list[Lane[T]] = []  # the one that was used last at the end
        self._used: set[Lane[T]] = set()
        self._lock = Lock()

    def take(self, url: httpx.URL) -> Lane[T]:
        """Return a lane to an address for one exchange.

        Raises:
            ConfigurationError: the proxy for it cannot be used.
        """
        origin = (url.scheme, url.netloc)
        proxy = self._routes.proxy_for(url)
        with self._lock:
            for place in reversed(range(len(self._idle))):
                lane = self._idle[place]
                if lane.origin == origin and lane.proxy == proxy:
                    self._used.add(lane)  # first: an interruption must not lose it
                    del self._idle[place]
                    return lane
            lane = Lane(origin, proxy, self._made(proxy))
            self._used.add(lane)
            return lane

    def give_back(self, lane: Lane[T]) -> T | None:
        """Keep a lane for the next exchange; return the transport that is to be closed for that, if there is one."""
        with self._lock:
            if lane not in self._used:  # released, perhaps before its connection was made
                return lane.transport
            self._idle.append(lane)
            self._used.remove(lane)
            return self._idle.pop(0).transport if len(self._idle) > _IDLE else None

    def drop(self, lane: Lane[T]) -> T:
        """Forget a lane whose exchange failed; return its transport, to be closed.

        httpcore counts a tunnel in which TLS has failed as open for ever, and would close each later one for it.
        """
        with self._lock:
            self._used.discard(lane)
        return lane.transport

    def _made(self, proxy: NamedProxy | None) -> T:
        if proxy is None:
            return self._make()
        url = proxy.url()
        trust = self._trust if url.scheme == "https" else None
        try:
            return self._make(proxy=httpx.Proxy(url, ssl_context=trust))
        # httpcore remembers that a package was missing.
        except (ImportError, RuntimeError) as error:
            raise ConfigurationError(
                f"{proxy}, and what SOCKS proxies need was not there when this program began: start it again"
            ) from error

    def ready(self, address: str) -> None:
        """Make the lane to an address, if it is one.

        Raises:
            ConfigurationError: the proxy for it cannot be used.
        """
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:  # sending says so
            return
        self.give_back(self.take(url))

    def release(self) -> list[T]:
        """Return all transports, to be closed, and forget them."""
        with self._lock:
            lanes = [*self._idle, *self._used]
            self._idle.clear()
            self._used.clear()
        return [lane.transport for lane in lanes]


_parsed = lru_cache(maxsize=256)(httpx.URL)  # a task is asked for again and again
_TIMEOUTS = ("connect", "read", "write", "pool")


def _built(
    method: str,
    url: str,
    *,
    headers: Any,
    timeout: tuple[float, ...] = (),
    extensions: dict[str, Any] | None = None,
    **content: Any,
) -> httpx.Request:
    """Return a request, as the method of a client would, without defaults but one."""
    request = httpx.Request(
        method,
        _parsed(url) if isinstance(url, str) else url,
        headers=headers,
        extensions=extensions or {"timeout": dict(zip(_TIMEOUTS, timeout, strict=True))},
        **content,
    )
    request.headers.setdefault("Connection", "keep-alive")
    return request


class RoutingClient:
    """A client that sends each request the way that the environment says."""

    build_request = staticmethod(_built)

    def __init__(self, routes: Routes, trust: ssl.SSLContext, *, keep: bool) -> None:
        self._lanes = Lanes(routes, _bounded, trust, keep=keep)
        self.ready = self._lanes.ready

    def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """Send a request, and return its answer with the body unread; its lane is taken until that is closed."""
        lane = self._lanes.take(request.url)
        try:
            if lane.proxy is None:
                response = lane.transport.handle_request(request)
            else:
                greeting = _Greeting(request)
                request.extensions = {**request.extensions, "trace": greeting.record}
                with greeting.explain_errors(lane.proxy):
                    response = lane.transport.handle_request(request)
        except BaseException:
            self._lanes.drop(lane).close()
            raise
        response.request = request
        response.stream = _Body(cast("httpx.SyncByteStream", response.stream), lane, self._end)
        return response

    def _end(self, lane: Lane[httpx.HTTPTransport]) -> None:
        if (surplus := self._lanes.give_back(lane)) is not None:
            surplus.close()

    def close(self) -> None:
        """Close the connections."""
        for transport in self._lanes.release():
            transport.close()


@attrs.frozen(eq=False)
class _Body(httpx.SyncByteStream):
    """The body of an answer, whose lane is free once it is closed."""

    _stream: httpx.SyncByteStream
    _lane: Lane[httpx.HTTPTransport]
    _end: Callable[[Lane[httpx.HTTPTransport]], None]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        """Close it."""
        try:
            self._stream.close()
        finally:
            self._end(self._lane)


def _bounded(**options: Any) -> httpx.HTTPTransport:
    transport: httpx.HTTPTransport = bound(httpx.HTTPTransport(**options))
    return transport


class AsyncRoutingClient:
    """The same for asyncio."""

    build_request = staticmethod(_built)

    def __init__(self, routes: Routes, trust: ssl.SSLContext, *, keep: bool) -> None:
        self._lanes = Lanes(routes, _bounded_async, trust, keep=keep)
        self.ready = self._lanes.ready

    async def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """Send a request, and return its answer with the body unread; its lane is taken until that is closed."""
        lane = self._lanes.take(request.url)
        try:
            if lane.proxy is None:
                response = await lane.transport.handle_async_request(request)
            else:
                greeting = _Greeting(request)
                request.extensions = {**request.extensions, "trace": greeting.record_async}
                with greeting.explain_errors(lane.proxy):
                    response = await lane.transport.handle_async_request(request)
        except BaseException:
            await self._lanes.drop(lane).aclose()
            raise
        response.request = request
        body = cast("httpx.AsyncByteStream", response.stream)
        response.stream = _AsyncBody(body, lane, self._end)
        return response

    async def _end(self, lane: Lane[httpx.AsyncHTTPTransport]) -> None:
        if (surplus := self._lanes.give_back(lane)) is not None:
            await surplus.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        for transport in self._lanes.release():
            await transport.aclose()


@attrs.frozen(eq=False)
class _AsyncBody(httpx.AsyncByteStream):
    """The same for asyncio."""

    _stream: httpx.AsyncByteStream
    _lane: Lane[httpx.AsyncHTTPTransport]
    _end: Callable[[Lane[httpx.AsyncHTTPTransport]], Awaitable[None]]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        """Close it."""
        try:
            await self._stream.aclose()
        finally:
            await self._end(self._lane)


def _bounded_async(**options: Any) -> httpx.AsyncHTTPTransport:
    transport: httpx.AsyncHTTPTransport = bound_async(httpx.AsyncHTTPTransport(**options))
    return transport


class _Greeting:
    """The handshake with a proxy, before anything of the request leaves.

    httpcore waits for the words of a SOCKS proxy without end, leaves the connection open if they make no sense, and
    raises whatever comes of it. This bounds each of them by the time to connect, and closes the connection.

    Args:
        request: whose `trace` extension, if it has one, goes on being told of each event.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._tell = request.extensions.get("trace")
        self._patience = request.extensions.get("timeout", {}).get("connect")
        self._stream: Any = None
        self._over = False

    def record(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event."""
        if self._tell is not None:
            self._tell(event, info)
        abandoned = self._note(event, info)
        if abandoned is not None:
            abandoned.close()

    async def record_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event under asyncio."""
        if self._tell is not None:
            await self._tell(event, info)
        abandoned = self._note(event, info)
        if abandoned is not None:
            await abandoned.aclose()

    def _note(self, event: str, info: Mapping[str, Any]) -> Any:
        """Bound what a SOCKS proxy is asked; return the connection if that has failed."""
        if event.endswith("setup_socks5_connection.started"):
            self._stream = stream = info["stream"]
            for name in ("read", "write"):
                setattr(stream, name, partial(getattr(stream, name), timeout=self._patience))
        elif event.endswith("setup_socks5_connection.complete"):
            del self._stream.read, self._stream.write  # those of its class are back
            self._stream = None
        elif event.endswith("setup_socks5_connection.failed"):
            return self._stream
        elif event.endswith("send_request_headers.started"):
            self._over = info["request"].method != b"CONNECT"
        return None

    @contextmanager
    def explain_errors(self, proxy: NamedProxy) -> Iterator[None]:
        """Say of what went wrong before there was a connection that it was on the way through a proxy.

        Raises:
            httpx.TransportError: in place of one that does not say so.
        """
        try:
            yield
        except Exception as error:
            if self._over:
                raise
            reason = str(error) or type(error).__name__
            if isinstance(error, httpx.TransportError):
                raise type(error)(f"{reason}, by way of a proxy: {proxy}") from error
            if self._stream is None:
                raise
            raise httpx.ProxyError(
                f"the proxy does not answer as one of SOCKS 5 does ({reason}), {proxy}"
            ) from error
