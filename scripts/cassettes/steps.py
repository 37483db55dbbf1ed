"""Make the calls of each scenario, and check what comes out of them.

They are coroutines over the calls of `hub.videos`, awaited where those are coroutines themselves, so that each is
written once for the blocking and the asyncio client, for recording and for replaying.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import attrs
from chainhub_video import (
    APIError,
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    ModelUnavailable,
    NotFound,
    QuotaExhausted,
    SavedVideo,
    SubmissionUncertain,
    TaskFailed,
    TaskStatus,
    VideoTask,
)

from .secrecy import NUMBERED

PROMPT = "The kitten is eating fish"
REASON = "the sandbox was told to fail this task"
POLICY = "Your request was rejected by our safety system"
WRONG_KEY = "sk-this-is-not-a-key-of-anybody"

Failure = TypeVar("Failure", bound=ChainHubError)


class Unexpected(Exception):
    """A call that came out otherwise than the scenario says; the text says how."""


@dataclass(slots=True)
class Stage:
    """What the calls of a scenario are made with, and what they came to.

    Attributes:
        videos: the calls of a client, blocking or not.
        folder: an empty one, for videos.
        fields: of the create.
        expected_sha256: of every saved video; None while it is recorded.
        tasks: the creates that were answered.
        saved: the videos that were saved.
        outcomes: what each call came to, as text.
        step: the call that was made last.
    """

    videos: Any
    folder: Path
    fields: Mapping[str, Any]
    expected_sha256: str | None = None
    tasks: list[VideoTask] = field(default_factory=list[VideoTask])
    saved: list[SavedVideo] = field(default_factory=list[SavedVideo])
    outcomes: list[str] = field(default_factory=list[str])
    step: str = "its beginning"

    @property
    def target(self) -> Path:
        """Where the video goes."""
        return self.folder / "video.mp4"

    async def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Make a call, and keep what it came to."""
        self.step = f"step {len(self.outcomes) + 1}, {name}"
        try:
            result = getattr(self.videos, name)(*arguments, **named)
            result = await result if inspect.isawaitable(result) else result
        except ChainHubError as error:
            self.outcomes.append(f"{self.step}: {type(error).__name__}: {error}")
            raise
        told = result.to_json() if isinstance(result, VideoTask) else repr(result)
        self.outcomes.append(f"{self.step}: {told}")
        return result

    def create(self) -> Awaitable[VideoTask]:
        """Make the create."""
        return self.call("create", PROMPT, **self.fields)

    def named(self, told: str) -> str:
        """Return a message with the ids of all tasks that were created: somebody may have paid for them."""
        ids = ", ".join(task.id for task in self.tasks if task.id not in told)
        return f"{told} (created: {ids})" if ids else told

    def keep(self, video: SavedVideo) -> None:
        """Check a saved video against its file, and against what it must be."""
        content = self.target.read_bytes()
        expect(video, path=self.target, size=len(content), sha256=sha256(content).hexdigest())
        if self.expected_sha256 is not None:
            expect(video, sha256=self.expected_sha256)
        self.saved.append(video)


Steps = Callable[[Stage], Coroutine[Any, Any, None]]


def expect(thing: object, **attributes: Any) -> None:
    """Require that attributes of something have these values; a set means any of its members.

    Raises:
        Unexpected: one has not.
    """
    for name, wanted in attributes.items():
        value = getattr(thing, name)
        if value not in wanted if isinstance(wanted, set) else value != wanted:
            told = f"{name} of the {type(thing).__name__} is {value!r}, and should be {wanted!r}"
            raise Unexpected(told)


async def refused(
    call: Awaitable[object], kind: type[Failure], says: str = "", **attributes: Any
) -> Failure:
    """Require that a call ends with an error of just this class, and return it.

    Args:
        call: the call.
        kind: the class.
        says: what the message must hold.
        **attributes: what the error must have.

    Raises:
        Unexpected: it is another, or there is none.
    """
    try:
        result = await call
    except ChainHubError as error:
        if type(error) is not kind:
            told = f"{type(error).__name__} instead of {kind.__name__}: {error}"
            raise Unexpected(told) from error
        expect(error, **attributes)
        if says not in str(error):
            raise Unexpected(f"the message does not say {says!r}: {error}") from error
        return error
    raise Unexpected(f"{type(result).__name__} instead of {kind.__name__}")


