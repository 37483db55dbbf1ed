"""Open links outside of the gateway, and a task's video: by its link, or at the gateway's `/content`."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import attrs

from chainhub_video.addresses import is_local, origin_of, resolves_locally
from chainhub_video.errors import ChainHubError, DownloadFailed
from chainhub_video.flows.wait import is_transient, query
from chainhub_video.io import IO, SHORTEST, Call, LocalAddress, Reply, Stream, read_whole
from chainhub_video.text import shorten
from chainhub_video.wire.answers import link_in
from chainhub_video.wire.failures import error_for, load_json, read_error_body
from chainhub_video.wire.format import absolute_link
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_JSON_LIMIT = 1 << 20  # bytes of a JSON answer in place of the video
_GONE = frozenset({401, 403, 404, 410})  # answers that asking again does not change
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress"})


class AttemptFailed(Exception):
    """One attempt failed; another one may succeed."""


class BadLink(Exception):
    """A link that must not be followed."""


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
    _link_trouble: str = ""  # why the last link was of no use
    _waited_for_link: bool = False

    async def open(self, headers: dict[str, str]) -> Stream:
        """Open the video by its link, or else at the gateway. Close the stream.

        Args:
            headers: what to send besides the defaults.

        Raises:
            AttemptFailed, BadLink, TransportFailure, UnreadableAnswer: another attempt may succeed.
            ChainHubError: none will.
        """
        stream = await self._find(headers)
        encoding = stream.headers.get("content-encoding", "").strip().lower()
        if (
            encoding in _COMPRESSED and stream.status != 206
        ):  # a part is compared with the first answer
            await stream.close()
            raise AttemptFailed(
                f"the server compressed the video ({encoding}), which it was asked not to do"
            )
        return stream

    async def _find(self, headers: dict[str, str]) -> Stream:
        if self.task.video_url is None and not FORMATS[self.task.format].content_first:
            await self._wait_for_link()
        if self.task.video_url is not None:
            stream = await self._open_link(self.task.video_url, headers)
            if stream is not None:
                return stream
            await self._renew()
        return await self._open_content(headers)

    async def _open_link(self, url: str, headers: dict[str, str]) -> Stream | None:
        """Return the answer behind a link, or None if the link is of no use any more."""
        try:
            stream = await open_link(self.io, self.settings, url, headers, self._left())
        except BadLink as error:
            self._link_trouble = str(error)
            return None
        if stream.status in _GONE:
            await stream.close()
            self._link_trouble = f"the link answers HTTP {stream.status}"
            return None
        return await self._video_in(stream, headers)

    async def _wait_for_link(self) -> None:
        """Query a completed task again for a while: its link may come later than its state."""
        if self._waited_for_link:
            return
        ends = min(
            self.io.now() + self.settings.poll.settle,
            math.inf if self.deadline is None else self.deadline,
        )
        polls = 0
        while self.task.video_url is None and (left := ends - self.io.now()) > 0:
            polls += 1
            await self.io.sleep(min(left, max(0.01, self.settings.retry.delay(polls))))
            try:
                fresh = await self._ask()
            except AttemptFailed:  # the time runs on, so that /content is asked in the end
                continue
            if fresh.video_url is not None:
                self.task = fresh
                return
        self._waited_for_link = True
        self._link_trouble = "its answer holds no link"

    async def _renew(self) -> None:
        """Ask for the task again, since links expire."""
        try:
            fresh = await self._ask()
        except ChainHubError as error:
            self._link_trouble += f", asking for a fresh one failed ({error})"
            return
        log.debug("task %s: %s", self.task.label, self._link_trouble)
        if fresh.video_url and fresh.video_url != self.task.video_url:
            self.task = fresh
            raise AttemptFailed(self._link_trouble)

    async def _ask(self) -> VideoTask:
        try:
            return await query(self.io, self.settings, self.task, self._left())
        except ChainHubError as error:
            if is_transient(error):
                raise AttemptFailed(f"{self._link_trouble}, and {error}".lstrip(", ")) from error
            raise

    async def _open_content(self, headers: dict[str, str]) -> Stream:
        """Open `/content`, which answers with the video, a redirect, or JSON that holds a link."""
        call = FORMATS[self.task.format].content_call(self.task.id)
        wanted = {"Accept-Encoding": "identity", **headers, **call.arguments.get("headers", {})}
        left = self._left()
        arguments = {**call.arguments, "headers": wanted}
        call = attrs.evolve(call, arguments=arguments, kind="download", within=left)
        stream: Stream = await self.io.open(call)
        if stream.status in _REDIRECTS:
            await stream.close()
            link = redirected(self.settings.base_url + call.arguments["url"], stream)
            return await open_link(self.io, self.settings, link, headers, left)
        if stream.status not in _GONE:
            return await self._video_in(stream, headers)
        error = error_for(await self._read(stream))
        if self._link_trouble:
            raise DownloadFailed(
                f"the video of task {self.task.label} could not be downloaded: {self._link_trouble}, and "
                f"/content refuses it too: {error}. The task is paid and finished: try again, or ask the vendor",
                url=display_url(self.task.video_url) if self.task.video_url else None,
                task=self.task,
            ) from error
        raise error.about(self.task)

    async def _video_in(self, stream: Stream, headers: dict[str, str]) -> Stream:
        """Return an answer that may be the video; follow the link in a JSON one.

        Raises:
            AttemptFailed: it is an error, or JSON without a link.
        """
        is_json = "json" in stream.headers.get("content-type", "")
        if stream.status == 416 or (stream.status < 400 and not is_json):
            return stream
        reply = await self._read(stream)
        link = link_in(_json(reply.body)) if reply.status < 400 else None
        if link is None:
            raise AttemptFailed(complaint(reply)) from (
                error_for(reply) if reply.status >= 400 else None
            )
        link = absolute_link(self.settings.base_url, link) or link
        return await open_link(self.io, self.settings, link, headers, self._left())

    async def _read(self, stream: Stream) -> Reply:
        """Read an answer that is not the video."""
        reply = await read_whole(self.io, stream, _JSON_LIMIT, self.deadline)
        return reply.without(self.settings.api_key)

    def _left(self) -> float | None:
        """Return the seconds that a single exchange may take."""
        return None if self.deadline is None else max(SHORTEST, self.deadline - self.io.now())


def complaint(reply: Reply) -> str:
    """Return the error in an answer that came instead of the video, in words."""
    code, message = read_error_body(reply.body)
    told = ": ".join(shorten(text) for text in (code, message) if text)
    return f"the server answered HTTP {reply.status} with an error in place of the video: {told or 'no words'}"


def _json(body: bytes) -> Any:
    try:
        return load_json(body)
    except ValueError:
        return None


async def open_link(
    io: IO, settings: Settings, url: str, headers: dict[str, str], within: float | None = None
) -> Stream:
    """Open a link, following redirects.

    The key goes with it as long as it, and everything before it, leads to the gateway's own origin.

    Args:
        io: sends.
        settings: the client's.
        url: absolute.
        headers: what to send besides the defaults.
        within: seconds that bound each step of the exchange; None for no such bound.

    Returns:
        The stream of the first answer that is no redirect; close it.

    Raises:
        BadLink: it, or what it redirects to, is not http(s) or must not be followed, or the redirects do not end.
        TransportFailure: there was no answer.
    """
    gateway = origin_of(settings.base_url)
    at_gateway = True
    for _ in range(_MOST_REDIRECTS + 1):
        check_link(url)
        at_gateway = at_gateway and origin_of(url) == gateway
        arguments = {
            "method": "get",
            "url": url,
            "headers": {"Accept-Encoding": "identity", "Accept": "*/*", **headers},
        }
        public = not at_gateway and await _must_be_public(io, settings, url)
        try:
            stream: Stream = await io.open(
                Call(
                    arguments,
                    kind="download",
                    within=within,
                    with_key=at_gateway,
                    public_only=public,
                )
            )
        except LocalAddress as error:
            raise BadLink(_led_inside(url)) from error
        if stream.status not in _REDIRECTS:
            return stream
        await stream.close()
        url = redirected(url, stream)
    raise BadLink(f"{display_url(url)}: more than {_MOST_REDIRECTS} redirects")


async def _must_be_public(io: IO, settings: Settings, url: str) -> bool:
    """Return whether a link must not lead to a local address, since the gateway is not at one.

    Raises:
        BadLink: it does, by its name alone.
    """
    gateway = urlsplit(settings.base_url).hostname or ""
    if is_local(gateway):
        return False
    if is_local(urlsplit(url).hostname or ""):
        if not await io.run(resolves_locally, gateway):
            raise BadLink(_led_inside(url))
        return False
    return True


def _led_inside(url: str) -> str:
    return f"{display_url(url)} leads to this machine or its network, where the gateway is not: it is not followed"


def redirected(url: str, stream: Stream) -> str:
    """Return the address that a redirect leads to.

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
