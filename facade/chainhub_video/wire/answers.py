"""Read a task's id, state, link, progress, times and reason from an answer, wherever it has them.

A gateway of this family passes on the shapes of whatever platform made the video. So a fact is looked for in a table of
places, in the answer itself and in its envelopes. The functions take any JSON value and never raise: what cannot be
understood is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

import attrs

from chainhub_video.task import TaskStatus

ENVELOPES = ("data", "output", "result", "response")
"""What an answer may be wrapped in, several deep, each also as a list of one."""

PLACES: Mapping[str, tuple[str, ...]] = {
    "id": ("task_id", "id"),
    "state": ("task_status", "status", "state"),
    "link": (
        "video_url",
        "result_url",
        "video.url",
        "videos[].url",
        "videos[].video_url",
        "videos[]",
        "video_urls[]",
        "result_urls[]",
        "task_result.videos[].url",
        "assets.video",
        "content.video_url",
        "detail.video_url",
        "detail.url",
        "metadata.url",
        "url",
        "output[].video_url",
        "output[].url",
        "output[]",
        "output",
        "result",
        "data[].video_url",
        "data[].url",
        "fail_reason",
    ),
    "progress": ("progress", "detail.progress", "detail.pending_info.progress_pct"),
    "created": ("created_at", "submit_time"),
    "updated": ("status_update_time", "updated_at", "completed_at"),
    "model": ("model",),
    "reason": (
        "error.message",
        "error",
        "error.code",
        "fail_reason",
        "failure_reason",
        "fail_msg",
        "error_message",
        "error_msg",
        "detail.failure_reason",
        "detail.error_message",
        "detail.video_generation_error",
        "rai_media_filtered_reasons[]",
        "message",
        "msg",
    ),
    "error code": ("error.code", "code", "error.type"),
    "error message": (
        "error.message",
        "message",
        "msg",
        "error",
        "error.message_zh",
        "error_message",
        "detail",
    ),
}
"""Where each fact has been seen, in order of trust.

