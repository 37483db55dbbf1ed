"""Save a completed task's video as a whole, checked file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import attrs

from chainhub_video.downloads.ranges import Version, announced_length, offered_range
from chainhub_video.errors import (
    ChainHubError,
    ConfigurationError,
    DownloadFailed,
    InvalidRequest,
    OutputFailed,
    TaskFailed,
    UnexpectedResponse,
)
from chainhub_video.flows.output import output_at
from chainhub_video.flows.source import (
    AttemptFailed,
    BadLink,
    VideoSource,
    complaint,
    display_url,
)
from chainhub_video.flows.wait import check_id, check_timeout, query
from chainhub_video.io import IO, SHORTEST, Reply, Stream, TransportFailure, UnreadableAnswer
from chainhub_video.receipts.receipt import shell_quoted
from chainhub_video.task import SavedVideo, TaskStatus
from chainhub_video.text import shorten

if TYPE_CHECKING:
    from chainhub_video.downloads.output import Output, Part
    from chainhub_video.settings import Settings
    from chainhub_video.task import Verification, VideoTask

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
    """The disk refused a write; the system's exception is the cause."""


class _NotAVideo(AttemptFailed):
    """The answer came whole, and is not a whole video."""


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
    output = await io.run(output_at, settings, to)
    deadline = None if timeout is None else io.now() + timeout
    if not task.raw_status and not task.done:  # nobody has asked for it yet
        task = await query(io, settings, task, None if timeout is None else max(SHORTEST, timeout))
    saved, _etag = await save(io, settings, task, output, on_progress, deadline=deadline)
    return saved


async def save(
    io: IO,
    settings: Settings,
    task: VideoTask,
    output: Output,
    on_progress: OnProgress | None,
    *,
    deadline: float | None,
) -> tuple[SavedVideo, str | None]:
    """Save a completed task's video, and return it with the etag of its object, if it is one.

    Args:
        io: sends, reads and writes.
        settings: the client's.
        task: a completed one.
        output: where it goes; replaced only by a whole video.
        on_progress: is told the bytes saved so far, and how many there will be, if that is known.
        deadline: on the clock of `io`; None for never.

    Raises:
        DownloadFailed: the task is not completed, or no whole video could be had until the deadline.
        TaskFailed: the task ended badly.
        OutputFailed: the file cannot be written, or the task cannot be asked for.
    """
    _check_completed(task)
    transfer = _Transfer(io, VideoSource(io, settings, task, deadline), on_progress, deadline)
    try:
        part: Part = await _on_disk(io, output.open)
        try:
            verified, sha256 = await transfer.fill(part)
        finally:
            part.discard()
    except ConfigurationError as error:  # of the environment, by a link's scheme or host
        error.about(task)
        raise
    except InvalidRequest as error:
        check_id(task, error)
        raise
    except _Unwritable as error:
        raise OutputFailed(
            f"output {output.name!r} cannot be written ({error}). {how_to_save_elsewhere(transfer.source.task)}",
            task=task,
        ) from error.__cause__
    log.info("saved task %s: %d bytes (verified by: %s)", task.label, part.size, verified)
    if verified == "unknown":
        log.warning(
            "the video of task %s is saved, but neither the server nor the file says where it ends: check that it "
            "plays to its end, and download it again if not", task.label,
        )  # fmt: skip
    saved = SavedVideo(
        path=output.path,
        url=output.url,
        size=part.size,
        sha256=sha256,
        task=transfer.source.task,
        verified=verified,
    )
    return saved, part.etag


def _check_completed(task: VideoTask) -> None:
    if task.status is TaskStatus.COMPLETED:
        return
    word = shorten(task.raw_status or task.status)
    if task.status is TaskStatus.FAILED:
        reason = task.failure_reason or "the gateway gives no reason"
        raise TaskFailed(
            f"task {task.label} is {word!r}, there is no video of it: {shorten(reason)}",
            reason=reason,
            task=task,
        )
    raise DownloadFailed(
        f"task {task.label} is {word!r}, and only a completed one can be saved: wait for it first",
        task=task,
    )


def how_to_save_elsewhere(task: VideoTask) -> str:
    """Return words that say where a paid video is, and which call saves it to another place."""
    link = task.video_url
    place = "the gateway" if link is None else urlsplit(display_url(link)).netloc or "its link"
    return (
        f"The video of task {task.label} is paid, and still at {place}: make room, or save it elsewhere, soon: "
        f"links expire. videos.download({task.id!r}, 'FILE', format={task.format!r}), or: chainhub-video download "
        f"--format {task.format} -o FILE -- {shell_quoted(task.id)}"
    )


