"""Ask for the state of a task, once or until it ends."""

# ruff: noqa: A001, A002 - `format` is the public name

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from chainhub_video import runtime
from chainhub_video.errors import (
    APIError,
    ChainHubError,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    OutputFailed,
    RateLimited,
    ServerError,
    TaskFailed,
    UnexpectedResponse,
    WaitTimeout,
)
from chainhub_video.flows.progress import Progress
from chainhub_video.io import IO, SHORTEST, Reply, TransportFailure, UnreadableAnswer, send
from chainhub_video.task import TaskStatus, VideoTask
from chainhub_video.text import redacted, shorten
from chainhub_video.wire.failures import poll_after_of, read_success, retry_after_of
from chainhub_video.wire.format import path_id
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.policies import PollPolicy
    from chainhub_video.settings import Settings
    from chainhub_video.task import FormatName

log = logging.getLogger("chainhub_video")

OnUpdate: TypeAlias = Callable[[VideoTask], Any]

_PASSING_STATUSES = frozenset({408, 425, 429})
_MOST_CREATED = 10_000  # tasks that are remembered as new
_LAST_POLL = 2.0  # seconds before a deadline at which the last poll begins, so that it ends in time


def task_for(task_or_id: VideoTask | str, format: FormatName | None) -> VideoTask:
    """Return the task to query, given a task or an id.

    Args:
        task_or_id: a task, or the id of one.
        format: the wire format; None to take the task's, or to tell it from the id.

    Raises:
        InvalidRequest: the id does not tell the format, or the format is unknown.
    """
    if isinstance(task_or_id, VideoTask):
        format = format or task_or_id.format
    if format is not None and format not in FORMATS:
        raise InvalidRequest(f"format is {format!r}, and must be one of: {', '.join(FORMATS)}")
    if isinstance(task_or_id, VideoTask):
        return attrs.evolve(task_or_id, format=format or task_or_id.format)
    if not isinstance(task_or_id, str):
        raise InvalidRequest(f"a task or its id is needed, not {type(task_or_id).__name__}")
    told: list[FormatName] = formats_told_by(task_or_id) if format is None else [format]
    if told:
        return VideoTask(id=task_or_id, format=told[0])
    raise InvalidRequest(
        f'the id {shorten(task_or_id)!r} does not tell its wire format: pass format="openai" or format="unified"'
    )


def formats_told_by(task_id: str) -> list[FormatName]:
    """Return the wire formats whose ids begin like this one, in their order of preference."""
    return [wire.name for wire in FORMATS.values() if task_id.startswith(wire.id_prefixes)]


async def query(
    io: IO, settings: Settings, task: VideoTask, timeout: float | None = None
) -> VideoTask:
    """Ask for a task's state once; see `Videos.retrieve`.

    Args:
        io: sends.
        settings: the client's.
        task: the one to ask for.
        timeout: seconds that the exchange may take; None for no other bound than the client's.

    Raises:
        APIError, UnexpectedResponse, ConnectionFailed: the gateway's answer, or the lack of one.
    """
    check_limit(timeout)
    try:
        seen, _reply = await _query(io, settings, task, timeout)
    except APIError as failure:
        if not _may_yet_appear(io, settings, task.id, failure):
            raise
        return attrs.evolve(task, status=TaskStatus.QUEUED)
    except (TransportFailure, UnreadableAnswer) as failure:
        raise _no_answer(settings, task, failure) from _cause(failure)
    return seen


async def wait(
    io: IO,
    settings: Settings,
    task: VideoTask,
    on_update: OnUpdate | None,
    timeout: float | None,
    poll: PollPolicy | None,
) -> VideoTask:
    """Poll a task until it has completed; see `Videos.wait`."""
    try:
        return await follow(io, settings, task, on_update, timeout, poll)
    except ChainHubError:
        raise
    except BaseException as error:
        error.add_note(f"The task {task.label} goes on at the gateway.")
        raise


async def follow(
    io: IO,
    settings: Settings,
    task: VideoTask,
    on_update: OnUpdate | None,
    timeout: float | None,
    poll: PollPolicy | None,
    pause: float = 0.0,
) -> VideoTask:
    """Poll a task until it has completed, and report each visible change; the parameters are those of `watch`.

    Returns:
        The completed task.
    """
    async with aclosing(watch(io, settings, task, timeout, poll, pause)) as changes:
        async for task in changes:
            if on_update is not None:
                await io.ask(on_update, task)
    return task