A place is a path of names, and `[]` stands for each item of a list. The letter case of a name, `_` and `-` do not
matter: `task_id` is `taskId` as well. Every place is looked for in the answer and in its envelopes.
"""

STATES: Mapping[TaskStatus, frozenset[str]] = {
    TaskStatus.QUEUED: frozenset(
        {"pending", "queued", "submitted", "not_start", "created", "waiting", "queueing", "in_queue"}
    ),
    TaskStatus.RUNNING: frozenset(
        {
            "processing", "in_progress", "running", "generating", "preparing", "starting", "unknown",
            "image_downloading", "video_generating", "video_generation_completed", "video_upsampling",
            "video_upsampling_completed",
        }
    ),
    TaskStatus.COMPLETED: frozenset(
        {"completed", "success", "succeeded", "succeed", "done", "finish", "finished"}
    ),
    TaskStatus.FAILED: frozenset(
        {
            "failed", "failure", "fail", "error", "cancelled", "canceled", "expired", "rejected",
            "timeout", "timed_out",
        }
    ),
}  # fmt: skip
"""The gateway's words for a task's state. A further one that ends in `_failed` is a failure; any other means that it
goes on. `video_generation_completed` and `video_upsampling_completed` are no ends: the task still moves on."""

_MEANINGS = {word: status for status, words in STATES.items() for word in words}

CODES: Mapping[str, int] = {
    "insufficient_user_quota": 403,
    "pre_consume_token_quota_failed": 403,
    "fail_to_fetch_task": 400,
    "task_not_exist": 404,
    "model_not_found": 503,
}
"""The codes of documented errors, with the HTTP status that each comes with."""

QUOTA_CODES = frozenset(code for code, status in CODES.items() if status == 403)

_STATUS_CODE = re.compile("[45][0-9][0-9]")
_ID_NAME = re.compile("id|(task|video|job|generation)s?id")  # folded
_HTTP_WORDS = frozenset({"success", "error", "fail", "ok"})  # an envelope's, of the HTTP call
_FRACTIONS = frozenset({"detail.pending_info.progress_pct"})  # places of 0.0 to 1.0
_DEEPEST = 6  # envelopes in one another
_LEAST_ID = 1e11  # of a number that is no row's
_ITEMS = 50  # of a list that are looked at
# Names that hold the caller's own pictures, or a picture of the result.
_PICTURE_NAMES = re.compile("image|picture|thumb|cover|poster|frame|input|reference|avatar")
_PICTURE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".heic", ".bmp", ".svg")
_LINK = re.compile(r"(?i)https?://\S+")
_RELATIVE = re.compile(r"/\S+|[^\s:?#]+/[^\s:?#]*\.[a-z0-9]{2,4}([?#]\S*)?")

_Layer: TypeAlias = Mapping[str, object]  # an object with its names folded


@attrs.frozen
class Facts:
    """What an answer says of a task.

    Attributes:
        id: the task's id, empty if there is none.
        word: the gateway's word for the state, empty if there is none.
        status: what the word means.
        progress: 0.0 to 1.0, or None.
        created_at: when the task was made (aware), or None.
        updated_at: when it last changed (aware), or None.
        link: where the video is, if the task has completed; may be relative to the gateway.
        reason: why the task failed, if it did.
        model: the model's name, or None.
    """

    id: str
    word: str
    status: TaskStatus
    progress: float | None
    created_at: datetime | None
    updated_at: datetime | None
    link: str | None
    reason: str | None
    model: str | None


def read(answer: object) -> Facts:
    """Return what an answer says of a task."""
    layers = layers_of(answer)
    word = _state_word(layers)
    status = status_of(word)
    completed, failed = status is TaskStatus.COMPLETED, status is TaskStatus.FAILED
    return Facts(
        id=_id(layers),
        word=word,
        status=status,
        progress=1.0 if completed else _progress(layers),
        created_at=_first_moment(layers, "created"),
        updated_at=_first_moment(layers, "updated"),
        link=_link(layers) if completed else None,
        reason=_reason(layers) if failed else None,
        model=_first_text(layers, "model"),
    )


def link_in(answer: object) -> str | None:
    """Return the link to a video in an answer, whatever its state, or None."""
    return _link(layers_of(answer))


def reason_in(answer: object) -> str | None:
    """Return the reason for a failure in an answer, or None."""
    return _reason(layers_of(answer))


def error_in(answer: object) -> tuple[str | None, str | None]:
    """Return the code and the message of an error, each None if there is none."""
    layers = layers_of(answer)
    return _first_text(layers, "error code"), _first_text(layers, "error message")


def refused_status(answer: object) -> int | None:
    """Return the HTTP status that a body states in place of its answer's own 200, or None.

    Gateways of this family answer some refusals with HTTP 200. It is one beyond doubt if it has a code of the
    documented errors, no state but that of the HTTP call, and nothing in it that could be a task.
    """
    layers = layers_of(answer)
    code = _first_text(layers, "error code") or ""
    stated = int(code) if _STATUS_CODE.fullmatch(code) else CODES.get(code)
    if stated is None or _state_word(layers).lower() not in ("", *_HTTP_WORDS):
        return None
    return None if _names_a_task(answer) else stated


def _names_a_task(answer: object) -> bool:
    """Return whether anything at any depth could be a task's id."""
    row = [answer]
    while row:
        for value in row:
            for name, inner in value.items() if isinstance(value, dict) else ():
                if (
                    _ID_NAME.fullmatch(_fold(name))
                    and inner
                    and not isinstance(inner, (dict, list))
                ):
                    return True
        row = [
            inner
            for value in row
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return False


def status_of(word: str) -> TaskStatus:
    """Return where a task stands, from the gateway's word for it.

    New words appear, so a word that is not known to be terminal means that the task goes on.
    """
    return _known_status(word) or TaskStatus.RUNNING


def number_of(value: object) -> float | None:
    """Return a finite number given as a number or as text, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def layers_of(answer: object) -> list[_Layer]:
    """Return an answer and what its envelopes hold, outermost first, with their names folded."""
    found: list[_Layer] = []
    row = [answer]
    for _ in range(_DEEPEST):
        row = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in row]
        objects = [_folded(each) for each in row if isinstance(each, dict)]
        found += objects
        row = [each[name] for each in objects for name in ENVELOPES if name in each]
        if not row:
            break
    return found


@lru_cache(maxsize=2048)
def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _folded(value: dict[str, object]) -> _Layer:
    """Return an object with its names folded; of two that become equal, the first counts."""
    return {_fold(name): value[name] for name in reversed(value)}


@cache
def _path(place: str) -> tuple[str, ...]:
    """Return the folded names of a place, with `[]` as a name of its own."""
    return tuple(
        name if name == "[]" else _fold(name) for name in place.replace("[]", ".[]").split(".")
    )


def _values(value: object, path: Sequence[str]) -> Iterator[object]:
    """Give what is at a path."""
    if not path:
        yield value
    elif path[0] == "[]":
        for item in value[:_ITEMS] if isinstance(value, list) else ():
            yield from _values(item, path[1:])
    elif isinstance(value, dict) and (inner := _folded(value).get(path[0])) is not None:
        yield from _values(inner, path[1:])


def _at(layer: _Layer, place: str) -> Iterator[object]:
    first, *rest = _path(place)
    if (value := layer.get(first)) is not None:
        yield from _values(value, rest)


def _all(layers: Iterable[_Layer], fact: str) -> Iterator[tuple[str, object]]:
    """Give every place of a fact with the values there, in order of trust."""
    layers = list(layers)
    for place in PLACES[fact]:
        for layer in layers:
            for value in _at(layer, place):
                yield place, value


def _text(value: object) -> str:
    """Return a text without blanks around it, or a whole number's digits; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _first_text(layers: Iterable[_Layer], fact: str) -> str | None:
    return next((text for _, value in _all(layers, fact) if (text := _text(value))), None)


def _is_envelope(layer: _Layer) -> bool:
    return "code" in layer and any(isinstance(layer.get(name), (dict, list)) for name in ENVELOPES)


def _id(layers: Sequence[_Layer]) -> str:
    """Return the task's id. What an envelope says of the HTTP call counts last; 0 and less is none."""
    for place in PLACES["id"]:
        for layer in sorted(layers, key=_is_envelope):
            text = _text(layer.get(_fold(place)))
            number = number_of(text)  # a small one beside a `task_id` of no use is a row's
            if text and (number is None or number >= (_LEAST_ID if "taskid" in layer else 1)):
                return text
    return ""


def _state_word(layers: Sequence[_Layer]) -> str:
    """Return the word for the task's state: the deepest one that is known, or else the deepest one.

    An outer `success` may be of the HTTP call alone. Beside a deeper word that is not known, it counts if there is a
    video.
    """
    words = []
    for layer in reversed(layers):
        found = (layer.get(_fold(name)) for name in PLACES["state"])
        words += [word.strip() for word in found if isinstance(word, str) and word.strip()][:1]
    for depth, word in enumerate(words):
        if _known_status(word) is not None:
            if depth and word.lower() in _HTTP_WORDS and _link(layers) is None:
                break
            return word
    return words[0] if words else ""


def _known_status(word: str) -> TaskStatus | None:
    """Return what a word means, if it is known."""
    known = "_".join(word.lower().replace("-", " ").split())
    if known.endswith("_failed"):
        return TaskStatus.FAILED
    return _MEANINGS.get(known)


def _link(layers: Sequence[_Layer]) -> str | None:
    pictures = {
        text for layer in layers for name, value in layer.items()
        if _PICTURE_NAMES.search(name) for text in _texts(value)
    }  # fmt: skip
    for place, value in _all(layers, "link"):
        link = _text(value)
        relative = place != "fail_reason" or link.lower().endswith(".mp4")
        found = _LINK.fullmatch(link) or (relative and _RELATIVE.fullmatch(link))
        if found and link not in pictures and not _is_picture(link):
            return link
    return None


def _texts(value: object) -> Iterator[str]:
    """Give the texts in a value: itself, or in a list or an object, or one level deeper."""
    row = [value]
    for _ in range(3):
        yield from (each.strip() for each in row if isinstance(each, str))
        row = [
            inner
            for each in row
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]


def _is_picture(link: str) -> bool:
    try:
        return urlsplit(link).path.lower().endswith(_PICTURE_FILES)
    except ValueError:
        return False


def _reason(layers: Sequence[_Layer]) -> str | None:
    """Return why a task failed; the deepest words are the task's own, and `success` is no reason."""
    for place in PLACES["reason"]:
        for layer in reversed(layers):
            found = [value.strip() for value in _at(layer, place) if isinstance(value, str)]
            texts = [text for text in found if text]
            if texts and texts[0].lower() not in (*STATES[TaskStatus.COMPLETED], "ok"):
                return "; ".join(texts)
    return None


def _progress(layers: Sequence[_Layer]) -> float | None:
    """Return the progress from 0.0 to 1.0: given as a percent, a text such as `"30%"`, or a fraction."""
    for place, value in _all(layers, "progress"):
        number = number_of(value.strip().removesuffix("%") if isinstance(value, str) else value)
        if number is not None:
            fraction = place in _FRACTIONS or (isinstance(value, float) and 0 < value < 1)
            return min(1.0, max(0.0, number if fraction else number / 100))
    return None


def _first_moment(layers: Sequence[_Layer], fact: str) -> datetime | None:
    moments = (_moment(value) for _, value in _all(layers, fact))
    return next((moment for moment in moments if moment is not None), None)


def _moment(value: object) -> datetime | None:
    """Return a time (aware), given as seconds, milliseconds or ISO 8601 text. Zero stands for "not yet"."""
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
