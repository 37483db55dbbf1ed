"""Where a completed task's video is: behind its link, or at the gateway's own `/content`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import ChainHubError, DownloadFailed, NotFound, PermissionDenied
from chainhub_video.flows.links import REDIRECTS, open_link, redirected
from chainhub_video.flows.wait import look_once, passing
from chainhub_video.io import IO, Stream, read_whole
from chainhub_video.wire.answers import link_of
from chainhub_video.wire.failures import error_for, load_json
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

_JSON_LIMIT = 1 << 20  # bytes of a JSON answer in place of the video
_EXPIRED = frozenset({401, 403, 404, 410})


class Broken(Exception):
    """One attempt failed in a way that another may not."""


@attrs.define
class Source:
    """Opens one task's video, as often as needed.

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
            Broken, BadLink, TransportFailure, AnswerTooLarge: another attempt may succeed.
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
            fresh = await look_once(self.io, self.settings, self.task, self._left())
        except ChainHubError as error:
            if passing(error):
                raise Broken(f"the link had expired, and {error}") from error
            raise
        log.debug("task %s: link answered HTTP %d", self.task.id, status)
        if fresh.video_url and fresh.video_url != old:
            self.task = fresh
            raise Broken(f"the link had expired (HTTP {status})")
        if FORMATS[self.task.format].content_call(self.task.id) is None:
            raise Broken(f"the link answers HTTP {status}, and the gateway gives no other")

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
        if stream.status in REDIRECTS:
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
            raise Broken(str(error)) from error
        named = link_of(_json(reply.body))
        if named is None:
            raise Broken("/content answered JSON without a link")
        return await open_link(self.io, named, headers, left)

    def _left(self) -> float | None:
        """Return the seconds that a single exchange may take."""
        return None if self.deadline is None else max(1.0, self.deadline - self.io.now())


def _json(body: bytes) -> Any:
    try:
        return load_json(body)
    except ValueError:
        return None
