"""How a task and a saved video look in a notebook."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainhub_video.task import SavedVideo, VideoTask

_EMBED_LIMIT = 16_000_000  # bytes of a video that is put into the notebook itself
_CARD = (
    "border:1px solid #8888;border-radius:6px;padding:8px 12px;display:inline-block;max-width:640px"
)


def task_card(task: VideoTask) -> str:
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


def video_player(video: SavedVideo) -> str:
    """Return a saved video as a player; a large or vanished one as its path."""
    caption = f"<code>{escape(str(video.path))}</code> · {video.size:,} bytes"
    try:
        content = video.path.read_bytes() if video.size <= _EMBED_LIMIT else None
    except OSError:
        content = None
    if content is None:
        return f'<div style="{_CARD}">{caption}</div>'
    source = base64.b64encode(content).decode("ascii")
    player = f'<video controls width="640" src="data:video/mp4;base64,{source}"></video>'
    return f'<div style="{_CARD}">{player}<br>{caption}</div>'
