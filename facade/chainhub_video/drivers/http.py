"""Build HTTP requests and translate HTTP failures, for both drivers.

The client may be one of httpx or of a library with its interface, so exceptions are recognised by the names of their
classes.
"""

from __future__ import annotations

import inspect
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import attrs

from chainhub_video import runtime
from chainhub_video._version import __version__
from chainhub_video.drivers.local_addresses import LocalAddressCheck
from chainhub_video.drivers.turns import Turns
from chainhub_video.errors import ChainHubError, ConfigurationError
from chainhub_video.io import Call, Kind, LocalAddress, TransportFailure

if TYPE_CHECKING:
    from types import TracebackType

    from chainhub_video.settings import Settings

C = TypeVar("C")

USER_AGENT = f"chainhub-video/{__version__} python/{platform.python_version()}"

# Our own transport raises these only before the first byte of a request leaves. A proxy's refusal of a tunnel is
# among them. A lent client's transport may give the same names to anything.
_NEVER_SENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
_HTTP_LIBRARY = frozenset({"HTTPError", "InvalidURL", "StreamError", "CookieConflict"})
_SLACK = (
    0.25  # seconds that the library's own timeouts, which say what was waited for, have before ours
)
_BLOCK = 1 << 16  # bytes of a multipart body that are sent together
_OUR_HEADERS = {"host", "user-agent", "accept-encoding", "connection"}


def checked_client(client: Any, *, asynchronous: bool) -> Any:
    """Return the HTTP client that the caller lends us, or None.

    Raises:
        ConfigurationError: it is none, or asynchronous where a blocking one is needed, or the other way round.
    """
    if client is not None and not hasattr(client, "send"):
        raise ConfigurationError(f"http_client must be an httpx client, not {client!r:.80}")
    if client is None or inspect.iscoroutinefunction(client.send) == asynchronous:
        return client
    kinds = ("an asynchronous", "ChainHub", "AsyncChainHub")
    given, ours, other = kinds if not asynchronous else ("a blocking", *reversed(kinds[1:]))
    raise ConfigurationError(f"http_client is {given} one, which {ours} cannot use: use {other}")


def open_client(client: Any, *, closed: bool) -> Any:
    """Return the lent client, or None if there is none; refuse closed ones.

    Raises:
        ConfigurationError: our client or the lent one has been closed.
    """
    if closed:
        raise ConfigurationError("this client has been closed: make a new one")
    if client is not None and getattr(client, "is_closed", False):
        raise ConfigurationError("the http_client you passed has been closed: pass an open one")
    return client


@attrs.frozen
class OwnClients(Generic[C]):
    """Our HTTP clients.

    Attributes:
        kept: keeps its connections.
        fresh: opens a connection for each request.
        ready: makes the way of a fresh request to an address, or raises ConfigurationError.
    """

    kept: C
    fresh: C
    ready: Callable[[str], None]


class Driver(Protocol):
    """The base of both drivers."""

    settings: Settings
    lent: Any

    @property
    def own(self) -> OwnClients[Any] | None:
        """Our HTTP clients, once they are needed."""
        ...

    def client(self, kind: Kind) -> Any:
        """Return the HTTP client to send with."""
        ...


def own_clients(client: Callable[..., C], settings: Settings) -> OwnClients[C]:
    """Return our HTTP clients, on the proxies and certificates that the environment names now.

    Args:
        client: their class.
        settings: say whether the environment's proxies and certificates are used.

    Raises:
        ConfigurationError: the environment's certificates cannot be used.
    """
    from chainhub_video.drivers.environment import (  # of no use to a lent client
        Routes,
        environment_routes,
        trusted_certificates,
    )

    trust = trusted_certificates(trust_env=settings.trust_env)
    routes = environment_routes() if settings.trust_env else Routes()
    kept = client(routes, trust, keep=True)
    fresh: Any = client(routes, trust, keep=False)
    return OwnClients(kept=kept, fresh=fresh, ready=fresh.ready)


def turns_of(driver: Driver) -> Turns | None:
    """Return new turns for the exchanges of a driver; None if its client is lent, which keeps its own limits."""
    return None if driver.lent is not None else Turns(driver.settings.max_in_flight)


def make_ready(driver: Driver) -> None:
    """Make the HTTP clients of a driver, and the way to the gateway.

    Raises:
        ConfigurationError: there is nothing to send with, or no way to the gateway through its proxy.
    """
    driver.client("create")
    if driver.own is not None:
        driver.own.ready(driver.settings.base_url)


def build_request(
    client: Any, settings: Settings, call: Call, *, body: Callable[[Iterator[bytes]], Any]
) -> Any:
    """Return the HTTP library's request for a call.

    Args:
        client: builds it.
        settings: the client's.
        call: what to send.
        body: makes the blocks of a multipart body into one that the client can send.

    Raises:
        TransportFailure: the library takes the address for none; nothing was sent.
        ConfigurationError: this process is kept to another gateway; nothing was sent.
    """
    if _to_gateway(call):
        runtime.current().check(settings.base_url)
    try:
        request = client.build_request(**_arguments(settings, call))
    except Exception as error:
        if SendTrace(own=True).failure(error) is not None:
            raise TransportFailure(error, sent=False) from error
        raise
    if "files" in call.arguments:
        request = client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=body(_blocks(request.stream)),
            extensions=request.extensions,
        )
    if not _to_gateway(call):
        _strip_defaults(request, call)
    return request


