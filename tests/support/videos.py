"""What the tests of downloads share: completed tasks, and a server that continues."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from chainhub_video import SavedVideo, TaskStatus, VideoTask

from tests.support.answering import Answer, Arrived, say
from tests.support.wires import Wire

MP4 = {"Content-Type": "video/mp4"}


LINK = "/clip.mp4"


def completed(wire: Wire, url: str | None) -> VideoTask:
    """A completed task, with a link or without."""
    return wire.task(status=TaskStatus.COMPLETED, raw_status="completed", video_url=url)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def whole(saved: SavedVideo, target: Path, video: bytes) -> None:
    """Check that a video was saved, told truly, and that nothing lies beside it."""
    assert target.read_bytes() == video
    assert saved.path == target
    assert saved.size == len(video)
    assert saved.sha256 == hashlib.sha256(video).hexdigest()
    assert names(target.parent) == [target.name]


def ranged(video: bytes, tag: str = '"v1"', cut: int | None = None) -> Answer:
    """A server that knows Range and If-Range; it breaks off after `cut` bytes of each answer."""

    def play(wire: Any, arrived: Arrived) -> bool:
        wanted = arrived.headers.get("range")
        if wanted and arrived.headers.get("if-range") == tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Range": f"bytes {start}-{len(video) - 1}/{len(video)}"}
            status = 206
        else:
            start, headers, status = 0, {}, 200
        answer = say(status, video[start:], {**MP4, **headers, "ETag": tag}, sent=cut)
        return answer.play(wire, arrived)

    return Answer(play)
