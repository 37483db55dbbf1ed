"""What both drivers have in common: how a call becomes a request, and what the library's exceptions mean.

The client may be one of httpx or of a library with its interface, so exceptions are told by the names of their classes.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainhub_video._version import __version__
from chainhub_video.effects import Call, TransportFailure

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
    if names & _HTTP_LIBRARY or isinstance(error, OSError):
        return TransportFailure(error, sent=True)
    return None