def watcher(
    settings: Settings, call: Call, request: Any, trace: SendTrace
) -> SendTrace | LocalAddressCheck | None:
    """Return the listener for the transport's events during a request, or None."""
    if call.kind == "create":  # what may be sent again at any time needs no trace
        return trace
    if call.public_only:
        return LocalAddressCheck(request.url.host, urlsplit(settings.base_url).hostname or "")
    return None


def _strip_defaults(request: Any, call: Call) -> None:
    """Take the default headers, cookies and parameters of a lent client out of a request to another host."""
    request.url = type(request.url)(call.arguments["url"])
    ours = {name.lower() for name in call.arguments.get("headers", {})} | _OUR_HEADERS
    for name in list(request.headers):
        if name.lower() not in ours:
            del request.headers[name]


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join the many small pieces of a multipart body, each of which would be sent on its own."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _arguments(settings: Settings, call: Call) -> dict[str, Any]:
    """Return the arguments of `build_request` for a call; only a relative address gets the key."""
    arguments = dict(call.arguments)
    headers = {
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",  # what is compressed may be of any size
        **arguments.get("headers", {}),
    }
    if _to_gateway(call):
        if not call.with_key:
            arguments["url"] = settings.base_url + arguments["url"]
        headers["Authorization"] = f"Bearer {settings.api_key}"
        headers.setdefault("Accept", "application/json")
    limits = settings.timeouts
    steps = (limits.connect, call.read_timeout or limits.read, limits.write, limits.connect)
    bound = seconds_until_answer(settings, call) - _SLACK
    timeout = tuple(min(step, bound) for step in steps)
    return {**arguments, "headers": headers, "timeout": timeout}


def seconds_until_answer(settings: Settings, call: Call) -> float:
    """Return how long the head of an answer may take, everything before it included.

    A create's is all of the time that it has: what it sends, what the gateway answers, and interim answers.
    """
    limits = settings.timeouts
    seconds = call.within or call.read_timeout or limits.connect + limits.write + limits.read
    return seconds + _SLACK


def seconds_left(settings: Settings, call: Call, end: float, clock: float) -> float:
    """Return how long the next bytes of an answer may take.

    Args:
        settings: the client's.
        call: what was asked for.
        end: when the head of its answer had to be there.
        clock: the time now, on the same clock.
    """
    if call.within is not None:
        return max(0.0, end - clock)
    return (call.read_timeout or settings.timeouts.read) + _SLACK


def _to_gateway(call: Call) -> bool:
    """Return whether a call goes to the gateway, and so may carry the key."""
    return call.with_key or str(call.arguments["url"]).startswith("/")


def headers_of(response: Any) -> dict[str, str]:
    """Return an answer's headers as text, with their names in lower case."""
    raw = response.headers.raw
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    if is_read(response):
        headers.pop("content-encoding", None)
    return headers


def is_read(response: Any) -> bool:
    """Return whether a lent client's transport gave an answer with its body in it, decompressed if it was not plain."""
    return bool(getattr(response, "is_stream_consumed", False))


class SendTrace:
    """A record of the transport's events, which tells whether a byte of a request may have left.

    httpx hands them to a request's `trace` extension. A lent client's own transport may give none: then the request
    counts as sent.

    Args:
        own: whether the transport is ours, so that its failures to connect are what they are called.
        leaving: is called just before the request may leave; at once if the transport is not ours.
    """

    def __init__(self, *, own: bool, leaving: Callable[[], None] | None = None) -> None:
        self._own = own
        self._leaving = leaving or (lambda: None)
        if not own:
            self._leaving()
        self._heard = False
        self._left = False

    def record(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event; asking a proxy for a tunnel is not yet the request itself."""
        self._heard = True
        if event.endswith("send_request_headers.started"):
            method = getattr(info.get("request"), "method", b"")
            if method != b"CONNECT":
                self._leaving()
                self._left = True

    async def record_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event under asyncio."""
        self.record(event, info)

    def __enter__(self) -> None:
        """Let no exception of the HTTP library out of a block: TransportFailure comes in its place."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and (failure := self.failure(error)) is not None:
            raise failure from error

    def failure(self, error: Exception) -> TransportFailure | None:
        """Return what an exception during an exchange means, or None if it is not about it."""
        names = {kind.__name__ for kind in type(error).__mro__}
        sent = self._left if self._heard else not (self._own and names & _NEVER_SENT)
        if isinstance(error, (ChainHubError, LocalAddress)):
            return None
        # Unicode errors: the library looks at where a redirect leads even if it does not follow it.
        known = names & _HTTP_LIBRARY or isinstance(error, (OSError, UnicodeError))
        # A lent client's transport and hooks may raise errors of any kind.
        if known or self._left or not self._own:
            return TransportFailure(error, sent=sent)
        return None
