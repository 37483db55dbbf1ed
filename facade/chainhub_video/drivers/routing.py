"""Our own HTTP clients: each request goes directly, or through the environment's proxy for it.

They build and send requests as an `httpx.Client` does, and have nothing else of it: no cookies, redirects, hooks, nor a
log of addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx

from chainhub_video.drivers.deadline import bound, closed_when_cancelled
from chainhub_video.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from chainhub_video.drivers.environment import NamedProxy, Routes

T = TypeVar("T")


class Transports(Generic[T]):
    """The direct transport, and one for each proxy, made when a request first needs it.

    Args:
        routes: say which one a request needs.
        make: makes a transport of the HTTP library.
        trust: the certificates that servers are checked against, and proxies that are reached by TLS.
        limits: of the connections.
    """

    def __init__(
        self,
        routes: Routes,
        make: Callable[..., T],
        trust: ssl.SSLContext,
        limits: httpx.Limits,
    ) -> None:
        self._routes = routes
        self._make: Callable[..., T] = partial(make, verify=trust, trust_env=False)
        self._trust = trust
        self._limits = limits
        self._made: dict[NamedProxy | None, T] = {}
        self._lock = Lock()

    def choose(self, url: httpx.URL) -> tuple[T, NamedProxy | None]:
        """Return the transport for an address, and the proxy that it goes through.

        Raises:
            ConfigurationError: the proxy for it cannot be used.
        """
        proxy = self._routes.proxy_for(url)
        with self._lock:
            if proxy not in self._made:
                self._made[proxy] = self._through(proxy)
            return self._made[proxy], proxy

    def _through(self, proxy: NamedProxy | None) -> T:
        if proxy is None:
            return self._make(limits=self._limits)
        url = proxy.url()
        trust = self._trust if url.scheme == "https" else None
        # httpcore counts a tunnel in which TLS failed as open for ever: such ones must not use up a limit.
        limits = httpx.Limits(max_keepalive_connections=self._limits.max_keepalive_connections)
        try:
            return self._make(limits=limits, proxy=httpx.Proxy(url, ssl_context=trust))
        # httpcore remembers that a package was missing.
        except (ImportError, RuntimeError) as error:
            raise ConfigurationError(
                f"{proxy}, and what SOCKS proxies need was not there when this program began: start it again"
            ) from error

    def ready(self, address: str) -> None:
        """Make the transport for an address, if it is one.

        Raises:
            ConfigurationError: the proxy for it cannot be used.
        """
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:  # sending says so
            return
        self.choose(url)

    def release(self) -> list[T]:
        """Return those that have been made, to be closed, and forget them."""
        with self._lock:
            made = [*self._made.values()]
            self._made.clear()
        return made


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

    def __init__(self, routes: Routes, trust: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._transports = Transports(routes, _bounded, trust, limits)
        self.ready = self._transports.ready

    def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """Send a request, and return its answer with the body unread."""
        transport, proxy = self._transports.choose(request.url)
        if proxy is None:
            response = transport.handle_request(request)
        else:
            greeting = _Greeting(request)
            request.extensions = {**request.extensions, "trace": greeting.record}
            with greeting.explain_errors(proxy):
                response = transport.handle_request(request)
        response.request = request
        return response

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.release():
            transport.close()


def _bounded(**options: Any) -> httpx.HTTPTransport:
    transport: httpx.HTTPTransport = bound(httpx.HTTPTransport(**options))
    return transport


class AsyncRoutingClient:
    """The same for asyncio."""

    build_request = staticmethod(_built)

    def __init__(self, routes: Routes, trust: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._transports = Transports(routes, _closing, trust, limits)
        self.ready = self._transports.ready

    async def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """Send a request, and return its answer with the body unread."""
        transport, proxy = self._transports.choose(request.url)
        if proxy is None:
            response = await transport.handle_async_request(request)
        else:
            greeting = _Greeting(request)
            request.extensions = {**request.extensions, "trace": greeting.record_async}
            with greeting.explain_errors(proxy):
                response = await transport.handle_async_request(request)
        response.request = request
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        for transport in self._transports.release():
            await transport.aclose()


def _closing(**options: Any) -> httpx.AsyncHTTPTransport:
    transport: httpx.AsyncHTTPTransport = closed_when_cancelled(httpx.AsyncHTTPTransport(**options))
    return transport


class _Greeting:
    """What goes on until a proxy has made a connection, before anything of the request leaves.

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
