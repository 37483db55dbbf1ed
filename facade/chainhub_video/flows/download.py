"""Save a completed task's video as a whole, checked file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from chainhub_video.downloads.partfile import PartFile, checked_target
from chainhub_video.errors import ChainHubError, DownloadFailed, InvalidRequest
from chainhub_video.flows.source import AttemptFailed, BadLink, VideoSource, display_url
from chainhub_video.flows.wait import check_timeout, query
from chainhub_video.io import IO, AnswerTooLarge, Stream, TransportFailure
from chainhub_video.task import SavedVideo, TaskStatus
from chainhub_video.wire.answers import number_of
from chainhub_video.wire.failures import shorten

if TYPE_CHECKING:
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

T = TypeVar("T")
OnProgress: TypeAlias = "Callable[[int, int | None], Any]"

_BLOCK = 1 << 19  # bytes that are written to the disk together
_ATTEMPTS = 12  # in a row that bring nothing
_WRONG_ATTEMPTS = (
    4  # among them that bring something else: content that is wrong seldom becomes right
)
_LONGEST_HOLD = 0.25  # seconds that fewer bytes wait for more


class _Unwritable(Exception):
    """The disk refused; the system's exception is the cause."""


class _NotAVideo(AttemptFailed):
    """The whole answer came, and it is no whole video."""


async def download(
    io: IO,
    settings: Settings,
    task: VideoTask,
    to: str | PathLike[str],
    on_progress: OnProgress | None,
    timeout: float | None,
) -> SavedVideo:
    """Save a completed task's video; see `Videos.download`."""
    check_timeout(timeout)
    target = await io.run(checked_target, to)
    deadline = None if timeout is None else io.now() + timeout
    if not task.raw_status and not task.done:  # nobody has asked for it yet
        task = await query(io, settings, task, None if timeout is None else max(1.0, timeout))
    return await save(io, settings, task, target, on_progress, deadline=deadline)


async def save(
    io: IO,
    settings: Settings,
    task: VideoTask,
    target: Path,
    on_progress: OnProgress | None,
    *,
    deadline: float | None,
) -> SavedVideo:
    """Save a completed task's video.

    Args:
        io: sends, reads and writes.
        settings: the client's.
        task: a completed one.
        target: where the file goes; replaced only by a whole video.
        on_progress: is told the bytes saved so far, and how many there will be, if that is known.
        deadline: on the clock of `io`; None for never.

    Raises:
        DownloadFailed: no whole video could be had until the deadline.
        InvalidRequest: the task is not completed, or the file cannot be written.
    """
    if task.status is not TaskStatus.COMPLETED:
        raise InvalidRequest(
            f"task {task.id} is {shorten(task.raw_status or task.status)!r}, and only a completed one can be saved: "
            "wait for it first"
        )
    transfer = _Transfer(io, VideoSource(io, settings, task, deadline), on_progress, deadline)
    try:
        part = await _on_disk(io, PartFile, target)
        try:
            await transfer.fill(part)
            sha256 = await _on_disk(io, part.finish)
        finally:
            part.discard()
    except _Unwritable as error:
        raise InvalidRequest(
            f"output {str(target)!r} cannot be written ({error}); "
            f"task {task.id} is paid and can be saved elsewhere",
            task=task,
        ) from error.__cause__
    log.info("saved task %s: %d bytes", task.id, part.size)
    return SavedVideo(path=target, size=part.size, sha256=sha256, task=transfer.source.task)