@attrs.define
class _Transfer:
    """The download of one video into one part file, in as many attempts as it takes."""

    io: IO
    source: VideoSource
    on_progress: OnProgress | None
    deadline: float | None
    _version: Version = attrs.field(factory=Version)
    _total: int | None = None

    async def fill(self, part: Part) -> tuple[Verification, str]:
        """Download the video and put it in its place; return what shows that it is whole, and its sha256."""
        failures = wrong = furthest = 0
        while True:
            try:
                await self._attempt(part)
                shown, sha256 = await _finished(self.io, part)
                if self._total is not None:
                    return "length", sha256
                return "structure" if shown else "unknown", sha256
            except (AttemptFailed, TransportFailure, UnreadableAnswer, BadLink) as error:
                trouble = error
            if part.size > furthest:  # a proxy that cuts every answer is no reason to give up
                furthest, failures, wrong = part.size, 0, 0
            failures += 1
            wrong += isinstance(trouble, (_NotAVideo, BadLink))
            log.debug("download of task %s: %s", self.source.task.label, trouble)
            pause = self.source.settings.retry.delay(failures)
            clock = self.io.now()
            late = self.deadline is not None and clock + pause > self.deadline
            if failures >= _ATTEMPTS or wrong >= _WRONG_ATTEMPTS or late:
                raise self._failed(trouble) from _cause(trouble)
            await self.io.sleep(pause)

    async def _attempt(self, part: Part) -> None:
        link = self.source.task.video_url
        version = self._version
        place = "" if link is None else display_url(link)
        headers = {}
        if part.size and version.validator and version.place == place:
            headers = {"Range": f"bytes={part.size}-", "If-Range": version.validator}
        stream = await self.source.open(headers)
        try:
            if stream.status == 416:
                await _on_disk(self.io, part.restart)
                raise AttemptFailed("the server does not continue where the download broke off")
            if stream.status not in (200, 206):
                raise AttemptFailed(f"the server answered HTTP {stream.status}")
            await self._receive(stream, part, Version.of(stream, place))
        finally:
            await stream.close()

    async def _receive(self, stream: Stream, part: Part, version: Version) -> None:
        ends = await self._begin(stream, part, version)
        self._check_size(self._total or 0)
        block = bytearray()
        written = self.io.now()
        try:
            while data := await stream.read():
                block += data
                self._check_size(part.size + len(block))
                if ends is not None and part.size + len(block) > ends:
                    await _on_disk(self.io, part.restart)
                    raise AttemptFailed("the server sent more than it announced")
                clock = self.io.now()
                if self.deadline is not None and clock > self.deadline:
                    raise AttemptFailed("the deadline has passed")
                if len(block) >= _BLOCK or clock - written >= _LONGEST_HOLD:
                    await self._write(part, block)
                    block, written = bytearray(), clock
        except TransportFailure:
            await self._write(part, block)
            raise
        if not part.size and block.lstrip().startswith((b"{", b"[")):
            raise AttemptFailed(complaint(Reply(stream.status, stream.headers, bytes(block))))
        await self._write(part, block)
        for whole in (self._total, ends):
            if whole is not None and part.size != whole:
                raise AttemptFailed(f"the download was cut after {part.size:,} of {whole:,} bytes")

    async def _begin(self, stream: Stream, part: Part, version: Version) -> int | None:
        """Compare an answer with the first one; return where its bytes end in the file, if it says so.

        Raises:
            AttemptFailed: it is partial, and not what is missing of the same file.
        """
        if stream.status == 200:
            if part.size:
                await _on_disk(self.io, part.restart)
            self._version, self._total = version, announced_length(stream)
            return self._total
        offer = offered_range(stream)
        if offer is None:
            trouble = "it does not say, or contradicts itself, which bytes it sends"
        elif offer.start != part.size:
            trouble = "it sends bytes from another place than asked for"
        else:
            trouble = version.difference(self._version, offer, self._total) if part.size else ""
        if offer is None or trouble:
            await _on_disk(self.io, part.restart)
            raise AttemptFailed(f"the server's partial answer cannot be used: {trouble}")
        if not part.size:  # a whole file may come as a part, asked for or not
            self._version, self._total = version, offer.total
        elif self._total is None:
            self._total = offer.total
        return offer.end

    def _check_size(self, size: int) -> None:
        if size > self.source.settings.max_download:
            raise DownloadFailed(
                f"task {self.source.task.label}: the video is larger than max_download, "
                f"{self.source.settings.max_download:,} bytes",
                task=self.source.task,
            )

    async def _write(self, part: Part, block: bytearray) -> None:
        if block:
            await _on_disk(self.io, part.write, block, blocks=not part.is_free)
            if self.on_progress is not None:
                await self.io.ask(self.on_progress, part.size, self._total)

    def _failed(self, trouble: Exception) -> ChainHubError:
        link = self.source.task.video_url
        return DownloadFailed(
            f"the video of task {self.source.task.label} could not be saved: {trouble}. The task is paid and "
            "finished: download it again, soon, since links expire",
            url=None if link is None else display_url(link),
            task=self.source.task,
        )


async def _on_disk(io: IO, function: Callable[..., T], *arguments: Any, blocks: bool = True) -> T:
    """Call a function that writes; raise `_Unwritable` if the disk refuses."""
    try:
        return await io.run(function, *arguments) if blocks else function(*arguments)
    except OSError as error:
        raise _Unwritable(error.strerror or str(error)) from error


async def _finished(io: IO, part: Part) -> tuple[bool, str]:
    """Check a part and finish it, in one step."""
    try:
        return await _on_disk(io, lambda: (part.check(), part.finish()))
    except ValueError as error:
        await _on_disk(io, part.restart)
        raise _NotAVideo(str(error)) from error


def _cause(trouble: Exception) -> BaseException | None:
    if isinstance(trouble, UnreadableAnswer):
        return UnexpectedResponse(str(trouble))
    return trouble.cause if isinstance(trouble, TransportFailure) else trouble.__cause__
