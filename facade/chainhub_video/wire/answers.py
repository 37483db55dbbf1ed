"""Read task states, links, times, progress and reasons from an answer, wherever it has them.

The specification pages document few fields, and other pages of the vendor, and sibling gateways, put the same facts in
other places and units. These functions take any value, and never raise: what cannot be understood is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from chainhub_video.task import TaskStatus

_QUEUED = frozenset({"pending", "queued", "submitted", "not_start"})
_COMPLETED = frozenset({"completed", "success", "succeeded"})
_FAILED = frozenset({"failed", "failure", "error", "cancelled", "canceled", "expired"})

# Where links to the result have been seen besides the top level. `detail.images[].url` and
# `input.*` are the caller's own pictures, and must never be taken for the result.
_LINKS = (
    "url",
    "metadata.url",
    "detail.video_url",
    "detail.url",
    "output.url",
    "content.video_url",
)
LINK_PLACES = ("video_url", *_LINKS, *(f"data.{place}" for place in ("video_url", *_LINKS)))

REASON_PLACES = (
    "error",
    "error.message",
    "error.code",
    "fail_reason",
    "detail.failure_reason",
    "detail.error_message",
    "detail.video_generation_error",
    "data.fail_reason",
    "message",
)

PROGRESS_PLACES = ("progress", "detail.progress", "data.progress")
FRACTION_PLACES = ("detail.pending_info.progress_pct",)
CREATED_PLACES = ("created_at", "data.created_at", "data.submit_time")
UPDATED_PLACES = ("status_update_time", "updated_at", "completed_at", "data.updated_at")


def look_up(answer: object, place: str) -> object:
    """Return the value at a dotted place, or None where there is none."""
    for name in place.split("."):
        if not isinstance(
            answer, dict
        ):  # what JSON objects become; an abstract class is slow to ask for
            return None
        answer = answer.get(name)
    return answer


def text_at(answer: object, places: Iterable[str]) -> str | None:
    """Return the first text that is not blank at the places."""
    for place in places:
        value = look_up(answer, place)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def status_of(word: object) -> TaskStatus:
    """Return where a task stands, from the gateway's word for it.

    New words appear, so a word that is not known to be terminal means that the task goes on; so do
    `video_generation_completed` and `video_upsampling_completed`, after which it still moves on.
    """
    known = word.strip().lower() if isinstance(word, str) else ""
    if known in _COMPLETED:
        return TaskStatus.COMPLETED
    if known in _FAILED or known.endswith("_failed"):
        return TaskStatus.FAILED
    return TaskStatus.QUEUED if known in _QUEUED else TaskStatus.RUNNING


def link_of(answer: object) -> str | None:
    """Return the http(s) link to the finished video, or None."""
    for place in LINK_PLACES:
        link = text_at(answer, (place,))
        if link and link.lower().startswith(("http://", "https://")):
            return link
    return None


def reason_of(answer: object) -> str | None:
    """Return why a task failed, in the gateway's words, or None."""
    return text_at(answer, REASON_PLACES)


def progress_of(answer: object) -> float | None:
    """Return the progress from 0.0 to 1.0, or None.

    The gateway gives an integer percent, a text such as `"30%"`, or a fraction in a nested place.
    """
    for place in PROGRESS_PLACES:
        value = look_up(answer, place)
        percent = number_of(value.strip().removesuffix("%") if isinstance(value, str) else value)
        if percent is not None:
            fraction = isinstance(value, float) and 0 < value < 1
            return _clamp(percent if fraction else percent / 100)
    for place in FRACTION_PLACES:
        share = number_of(look_up(answer, place))
        if share is not None:
            return _clamp(share)
    return None


def moment_at(answer: object, places: Iterable[str]) -> datetime | None:
    """Return the first time at the places, as an aware datetime.

    Times arrive as seconds, milliseconds or ISO 8601 text, the first two sometimes on one page.
    Zero stands for "not yet".
    """
    for place in places:
        moment = _moment(look_up(answer, place))
        if moment is not None:
            return moment
    return None


def number_of(value: object) -> float | None:
    """Return a finite number given as a number or as text, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _moment(value: object) -> datetime | None:
    number = number_of(value)
    try:
        if number is None:
            return _iso(value) if isinstance(value, str) else None
        if number <= 0:
            return None
        while number >= 1e11:  # the year 5138 in seconds: this must be a finer unit
            number /= 1000
        return datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(text: str) -> datetime:
    from dateutil.parser import isoparse  # rarely needed, slow to import

    moment = isoparse(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _clamp(share: float) -> float:
    return min(1.0, max(0.0, share))