@attrs.define
class _Transfer:
    """One video on its way into one part file, over as many attempts as it takes."""

    io: IO
    source: VideoSource
    on_progress: OnProgress | None
    deadline: float | None
    _validator: str | None = None
    _total: int | None = None

    async def fill(self, part: PartFile) -> None:
        """Bring the whole video into the part file."""
        failures = wrong = furthest = 0
        while True:
            try:
                await self._attempt(part)
                await _checked(self.io, part)
                return
            except (AttemptFailed, TransportFailure, AnswerTooLarge, BadLink) as error:
                trouble = error
            if part.size > furthest:  # a proxy that cuts every answer is no reason to give up
                furthest, failures, wrong = part.size, 0, 0
            failures += 1
            wrong += isinstance(trouble, (_NotAVideo, BadLink))
            log.debug("download of task %s: %s", self.source.task.id, trouble)
            pause = self.source.settings.retry.delay(failures)
            clock = self.io.now()
            late = self.deadline is not None and clock + pause > self.deadline
            if failures >= _ATTEMPTS or wrong >= _WRONG_ATTEMPTS or late:
                raise self._failed(trouble) from _cause(trouble)
            await self.io.sleep(pause)

    async def _attempt(self, part: PartFile) -> None:
        headers = {}
        if part.size and self._validator:
            headers = {"Range": f"bytes={part.size}-", "If-Range": self._validator}
        stream = await self.source.open(headers)
        try:
            if stream.status == 416:
                await _on_disk(self.io, part.restart)
                raise AttemptFailed("the server does not continue where the download broke off")
            if stream.status not in (200, 206):
                raise AttemptFailed(f"the server answered HTTP {stream.status}")
            await self._receive(stream, part)
        finally:
            await stream.close()

    async def _receive(self, stream: Stream, part: PartFile) -> None:
        if stream.status == 206 and not _continues(stream, part.size):
            await _on_disk(self.io, part.restart)
            raise AttemptFailed("the server continues at another place than asked")
        if stream.status == 200 and part.size:
            await _on_disk(self.io, part.restart)
        announced = _length(stream)
        total = self._total = None if announced is None else part.size + announced
        self._check_size(total or 0)
        self._validator = stream.headers.get("etag") or stream.headers.get("last-modified")
        if self._validator and self._validator.startswith("W/"):
            self._validator = None
        block = bytearray()
        written = self.io.now()
        try:
            while data := await stream.read():
                block += data
                self._check_size(part.size + len(block))
                clock = self.io.now()
                if self.deadline is not None and clock > self.deadline:
                    raise AttemptFailed("the deadline has passed")
                if len(block) >= _BLOCK or clock - written >= _LONGEST_HOLD:
                    await self._write(part, block)
                    block, written = bytearray(), clock
        except TransportFailure:
            await self._write(part, block)
            raise
        await self._write(part, block)
        if total is not None and part.size != total:
            raise AttemptFailed(f"the download was cut after {part.size:,} of {total:,} bytes")

    def _check_size(self, size: int) -> None:
        if size > self.source.settings.max_download:
            raise DownloadFailed(
                f"task {self.source.task.id}: the video is larger than max_download, "
                f"{self.source.settings.max_download:,} bytes",
                task=self.source.task,
            )

    async def _write(self, part: PartFile, block: bytearray) -> None:
        if block:
            await _on_disk(self.io, part.write, block)
            if self.on_progress is not None:
                await self.io.ask(self.on_progress, part.size, self._total)

    def _failed(self, trouble: Exception) -> ChainHubError:
        link = self.source.task.video_url
        return DownloadFailed(
            f"the video of task {self.source.task.id} could not be saved: {trouble}. The task is paid and "
            "finished: download it again, soon, since links expire",
            url=None if link is None else display_url(link),
            task=self.source.task,
        )


async def _on_disk(io: IO, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that writes, and tell its failure from one of the caller's callback."""
    try:
        return await io.run(function, *arguments)
    except OSError as error:
        raise _Unwritable(error.strerror or str(error)) from error


async def _checked(io: IO, part: PartFile) -> None:
    try:
        await _on_disk(io, part.check)
    except ValueError as error:
        await _on_disk(io, part.restart)
        raise _NotAVideo(str(error)) from error


def _continues(stream: Stream, position: int) -> bool:
    unit, _, rest = stream.headers.get("content-range", "").partition(" ")
    return unit == "bytes" and rest.partition("-")[0] == str(position)


def _length(stream: Stream) -> int | None:
    if stream.headers.get("content-encoding", "identity") != "identity":
        return None
    length = number_of(stream.headers.get("content-length"))
    return None if length is None else int(length)


def _cause(trouble: Exception) -> BaseException | None:
    return trouble.cause if isinstance(trouble, TransportFailure) else trouble.__cause__
