"""From a completed task to a whole, checked file in the place of the output."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from chainhub_video.answers import link_of, number_of
from chainhub_video.effects import (
    AnswerTooLarge,
    Close,
    Flow,
    Notify,
    Open,
    Read,
    Sleep,
    Stream,
    TransportFailure,
    now,
    read_whole,
    run,
)
from chainhub_video.errors import (
    ChainHubError,
    DownloadFailed,
    InvalidRequest,
    NotFound,
    PermissionDenied,
)
from chainhub_video.failures import error_for, load_json
from chainhub_video.formats import FORMATS
from chainhub_video.partfile import PartFile
from chainhub_video.saved import SavedVideo
from chainhub_video.task import TaskStatus

from .follow import look_once, passing
from .links import REDIRECTS, BadLink, open_link, redirected, shown

if TYPE_CHECKING:
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

T = TypeVar("T")
OnProgress: TypeAlias = "Callable[[int, int | None], Any]"

_JSON_LIMIT = 1 << 20  # bytes of a JSON answer in place of the video
_EXPIRED = frozenset({401, 403, 404, 410})


class _Broken(Exception):
    """One attempt failed in a way that another may not."""


class _Unwritable(Exception):
    """The disk refused; the system's exception is the cause."""


class _NotAVideo(_Broken):
    """The whole answer came, and it is no whole video."""


def save(
    settings: Settings,
    task: VideoTask,
    target: Path,
    *,
    on_progress: OnProgress | None,
    timeout: float | None,
) -> Flow[SavedVideo]:
    """Save a completed task's video.

    Args:
        settings: the client's.
        task: a completed one.
        target: where the file goes; replaced only by a whole video.
        on_progress: is told the bytes saved so far, and how many there will be, if that is known.
        timeout: seconds until `DownloadFailed`, None for ever.

    Raises:
        DownloadFailed: no whole video could be had until the deadline.
        InvalidRequest: the task is not completed, or the file cannot be written.
    """
    if task.status is not TaskStatus.COMPLETED:
        raise InvalidRequest(
            f"task {task.id} is {task.status.value}, and only a completed one can be saved: "
            "wait for it first"
        )
    clock = yield from now()
    transfer = _Transfer(settings, task, on_progress, None if timeout is None else clock + timeout)
    try:
        part = yield from _on_disk(PartFile, target)
        try:
            yield from transfer.fill(part)
            sha256 = yield from _on_disk(part.finish)
        finally:
            part.discard()
    except _Unwritable as error:
        raise InvalidRequest(
            f"output {str(target)!r} cannot be written ({error}); "
            f"task {task.id} is paid and can be saved elsewhere",
            task=task,
        ) from error.__cause__
    log.info("saved task %s: %d bytes", task.id, part.size)
    return SavedVideo(path=target, size=part.size, sha256=sha256, task=transfer.task)


