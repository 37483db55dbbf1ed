"""`VideoTask` and `SavedVideo`: a task at the gateway, and the video that comes of it."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from chainhub_video.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_EMBED_LIMIT = 16_000_000  # bytes of a video that is put into the notebook itself
_CARD = (
    "border:1px solid #8888;border-radius:6px;padding:8px 12px;display:inline-block;max-width:640px"
)

FormatName: TypeAlias = Literal["openai", "unified"]
"""The name of a wire format."""

Verification: TypeAlias = Literal["length", "structure", "unknown"]
"""What shows that nothing is missing at the end of a saved video."""


class TaskStatus(StrEnum):
    """Where a task stands. The gateway's own word is `VideoTask.raw_status`."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether the task has ended, well or badly."""
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED)


@attrs.frozen(kw_only=True)
class VideoTask:
    """One task, as the gateway last described it.

    Attributes:
        id: the id that the create call returned; queries take it.
        format: the wire format, `"openai"` or `"unified"`.
        model: the model asked for, if known.
        status: where the task stands.
        raw_status: the gateway's own word for it.
        progress: 0.0 to 1.0, or None if the gateway does not say.
        created_at: when the task was made (aware), or None.
        updated_at: when the gateway last changed it (aware), or None.
        video_url: the link to the finished video, or None. Links expire: download at once.
        failure_reason: why a failed task failed, or None.
        raw: the gateway's whole answer, unknown fields included.
    """

    id: str
    format: FormatName
    model: str | None = None
    status: TaskStatus = TaskStatus.QUEUED
    raw_status: str = ""
    progress: float | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    video_url: str | None = attrs.field(default=None, repr=False)
    failure_reason: str | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False, hash=False)

    @property
    def done(self) -> bool:
        """Whether the task has ended, well or badly."""
        return self.status.terminal

    @property
    def label(self) -> str:
        """The id for a message: on one line, without control characters, and not endless."""
        return shorten(self.id)

    def _repr_html_(self) -> str:
        return _task_card(self)

    def to_json(self) -> str:
        """Return the task as JSON text that `from_json` reads back to an equal task."""
        fields = attrs.asdict(self, recurse=False)
        for name in ("created_at", "updated_at"):
            if (moment := fields[name]) is not None:
                fields[name] = moment.isoformat()
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> VideoTask:
        """Read a task that `to_json` wrote.

        Args:
            text: the JSON text.

        Raises:
            ValueError: the text is not a task's JSON.
        """
        try:
            fields = json.loads(text)
            for name in ("created_at", "updated_at"):
                if fields.get(name) is not None:
                    fields[name] = datetime.fromisoformat(fields[name])
            fields["status"] = TaskStatus(fields["status"])
            task = cls(**fields)
            _check_fields(task)
        except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
            raise ValueError(f"not the JSON of a video task: {error}") from error
        return task


@attrs.frozen(kw_only=True)
class SavedVideo:
    """The result of a download.

    Attributes:
        path: where the file lies, absolute; for an object its bucket and key, which lead to no file.
        size: its length in bytes.
        sha256: of its content, in hex.
        task: the task that made it.
        verified: what shows that nothing is missing at its end: `"length"`, the server announced as many bytes as came;
            `"structure"`, it announced none, and all that the file's own index names is there; `"unknown"`, neither
            says where the video ends.
        url: the object's address, such as `s3://bucket/kitten.mp4`; None for a file.
    """

    path: Path
    size: int
    sha256: str
    task: VideoTask
    verified: Verification = "unknown"
    url: str | None = None

    def _repr_html_(self) -> str:
        return _video_player(self)


def _check_fields(task: VideoTask) -> None:
    """Refuse fields that no task has: a file is trusted no more than an answer.

    Raises:
        ValueError: naming the first of them.
    """
    link = task.video_url
    sound = {
        "id": isinstance(task.id, str) and bool(task.id),
        "format": isinstance(task.format, str),
        "model": task.model is None or isinstance(task.model, str),
        "raw_status": isinstance(task.raw_status, str),
        "progress": task.progress is None
        or (type(task.progress) in (int, float) and 0 <= task.progress <= 1),
        "created_at": task.created_at is None or task.created_at.tzinfo is not None,
        "updated_at": task.updated_at is None or task.updated_at.tzinfo is not None,
        "video_url": link is None
        or (isinstance(link, str) and link.lower().startswith(("http://", "https://"))),
        "failure_reason": task.failure_reason is None or isinstance(task.failure_reason, str),
        "raw": isinstance(task.raw, dict),
    }
    for field, good in sound.items():
        if not good:
            raise ValueError(f"{field} is {getattr(task, field)!r:.80}")


def _task_card(task: VideoTask) -> str:
    """Return a task as a small HTML card; every text in it is escaped."""
    rows = [
        f"<b>{escape(task.model or 'video')}</b> · {escape(task.raw_status or task.status.value)}",
        f"<code>{escape(task.id)}</code>",
    ]
    if task.progress is not None:
        rows.append(
            f'<progress max="1" value="{task.progress:.3f}"></progress> {task.progress:.0%}'
        )
    if task.failure_reason:
        rows.append(escape(task.failure_reason))
    return f'<div style="{_CARD}">{"<br>".join(rows)}</div>'


def _video_player(video: SavedVideo) -> str:
    """Return a saved video as a player; a large or vanished one as its path."""
    caption = f"<code>{escape(video.url or str(video.path))}</code> · {video.size:,} bytes"
    try:
        here = video.url is None and video.size <= _EMBED_LIMIT
        content = video.path.read_bytes() if here else None
    except OSError:
        content = None
    if content is None:
        return f'<div style="{_CARD}">{caption}</div>'
    source = base64.b64encode(content).decode("ascii")
    player = f'<video controls width="640" src="data:video/mp4;base64,{source}"></video>'
    return f'<div style="{_CARD}">{player}<br>{caption}</div>'
