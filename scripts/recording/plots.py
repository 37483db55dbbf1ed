"""What happens in each scenario, call by call, and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import attrs
from chainhub_video import (
    APIError,
    AuthenticationError,
    DownloadFailed,
    ModelUnavailable,
    NotFound,
    QuotaExhausted,
    SubmissionUncertain,
    TaskFailed,
    TaskStatus,
    VideoTask,
)

from .scripting import Ask, Script, Stage, Unexpected, ask, expect, refused
from .secrecy import NUMBERED

PROMPT = "The kitten is eating fish"
REASON = "the sandbox was told to fail this task"
POLICY = "Your request was rejected by our safety system"
WRONG_KEY = "sk-this-is-not-a-key-of-anybody"


def _created(stage: Stage) -> Generator[Ask, Any, VideoTask]:
    task: VideoTask = yield ask("create", PROMPT, **stage.fields)
    stage.tasks.append(task)
    if not task.id:
        raise Unexpected("the task has no id")
    expect(task, failure_reason=None, video_url=None, model=stage.fields["model"])
    expect(task, status={TaskStatus.QUEUED, TaskStatus.RUNNING})
    return task


def _completed(stage: Stage) -> Generator[Ask, Any, VideoTask]:
    task = yield from _created(stage)
    told: list[VideoTask] = []
    done: VideoTask = yield ask("wait", task, on_update=told.append)
    expect(done, id=task.id, status=TaskStatus.COMPLETED, progress=1.0, failure_reason=None)
    shares = [each.progress for each in told if each.progress is not None]
    if shares != sorted(shares) or told[-1] != done:
        raise Unexpected(f"progress went backwards, or the end was not told: {told}")
    return done


def success(stage: Stage) -> Script:
    """Create, wait, download."""
    done = yield from _completed(stage)
    stage.keep((yield ask("download", done, stage.target)))


def in_one_call(stage: Stage) -> Script:
    """All three in one call."""
    video = yield ask("generate", PROMPT, save_to=stage.target, **stage.fields)
    stage.tasks.append(video.task)
    expect(video.task, status=TaskStatus.COMPLETED)
    stage.keep(video)


def failed_task(stage: Stage) -> Script:
    """A task that ends badly."""
    task = yield from _created(stage)
    error = yield from refused(ask("wait", task), TaskFailed, says=task.id, reason=REASON)
    expect(error.task, id=task.id, status=TaskStatus.FAILED, failure_reason=REASON)


def moderation(stage: Stage) -> Script:
    """A create that is refused for its content."""
    create = ask("create", PROMPT, **stage.fields)
    error = yield from refused(
        create, APIError, says=POLICY, status_code=400, code="fail_to_fetch_task"
    )
    _has_request_id(error)


def quota(stage: Stage) -> Script:
    """A create without quota."""
    create = ask("create", PROMPT, **stage.fields)
    error = yield from refused(
        create, QuotaExhausted, says="top it up", status_code=403, code="insufficient_user_quota"
    )
    _has_request_id(error)


def bad_key(stage: Stage) -> Script:
    """A create with a wrong key."""
    create = ask("create", PROMPT, **stage.fields)
    error = yield from refused(create, AuthenticationError, says="check CHAINHUB_API_KEY")
    expect(error, status_code=401)
    if WRONG_KEY in f"{error} {error.body}":
        raise Unexpected("the message shows the key")


def rate_limit(stage: Stage) -> Script:
    """All goes well, however often it is asked."""
    done = yield from _completed(stage)
    again: VideoTask = yield ask("retrieve", done.id)
    expect(again, id=done.id, status=TaskStatus.COMPLETED)


def early_content(stage: Stage) -> Script:
    """`/content` before its time, and after it."""
    task = yield from _created(stage)
    hoped = attrs.evolve(task, status=TaskStatus.COMPLETED)
    early = ask("download", hoped, stage.target, timeout=5)
    yield from refused(early, DownloadFailed, says="not completed yet", url=None)
    done: VideoTask = yield ask("wait", task)
    stage.keep((yield ask("download", done, stage.target)))


def late_content(stage: Stage) -> Script:
    """`/content` when the video is gone."""
    done = yield from _completed(stage)
    late = ask("download", done, stage.target)
    error = yield from refused(late, NotFound, status_code=404, code="video_expired")
    expect(error.task, id=done.id)


def lost_answer(stage: Stage) -> Script:
    """A create whose answer a proxy replaces by a page of its own."""
    create = ask("create", PROMPT, **stage.fields)
    error = yield from refused(create, SubmissionUncertain, says="may have been paid")
    if len(error.fingerprint) != 64 or error.sent_at is None:
        raise Unexpected("the error does not say what was sent, and when")


def unknown_model(stage: Stage) -> Script:
    """A create for a model that there is not."""
    create = ask("create", PROMPT, **stage.fields)
    yield from refused(create, ModelUnavailable, status_code=503, code="model_not_found")


def unknown_task(prefix: str) -> Callable[[Stage], Script]:
    """A query for a task that there is not."""

    def script(_: Stage) -> Script:
        task_id = f"{prefix}{NUMBERED}{404:012d}"
        error = yield from refused(ask("retrieve", task_id), NotFound, says=task_id)
        expect(error, status_code={400, 404})

    return script


def _has_request_id(error: APIError) -> None:
    if not error.request_id:
        raise Unexpected("the error has no request id to quote")
