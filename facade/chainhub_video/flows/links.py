"""Opening addresses outside the gateway: never with the key, and only over http and https."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

from chainhub_video.io import IO, Call, Stream

_MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class BadLink(Exception):
    """A link that leads nowhere that may be followed."""


async def open_link(
    io: IO, url: str, headers: dict[str, str], within: float | None = None
) -> Stream:
    """Open a link, following redirects.

    Args:
        io: sends.
        url: absolute.
        headers: what to send besides the defaults.
        within: seconds that bound each step of the exchange; None for no such bound.

    Returns:
        The stream of the first answer that is no redirect; close it.

    Raises:
        BadLink: it, or what it redirects to, is not http(s), or the redirects do not end.
        TransportFailure: there was no answer.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        check_link(url)
        arguments = {
            "method": "get",
            "url": url,
            "headers": {"Accept-Encoding": "identity", **headers},
        }
        stream: Stream = await io.open(Call(arguments, within=within))
        if stream.status not in REDIRECTS:
            return stream
        await stream.close()
        url = redirected(url, stream)
    raise BadLink(f"{shown(url)}: more than {_MOST_REDIRECTS} redirects")


def redirected(url: str, stream: Stream) -> str:
    """Return where a redirect leads.

    Raises:
        BadLink: it does not say.
    """
    location = stream.headers.get("location", "")
    if not location:
        raise BadLink(f"{shown(url)} redirects without saying where to")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise BadLink(
            f"{shown(url)} redirects to {location[:80]!r}, which is no address"
        ) from error


def check_link(url: str) -> None:
    """Refuse an address that is not http(s).

    Raises:
        BadLink: it is not.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise BadLink(f"{shown(url)} is not an http(s) address")


def shown(url: str) -> str:
    """Return a link for a message, without its query, which may hold a signature, and without credentials."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:200]
    except ValueError:
        return repr(url[:40])
