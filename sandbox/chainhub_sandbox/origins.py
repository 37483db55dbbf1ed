"""Answer to the sandbox's own names only, and to no page of another origin.

Any page in a browser on this machine can send requests here, and a name that it owns can be made to lead here. What a
browser sends for it carries that name as `Host`, or the page's own origin as `Origin`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chainhub_sandbox.answers import Refusal, new_request_id

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PAGE = "/_sandbox/page"
"""Begins the paths of what belongs to the page at `/`."""


def is_page(path: str) -> bool:
    """Whether a path is the page's, or of something on it."""
    return path == "/" or path.startswith(f"{PAGE}/")


class OwnOrigin:
    """An application that refuses what is meant for another host, or comes from another origin's page.

    Args:
        app: answers all other requests.
        hosts: the names and addresses it is reached by, besides those of the loopback.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = _LOOPBACK | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if is_page(scope["path"]):  # a person reads it
            refusal = Refusal(403, f"Refused: {refusal}.", shape="plain")
        request_id = new_request_id()
        await refusal.answer(request_id).response(request_id)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        address, port = scope.get("server") or ("", None)
        ours = self._hosts | {address}
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not _leads_to(f"http://{hosts[0]}", ours, port):
            named = ", ".join(hosts) or "none"
            return Refusal(
                421,
                f"the header Host is {named[:80]!r}, and this is port {port} of "
                f"{', '.join(sorted(ours - {''}))}: use one of these addresses",
                code="foreign_host",
            )
        for origin in headers.getlist("origin"):
            if not _leads_to(origin, ours, port):
                return Refusal(
                    403,
                    f"the header Origin is {origin[:80]!r}: pages of other origins are not answered",
                    code="foreign_origin",
                )
        return None


def _leads_to(origin: str, hosts: frozenset[str], port: int | None) -> bool:
    """Return whether an origin is that of one of the hosts, at a port, and nothing more."""
    try:
        parts = urlsplit(origin)
        given = parts.port or 80
    except ValueError:
        return False
    exact = parts.scheme == "http" and not (parts.path or parts.query or parts.fragment)
    return (
        exact
        and "@" not in parts.netloc
        and (parts.hostname or "") in hosts - {""}
        and given == port
    )