async def watch(
    io: IO,
    settings: Settings,
    task: VideoTask,
    timeout: float | None,
    poll: PollPolicy | None = None,
    pause: float = 0.0,
) -> AsyncGenerator[VideoTask, None]:
    """Poll a task until it ends, through every transient failure; see `Videos.watch`.

    Args:
        io: sends and sleeps.
        settings: the client's.
        task: where to begin; one that has ended already is not asked for again.
        timeout: seconds until `WaitTimeout`; 0 for a single poll, None for ever.
        poll: when to poll, if not as the client was set up.
        pause: seconds before the first poll.

    Yields:
        The task at each visible change; the last one is completed.

    Raises:
        TaskFailed: it ended badly; the failed task was given before.
        WaitTimeout: it was still running at the deadline; the last failure to ask is its cause.
        APIError: the gateway refuses to tell for a reason that will not pass.
    """
    check_timeout(timeout)
    poll = poll or settings.poll
    began = io.now()
    deadline = math.inf if timeout is None else began + timeout
    last_poll = deadline - min(_LAST_POLL, 0.1 * (timeout or 0.0))
    trouble: BaseException | None = None
    shown: VideoTask | None = None
    progress = Progress()
    polled = False
    while True:
        if task.raw_status and _visibly_changed(task, shown):
            shown = task
            yield task
        if task.done:
            _check_ended_well(task)
            return
        clock = io.now()
        if polled and clock >= last_poll:
            raise _timed_out(task, clock - began, trouble) from trouble
        await _pause(io, settings, poll, pause, last_poll)
        polled = True
        left = None if timeout is None else max(SHORTEST, deadline - io.now())
        try:
            seen, reply = await _query(io, settings, task, left)
        except (TransportFailure, UnreadableAnswer, ChainHubError) as failure:
            if not (_may_yet_appear(io, settings, task.id, failure) or is_transient(failure)):
                raise
            trouble = failure
            if isinstance(failure, (TransportFailure, UnreadableAnswer)):
                trouble = _cause(failure) or _no_answer(settings, task, failure)
            log.debug("task %s: no answer (%s)", task.label, failure)
            demanded = failure.retry_after if isinstance(failure, APIError) else None
            pause = poll.delay(_age(io, settings, task), retry_after=demanded)
        else:
            trouble = None
            task = _keep_progress(seen, task)
            pause = poll.delay(
                _age(io, settings, task),
                hint=poll_after_of(reply.headers),
                retry_after=retry_after_of(reply.headers),
                estimate=progress.estimate(io.now(), task.progress),
            )


async def _pause(
    io: IO, settings: Settings, poll: PollPolicy, seconds: float, last_poll: float
) -> None:
    """Sleep until the next poll is due, and the rate of all polls of the client allows it."""
    seconds = min(seconds, last_poll - io.now())
    if seconds > 0:
        await io.sleep(seconds)
    if poll.rate is None:
        return
    clock = io.now()
    turn = settings.pace.take(clock, poll.rate)
    try:
        wait = min(turn, last_poll) - clock
        if wait > 0:
            await io.sleep(wait)
    finally:
        settings.pace.leave()


def _age(io: IO, settings: Settings, task: VideoTask) -> float | None:
    """Return the seconds since a task's create, if this process or a receipt knows."""
    created = runtime.current().created.get((settings.base_url, task.id))
    return None if created is None else max(0.0, io.now() - created)


def note_created(io: IO, settings: Settings, task_id: str, age: float = 0.0) -> None:
    """Remember that a task was created by this process, or by one whose receipt says so, some seconds ago."""
    created = runtime.current().created
    created[settings.base_url, task_id] = io.now() - age
    while len(created) > _MOST_CREATED:
        created.pop(next(iter(created)), None)


def _may_yet_appear(io: IO, settings: Settings, task_id: str, failure: Exception) -> bool:
    """Return whether a task is so new that a node of the gateway may not know it yet.

    Some say so with a 400 that has no word for it.
    """
    bare = (
        isinstance(failure, APIError)
        and failure.status_code == 400
        and failure.code in (None, "400")
    )
    if not (bare or isinstance(failure, NotFound)):
        return False
    created = runtime.current().created.get((settings.base_url, task_id))
    return created is not None and io.now() - created < settings.poll.settle


