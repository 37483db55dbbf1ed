"""A video that lies on the disk, whole and checked."""

from __future__ import annotations

from pathlib import Path

import attrs

from chainhub_video.task import VideoTask


@attrs.frozen(kw_only=True)
class SavedVideo:
    """The result of a download.

    Attributes:
        path: where the file lies, absolute.
        size: its length in bytes.
        sha256: of its content, in hex.
        task: the task that made it.
    """

    path: Path
    size: int
    sha256: str
    task: VideoTask

    def _repr_html_(self) -> str:
        from chainhub_video.notebook import video_player

        return video_player(self)
