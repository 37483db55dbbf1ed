"""The two wire formats as a test sees them: what to call, and what the gateway says."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from chainhub_video import VideoTask
from PIL import Image


@cache
def png(size: tuple[int, int] = (1280, 720), colour: str = "orange") -> bytes:
    """A picture of one colour, encoded once: a large one takes longer than most tests."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class Wire:
    """One wire format.

    Attributes:
        name: as `format=` has it.
        create_target: where a create goes.
        task_id: as the gateway would make it.
        arguments: of a create that is in order.
    """

    name: str
    create_target: str
    task_id: str
    arguments: Mapping[str, Any]

    def create(self, hub: Any, **changes: Any) -> VideoTask:
        """A create that is in order but for the changes."""
        task: VideoTask = hub.videos.create(**{**self.arguments, **changes})
        return task

    def generate(self, hub: Any, **changes: Any) -> Any:
        """A whole job."""
        return hub.videos.generate(**{**self.arguments, **changes})

    def created(self, **changes: Any) -> dict[str, Any]:
        """The create's answer."""
        return {"id": self.task_id, "status": "queued", "model": self.arguments["model"]} | changes

    def seen(self, status: str = "processing", **changes: Any) -> dict[str, Any]:
        """A query's answer."""
        return {"id": self.task_id, "status": status} | changes

    def task(self, **changes: Any) -> VideoTask:
        """A task of the format."""
        return VideoTask(**{"id": self.task_id, "format": self.name, **changes})


OPENAI = Wire(
    "openai",
    "/v1/videos",
    "video_55cb73b3-60af-40c8-95fd-eae8fd758ade",
    {"prompt": "A kitten", "model": "veo_3_1", "size": "1280x720", "image": png()},
)
UNIFIED = Wire(
    "unified",
    "/v1/video/create",
    "grok:7f3c0f5e-0c51-4a9e-8a53-0f2e8c6b1d11",
    {
        "prompt": "A kitten",
        "model": "grok-video-3",
        "aspect_ratio": "3:2",
        "image": "https://example.com/kitten.png",
    },
)
WIRES = {wire.name: wire for wire in (OPENAI, UNIFIED)}