async def _created(stage: Stage) -> VideoTask:
    task = await stage.create()
    stage.tasks.append(task)
    if not task.id:
        raise Unexpected("the task has no id")
    expect(task, failure_reason=None, video_url=None, model=stage.fields["model"])
    expect(task, status={TaskStatus.QUEUED, TaskStatus.RUNNING})
    return task


async def _completed(stage: Stage) -> VideoTask:
    task = await _created(stage)
    told: list[VideoTask] = []
    done: VideoTask = await stage.call("wait", task, on_update=told.append)
    expect(done, id=task.id, status=TaskStatus.COMPLETED, progress=1.0, failure_reason=None)
    shares = [each.progress for each in told if each.progress is not None]
    if shares != sorted(shares) or told[-1] != done:
        raise Unexpected(f"progress went backwards, or the end was not told: {told}")
    return done


async def success(stage: Stage) -> None:
    """Create, wait, download."""
    done = await _completed(stage)
    stage.keep(await stage.call("download", done, stage.target))


async def in_one_call(stage: Stage) -> None:
    """All three in one call."""
    video = await stage.call("generate", PROMPT, save_to=stage.target, **stage.fields)
    stage.tasks.append(video.task)
    expect(video.task, status=TaskStatus.COMPLETED)
    stage.keep(video)


async def failed_task(stage: Stage) -> None:
    """A task that ends badly."""
    task = await _created(stage)
    error = await refused(stage.call("wait", task), TaskFailed, says=task.id, reason=REASON)
    expect(error.task, id=task.id, status=TaskStatus.FAILED, failure_reason=REASON)


def refused_create(kind: type[APIError], says: str = "", **attributes: Any) -> Steps:
    """Return the calls of a create that is refused; the error must be one to quote, and not show the key."""

    async def create(stage: Stage) -> None:
        error = await refused(stage.create(), kind, says, **attributes)
        if not error.request_id:
            raise Unexpected("the error has no request id to quote")
        if WRONG_KEY in f"{error} {error.body}":
            raise Unexpected("the message shows the key")

    return create


moderation = refused_create(APIError, POLICY, status_code=400, code="fail_to_fetch_task")
quota = refused_create(QuotaExhausted, "top it up", status_code=403, code="insufficient_user_quota")
bad_key = refused_create(AuthenticationError, "check CHAINHUB_API_KEY", status_code=401)
unknown_model = refused_create(ModelUnavailable, status_code=503, code="model_not_found")


async def rate_limit(stage: Stage) -> None:
    """All goes well, however often it is asked."""
    done = await _completed(stage)
    again = await stage.call("retrieve", done.id)
    expect(again, id=done.id, status=TaskStatus.COMPLETED)


async def early_content(stage: Stage) -> None:
    """`/content` before its time, and after it."""
    task = await _created(stage)
    hoped = attrs.evolve(task, status=TaskStatus.COMPLETED)
    early = stage.call("download", hoped, stage.target, timeout=5)
    await refused(early, DownloadFailed, says="not completed yet", url=None)
    done = await stage.call("wait", task)
    stage.keep(await stage.call("download", done, stage.target))


async def late_content(stage: Stage) -> None:
    """`/content` when the video is gone."""
    done = await _completed(stage)
    late = stage.call("download", done, stage.target)
    error = await refused(late, NotFound, status_code=404, code="video_expired")
    expect(error.task, id=done.id)


async def lost_answer(stage: Stage) -> None:
    """A create whose answer a proxy replaces by a page of its own."""
    error = await refused(stage.create(), SubmissionUncertain, says="may have been paid")
    if len(error.fingerprint) != 64 or error.sent_at is None:
        raise Unexpected("the error does not say what was sent, and when")


def unknown_task(prefix: str) -> Steps:
    """Return the calls for a task that there is not."""

    async def query(stage: Stage) -> None:
        task_id = f"{prefix}{NUMBERED}{404:012d}"
        call = stage.call("retrieve", task_id)
        await refused(call, NotFound, says=task_id, status_code={400, 404})

    return query
