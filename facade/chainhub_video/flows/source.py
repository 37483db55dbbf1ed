"""Open links outside of the gateway, and a task's video: by its link, or at the gateway's `/content`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import attrs

from chainhub_video.errors import ChainHubError, DownloadFailed, NotFound, PermissionDenied
from chainhub_video.flows.wait import is_transient, query
from chainhub_video.io import IO, Call, Stream, read_whole
from chainhub_video.wire.answers import link_of
from chainhub_video.wire.failures import error_for, load_json
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_JSON_LIMIT = 1 << 20  # bytes of a JSON answer in place of the video
_EXPIRED = frozenset({401, 403, 404, 410})


class AttemptFailed(Exception):
    """One attempt failed in a way that another may not."""


@attrs.define
class VideoSource:
    """Where one task's video is; opens it as often as needed.

    Attributes:
        io: sends and reads.
        settings: the client's.
        task: the task, as it was last seen.
        deadline: when all has to be over, on the clock of `io`; None for never.
    """

    io: IO
    settings: Settings
    task: VideoTask
    deadline: float | None = None

    async def open(self, headers: dict[str, str]) -> Stream:
        """Open the video by its link, or else at the gateway. Close the stream.

        Args:
            headers: what to send besides the defaults.

        Raises:
            AttemptFailed, BadLink, TransportFailure, AnswerTooLarge: another attempt may succeed.
            ChainHubError: none will.
        """
        if self.task.video_url is not None:
            stream = await open_link(self.io, self.task.video_url, headers, self._left())
            if stream.status not in _EXPIRED:
                return stream
            await stream.close()
            await self._renew(stream.status)
        return await self._open_content(headers)

    async def _renew(self, status: int) -> None:
        """Ask for the task again, since links expire."""
        old = self.task.video_url
        try:
            fresh = await query(self.io, self.settings, self.task, self._left())
        except ChainHubError as error:
            if is_transient(error):
                raise AttemptFailed(f"the link had expired, and {error}") from error
            raise
        log.debug("task %s: link answered HTTP %d", self.task.id, status)
        if fresh.video_url and fresh.video_url != old:
            self.task = fresh
            raise AttemptFailed(f"the link had expired (HTTP {status})")
        if FORMATS[self.task.format].content_call(self.task.id) is None:
            raise AttemptFailed(f"the link answers HTTP {status}, and the gateway gives no other")

    async def _open_content(self, headers: dict[str, str]) -> Stream:
        """Open `/content`, which answers with the video, a redirect, or JSON that holds a link."""
        call = FORMATS[self.task.format].content_call(self.task.id)
        if call is None:
            raise DownloadFailed(
                f"task {self.task.id} is completed, but its answer holds no link to a video",
                task=self.task,
            )
        wanted = {"Accept-Encoding": "identity", **headers, **call.arguments.get("headers", {})}
        left = self._left()
        call = attrs.evolve(call, arguments={**call.arguments, "headers": wanted}, within=left)
        stream: Stream = await self.io.open(call)
        if stream.status in _REDIRECTS:
            await stream.close()
            link = redirected(self.settings.base_url + call.arguments["url"], stream)
            return await open_link(self.io, link, headers, left)
        is_json = "json" in stream.headers.get("content-type", "")
        if stream.status == 416 or (stream.status < 400 and not is_json):
            return stream
        reply = await read_whole(self.io, stream, _JSON_LIMIT, self.deadline)
        if reply.status >= 400:
            error = error_for(reply)
            if isinstance(error, (NotFound, PermissionDenied)) or reply.status == 401:
                raise error.about(self.task)
            raise AttemptFailed(str(error)) from error
        named = link_of(_json(reply.body))
        if named is None:
            raise AttemptFailed("/content answered JSON without a link")
        return await open_link(self.io, named, headers, left)

    def _left(self) -> float | None:
        """Return the seconds that a single exchange may take."""
        return None if self.deadline is None else max(1.0, self.deadline - self.io.now())


def _json(body: bytes) -> Any:
    try:
        return load_json(body)
    except ValueError:
        return None


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
        if stream.status not in _REDIRECTS:
            return stream
        await stream.close()
        url = redirected(url, stream)
    raise BadLink(f"{display_url(url)}: more than {_MOST_REDIRECTS} redirects")


def redirected(url: str, stream: Stream) -> str:
    """Return where a redirect leads.

    Raises:
        BadLink: it does not say.
    """
    location = stream.headers.get("location", "")
    if not location:
        raise BadLink(f"{display_url(url)} redirects without saying where to")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise BadLink(
            f"{display_url(url)} redirects to {location[:80]!r}, which is no address"
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
        raise BadLink(f"{display_url(url)} is not an http(s) address")


def display_url(url: str) -> str:
    """Return a link for a message, without its query, which may hold a signature, and without credentials."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:200]
    except ValueError:
        return repr(url[:40])
