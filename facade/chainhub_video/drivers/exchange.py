"""What both drivers have in common: how a call becomes a request, and what the library's exceptions mean.

The client may be one of httpx or of a library with its interface, so exceptions are told by the names of their classes.
"""

from __future__ import annotations

import inspect
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainhub_video._version import __version__
from chainhub_video.effects import Call, TransportFailure
from chainhub_video.errors import ConfigurationError

if TYPE_CHECKING:
    from chainhub_video.settings import Settings

FRESH_LIMITS = {"max_keepalive_connections": 0}
USER_AGENT = f"chainhub-video/{__version__} python/{platform.python_version()}"

# Raised only before the first byte of a request leaves. A proxy's refusal of a tunnel is among them.
_NEVER_SENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
_HTTP_LIBRARY = frozenset({"HTTPError", "InvalidURL", "StreamError", "CookieConflict"})
_PRIVATE_HEADERS = ("authorization", "cookie", "proxy-authorization")


def lent(client: Any, *, asynchronous: bool) -> Any:
    """Return the HTTP client that the caller lends us, or None.

    Raises:
        ConfigurationError: it is none, or of the other colour.
    """
    if client is not None and not hasattr(client, "send"):
        raise ConfigurationError(f"http_client must be an httpx client, not {client!r:.80}")
    if client is None or inspect.iscoroutinefunction(client.send) == asynchronous:
        return client
    kinds = ("an asynchronous", "ChainHub", "AsyncChainHub")
    given, ours, other = kinds if not asynchronous else ("a blocking", *reversed(kinds[1:]))
    raise ConfigurationError(f"http_client is {given} one, which {ours} cannot use: use {other}")


def usable(client: Any, *, closed: bool) -> Any:
    """Return the lent client, or None, if there still is something to send with.

    Raises:
        ConfigurationError: our client or the lent one has been closed.
    """
    if closed:
        raise ConfigurationError("this client has been closed: make a new one")
    if client is not None and getattr(client, "is_closed", False):
        raise ConfigurationError("the http_client you passed has been closed: pass an open one")
    return client


def built(client: Any, settings: Settings, call: Call) -> Any:
    """Return the HTTP library's request for a call.

    Raises:
        TransportFailure: the library takes the address for none; nothing was sent.
    """
    try:
        request = client.build_request(**request_arguments(settings, call))
    except Exception as error:
        if failure_of(error) is not None:
            raise TransportFailure(error, sent=False) from error
        raise
    strip_private(call, request.headers)
    return request


def request_arguments(settings: Settings, call: Call) -> dict[str, Any]:
    """Return the arguments of `build_request` for a call; only a relative address gets the key."""
    arguments = dict(call.arguments)
    headers = {"User-Agent": USER_AGENT, **arguments.get("headers", {})}
    if to_gateway(call):
        arguments["url"] = settings.base_url + arguments["url"]
        headers["Authorization"] = f"Bearer {settings.api_key}"
        headers.setdefault("Accept", "application/json")
    limits = settings.timeouts
    steps = (limits.connect, call.read_timeout or limits.read, limits.write, limits.connect)
    bound = call.within
    timeout = steps if bound is None else tuple(min(step, bound) for step in steps)
    return {**arguments, "headers": headers, "timeout": timeout}


def to_gateway(call: Call) -> bool:
    """Return whether a call goes to the gateway, and so may carry the key."""
    return str(call.arguments["url"]).startswith("/")


def strip_private(call: Call, headers: Any) -> None:
    """Take the defaults of a client that the caller lent us off a request to a stranger."""
    if not to_gateway(call):
        for name in _PRIVATE_HEADERS:
            headers.pop(name, None)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def failure_of(error: Exception) -> TransportFailure | None:
    """Return what an exception during an exchange means, or None if it is not about the exchange."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _NEVER_SENT:
        return TransportFailure(error, sent=False)
    # Unicode errors: the library looks at where a redirect leads even if it does not follow it.
    if names & _HTTP_LIBRARY or isinstance(error, (OSError, UnicodeError)):
        return TransportFailure(error, sent=True)
    return None