async def _query(
    io: IO, settings: Settings, task: VideoTask, within: float | None
) -> tuple[VideoTask, Reply]:
    wire = FORMATS[task.format]
    try:
        call = wire.query_call(task.id)
    except InvalidRequest as error:
        if task.raw_status or (settings.base_url, task.id) in runtime.current().created:
            check_id(task, error)
        raise
    reply = await send(io, attrs.evolve(call, within=within))
    try:
        seen = wire.read_queried(read_success(reply, settings.api_key), settings.base_url, task)
        return without_key(seen, settings), reply
    except ChainHubError as error:
        error.about(task)
        raise


def without_key(task: VideoTask, settings: Settings) -> VideoTask:
    """Return a task whose reason does not repeat the key: it gets into messages and receipts."""
    if task.failure_reason is None:
        return task
    return attrs.evolve(task, failure_reason=redacted(task.failure_reason, settings.api_key))


def check_id(task: VideoTask, error: InvalidRequest) -> None:
    """Raise OutputFailed if a query was refused because of an id that the gateway itself has chosen.

    Args:
        task: the task that could not be asked for.
        error: why.

    Raises:
        OutputFailed: it is because of the id, which the gateway has chosen.
    """
    try:
        path_id(task.id)
    except InvalidRequest:
        raise OutputFailed(
            f"the gateway gave the paid task the id {task.id!r:.300}, which cannot stand in an address, so it cannot "
            "be asked for: look for its video in the vendor's usage log, or ask the vendor's support for it by that id",
            task=task,
        ) from error


def _keep_progress(seen: VideoTask, before: VideoTask) -> VideoTask:
    """Return a task as seen, but with no progress lost: the gateway's numbers may go backwards."""
    known = [share for share in (seen.progress, before.progress) if share is not None]
    return attrs.evolve(seen, progress=max(known)) if known else seen


def _visibly_changed(task: VideoTask, shown: VideoTask | None) -> bool:
    return shown is None or (task.status, task.raw_status, task.progress) != (
        shown.status,
        shown.raw_status,
        shown.progress,
    )


def is_transient(failure: Exception) -> bool:
    """Return whether a query that failed in this way may succeed later."""
    if isinstance(failure, APIError):
        return isinstance(failure, (ServerError, RateLimited)) or (
            failure.status_code in _PASSING_STATUSES or failure.status_code >= 500
        )
    return isinstance(
        failure, (TransportFailure, UnreadableAnswer, ConnectionFailed, UnexpectedResponse)
    )


def _check_ended_well(task: VideoTask) -> None:
    if task.status is TaskStatus.FAILED:
        reason = task.failure_reason or "the gateway gives no reason"
        told = f"{shorten(task.raw_status)!r}: {shorten(reason)}"
        log.info("task %s failed: %s", task.label, shorten(reason))
        raise TaskFailed(f"task {task.label} ended as {told}", reason=reason, task=task)
    log.info("task %s completed", task.label)


def _timed_out(task: VideoTask, waited: float, trouble: BaseException | None) -> WaitTimeout:
    state = f"still {shorten(task.raw_status)!r}" if task.raw_status else "in an unknown state"
    share = "" if task.progress is None else f" at {task.progress:.0%}"
    asked = f"; the gateway could not be asked lately ({trouble})" if trouble else ""
    return WaitTimeout(
        f"task {task.label} is {state}{share} after {waited:.0f} s{asked}. It goes on at the gateway: "
        "wait for it again with its id, nothing is paid for that",
        task=task,
    )


def _no_answer(
    settings: Settings, task: VideoTask, failure: TransportFailure | UnreadableAnswer
) -> ChainHubError:
    if isinstance(failure, UnreadableAnswer):
        return UnexpectedResponse(f"task {task.label}: {failure}", task=task)
    return ConnectionFailed(
        f"the gateway at {settings.base_url} gave no answer about task {task.label} ({failure}): "
        "ask again, it costs nothing",
        task=task,
    )


def _cause(failure: Exception) -> BaseException | None:
    return failure.cause if isinstance(failure, TransportFailure) else None


def check_limit(timeout: float | None) -> None:
    """Refuse a value that is not a limit, in seconds, for a single request.

    Raises:
        InvalidRequest: it is not above 0, or not a number.
    """
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 0):
        raise InvalidRequest(f"timeout is {timeout!r:.80}, and must be above 0 seconds, or None")


def check_timeout(timeout: float | None) -> None:
    """Refuse a value that is not a deadline in seconds.

    Raises:
        InvalidRequest: it is below 0, or not a number.
    """
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout >= 0):
        raise InvalidRequest(f"timeout is {timeout!r}, and must be 0 or more seconds, or None")