@attrs.define
class _Transfer:
    """One video on its way into one part file, over as many attempts as it takes."""

    settings: Settings
    task: VideoTask
    on_progress: OnProgress | None
    deadline: float | None
    _validator: str | None = None
    _announced: int | None = None
    _renewed: bool = False

    def fill(self, part: PartFile) -> Flow[None]:
        """Bring the whole video into the part file."""
        failures = furthest = 0
        while True:
            try:
                yield from self._attempt(part)
                yield from _checked(part)
                return
            except (_Broken, TransportFailure, AnswerTooLarge, BadLink) as error:
                trouble = error
            if part.size > furthest:  # a proxy that cuts every answer is no reason to give up
                furthest, failures = part.size, 0
            failures += 1
            log.debug("download of task %s: %s", self.task.id, trouble)
            pause = self.settings.retry.delay(failures)
            clock = yield from now()
            if failures >= _attempts(trouble) or (
                self.deadline is not None and clock + pause > self.deadline
            ):
                raise self._failed(trouble) from _cause(trouble)
            yield Sleep(pause)

    def _attempt(self, part: PartFile) -> Flow[None]:
        headers = {}
        if part.size and self._validator:
            headers = {"Range": f"bytes={part.size}-", "If-Range": self._validator}
        stream = yield from self._open(headers)
        try:
            if stream.status == 416:
                yield from _on_disk(part.restart)
                raise _Broken("the server does not continue where the download broke off")
            if stream.status not in (200, 206):
                raise _Broken(f"the server answered HTTP {stream.status}")
            yield from self._receive(stream, part)
        finally:
            yield Close(stream)

    def _receive(self, stream: Stream, part: PartFile) -> Flow[None]:
        if stream.status == 206 and not _continues(stream, part.size):
            yield from _on_disk(part.restart)
            raise _Broken("the server continues at another place than asked")
        if stream.status == 200 and part.size:
            yield from _on_disk(part.restart)
        announced = _length(stream)
        total = None if announced is None else part.size + announced
        self._validator = stream.headers.get("etag") or stream.headers.get("last-modified")
        if self._validator and self._validator.startswith("W/"):
            self._validator = None
        while data := (yield Read(stream)):
            if part.size + len(data) > self.settings.max_download:
                raise DownloadFailed(
                    f"task {self.task.id}: the video is larger than max_download, "
                    f"{self.settings.max_download:,} bytes",
                    task=self.task,
                )
            yield from _on_disk(part.write, data)
            if self.on_progress is not None:
                yield Notify(self.on_progress, (part.size, total))
        if total is not None and part.size != total:
            raise _Broken(f"the download was cut after {part.size:,} of {total:,} bytes")

    def _open(self, headers: dict[str, str]) -> Flow[Stream]:
        """Open the video by its link, or else at the gateway."""
        if self.task.video_url is not None:
            stream = yield from open_link(self.task.video_url, headers)
            if stream.status not in _EXPIRED:
                return stream
            yield Close(stream)
            yield from self._renew(stream.status)
        return (yield from self._open_content(headers))

    def _renew(self, status: int) -> Flow[None]:
        """Ask for the task again, since links expire."""
        old = self.task.video_url
        try:
            fresh = yield from look_once(self.settings, self.task)
        except ChainHubError as error:
            if passing(error):
                raise _Broken(f"the link had expired, and {error}") from error
            raise
        log.debug("task %s: link answered HTTP %d", self.task.id, status)
        if fresh.video_url and fresh.video_url != old:
            self.task = fresh
            raise _Broken(f"the link had expired (HTTP {status})")
        if FORMATS[self.task.format].content_call(self.task.id) is None:
            raise _Broken(f"the link answers HTTP {status}, and the gateway gives no other")

    def _open_content(self, headers: dict[str, str]) -> Flow[Stream]:
        """Open `/content`, which answers with the video, a redirect, or JSON that holds a link."""
        call = FORMATS[self.task.format].content_call(self.task.id)
        if call is None:
            raise DownloadFailed(
                f"task {self.task.id} is completed, but its answer holds no link to a video",
                task=self.task,
            )
        wanted = {"Accept-Encoding": "identity", **headers, **call.arguments.get("headers", {})}
        call = attrs.evolve(call, arguments={**call.arguments, "headers": wanted})
        stream: Stream = yield Open(call)
        if stream.status in REDIRECTS:
            yield Close(stream)
            link = redirected(self.settings.base_url + call.arguments["url"], stream)
            return (yield from open_link(link, headers))
        is_json = "json" in stream.headers.get("content-type", "")
        if stream.status < 400 and not is_json:
            return stream
        reply = yield from read_whole(stream, _JSON_LIMIT)
        if reply.status >= 400:
            error = error_for(reply)
            if isinstance(error, (NotFound, PermissionDenied)) or reply.status == 401:
                raise error.about(self.task)
            raise _Broken(str(error)) from error
        named = link_of(_json(reply.body))
        if named is None:
            raise _Broken("/content answered JSON without a link")
        return (yield from open_link(named, headers))

    def _failed(self, trouble: Exception) -> ChainHubError:
        link = self.task.video_url
        return DownloadFailed(
            f"the video of task {self.task.id} could not be saved: {trouble}. The task is paid and "
            "finished: download it again, soon, since links expire",
            url=None if link is None else shown(link),
            task=self.task,
        )


def _attempts(trouble: Exception) -> float:
    """Return how many attempts a kind of trouble is worth: content that is wrong seldom becomes right."""
    return 4 if isinstance(trouble, (_NotAVideo, BadLink)) else 12


def _on_disk(function: Callable[..., T], *arguments: Any) -> Flow[T]:
    """Call a function that writes, and tell its failure from one of the caller's callback."""
    try:
        return (yield from run(function, *arguments))
    except OSError as error:
        raise _Unwritable(error.strerror or str(error)) from error


def _checked(part: PartFile) -> Flow[None]:
    try:
        yield from _on_disk(part.check)
    except ValueError as error:
        yield from _on_disk(part.restart)
        raise _NotAVideo(str(error)) from error


def _continues(stream: Stream, position: int) -> bool:
    unit, _, rest = stream.headers.get("content-range", "").partition(" ")
    return unit == "bytes" and rest.partition("-")[0] == str(position)


def _length(stream: Stream) -> int | None:
    if stream.headers.get("content-encoding", "identity") != "identity":
        return None
    length = number_of(stream.headers.get("content-length"))
    return None if length is None else int(length)


def _json(body: bytes) -> Any:
    try:
        return load_json(body)
    except ValueError:
        return None


def _cause(trouble: Exception) -> BaseException | None:
    return trouble.cause if isinstance(trouble, TransportFailure) else trouble.__cause__
