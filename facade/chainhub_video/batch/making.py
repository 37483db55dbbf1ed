"""Make the video of one row, whatever becomes of it: a result that is plain data, never an error."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.batch.places import place_of
from chainhub_video.batch.status import RowStatus, look_at
from chainhub_video.errors import (
    APIError,
    AuthenticationError,
    ChainHubError,
    ConfigurationError,
    ConnectionFailed,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    SpendLimitReached,
    SubmissionUncertain,
    TaskFailed,
    WaitTimeout,
)
from chainhub_video.receipts.receipt import ReceiptState
from chainhub_video.text import shorten

if TYPE_CHECKING:
    from chainhub_video.async_videos import AsyncVideos
    from chainhub_video.batch.rows import Row
    from chainhub_video.task import VideoTask

_REASON = 80  # characters
_WHY = 200  # characters
_ALL_ALIKE = (AuthenticationError, PermissionDenied, QuotaExhausted)
_NO_ROOM = {
    number for name in ("ENOSPC", "EDQUOT", "EROFS") if (number := getattr(errno, name, None)) is not None
}  # fmt: skip


class Outcome(StrEnum):
    """What became of a row in a run."""

    SAVED = "saved"
    PRESENT = "present"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    RUNNING = "running"
    NOT_STARTED = "not_started"


@attrs.frozen(kw_only=True)
class RowOptions:
    """How each row of a run is made. Plain data, so that it can be pickled.

    Attributes:
        out: where outputs go, for `place_of`.
        timeout: seconds for each row, as in `generate`.
        resubmit_uncertain: whether to send a create again whose outcome was unknown when the run began.
        retry_failed: whether to pay for another attempt where the task had failed when the run began.
        began: when the run began (aware): what happened since is not tried again by it.
    """

    out: str
    timeout: float | None
    resubmit_uncertain: bool
    retry_failed: bool
    began: datetime


@attrs.frozen(kw_only=True)
class RowResult:
    """What became of a row. Plain data, so that it can be pickled.

    Attributes:
        row: its number, from 1.
        where: `line 7` or `row 7`.
        name: of the output, without `.mp4`.
        outcome: what became of it.
        seconds: that it took.
        path: of the output; None if it was not saved.
        size: of the output in bytes.
        sha256: of the output, in hex.
        task_id: of the task, if one is known.
        reason: in few words, the same for failures of one kind; "" if it was saved.
        message: all that is known of a failure; "" if it was saved.
        all_alike: why every other row would fail, too; "" if that is not so.
        unreachable: whether the gateway could not be reached.
    """

    row: int
    where: str
    name: str
    outcome: Outcome
    seconds: float = 0.0
    path: str | None = None
    size: int = 0
    sha256: str = ""
    task_id: str | None = None
    reason: str = ""
    message: str = ""
    all_alike: str = ""
    unreachable: bool = False


async def run_row(
    videos: AsyncVideos,
    row: Row,
    options: RowOptions,
    on_update: Callable[[VideoTask], Any] | None = None,
) -> RowResult:
    """Make the video of a row, or go on where an earlier run stopped.

    Args:
        videos: the calls of a client.
        row: one that was checked.
        options: those of the run.
        on_update: is called with the task at each visible change.

    Returns:
        What became of it. Only a cancellation is raised.
    """
    began = time.monotonic()
    about: dict[str, Any] = {"row": row.number, "where": row.where, "name": row.name}
    try:
        resubmit = await asyncio.to_thread(_released, videos, row, options)
        saved = await videos.generate(
            **row.arguments,
            save_to=place_of(options.out).target(row.name),
            timeout=options.timeout,
            resubmit_uncertain=resubmit,
            on_update=on_update,
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one row's
        return RowResult(**about, **_failure(error), seconds=time.monotonic() - began)
    return RowResult(
        **about,
        outcome=Outcome.SAVED,
        seconds=time.monotonic() - began,
        path=saved.url or str(saved.path),
        size=saved.size,
        sha256=saved.sha256,
        task_id=saved.task.id,
    )


def _released(videos: AsyncVideos, row: Row, options: RowOptions) -> bool:
    """Take away the receipt of a task that had failed before the run; return whether to send an uncertain create again.

    What another process did since the run began is left to it, so that several of them do not pay one after the other.
    """
    if not (options.resubmit_uncertain or options.retry_failed):
        return False
    settings = videos._driver.settings
    place = place_of(options.out, settings.receipts)
    look = look_at(row, place, settings.base_url)
    if look.receipt is None:
        return options.resubmit_uncertain
    if look.status is RowStatus.FAILED and options.retry_failed:
        failed = look.receipt.when(ReceiptState.FAILED)
        if failed is None or failed < options.began:
            place.receipt(row.name).swap(look.receipt, None)
    sent = look.receipt.when(ReceiptState.SUBMITTING)
    return options.resubmit_uncertain and (sent is None or sent < options.began)


def _failure(error: Exception) -> dict[str, Any]:
    """Return the fields of a result that tell of an error."""
    outcome = Outcome.FAILED
    if isinstance(error, SubmissionUncertain):
        outcome = Outcome.UNCERTAIN
    elif isinstance(error, WaitTimeout):
        outcome = Outcome.RUNNING
    elif isinstance(error, SpendLimitReached):
        outcome = Outcome.NOT_STARTED
    task = error.task if isinstance(error, ChainHubError) else None
    return {
        "outcome": outcome,
        "task_id": None if task is None else task.id,
        "reason": reason_of(error),
        "message": str(error) or type(error).__name__,
        "all_alike": _all_alike(error),
        # A link to a picture that cannot be fetched is the row's own trouble.
        "unreachable": isinstance(error, ConnectionFailed)
        and str(error).startswith("the gateway at "),
    }


def reason_of(error: Exception) -> str:
    """Return the kind of a failure in few words: the same for all that fail alike."""
    name = type(error).__name__
    if isinstance(error, TaskFailed):
        return shorten(f"{name}: {error.reason}", _REASON)
    if isinstance(error, APIError):
        code = error.code or error.status_code
        return shorten(f"{name}: {code}", _REASON) if code else name
    return name


def _all_alike(error: Exception) -> str:
    """Return why every other row would fail, too; "" if it is about this row."""
    paid = isinstance(error, ChainHubError) and error.task is not None
    if isinstance(error, _ALL_ALIKE) or (
        isinstance(error, ConfigurationError | NotFound) and not paid
    ):
        return shorten(str(error), _WHY)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            return f"the disk is full ({cause.strerror})"
        cause = cause.__cause__
    return ""
