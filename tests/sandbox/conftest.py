"""A running sandbox, a bare HTTP client for it, and an eye for the clips it renders."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import httpx
import pytest
from chainhub_sandbox import Sandbox
from PIL import Image

from tests.support.places import KITTEN

from .targets import Target

PATIENCE = 20.0


@dataclass(frozen=True)
class Seen:
    """What a decoder found in a clip."""

    codec: str
    pixel_format: str
    size: tuple[int, int]
    seconds: float
    fps: float
    count: int
    frames: list[Image.Image]


def png(colour: str, size: tuple[int, int] = (64, 64), file_format: str = "PNG") -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, file_format)
    return file.getvalue()


class Caller:
    """Speaks both formats to one sandbox with plain httpx."""

    png = staticmethod(png)
    kitten = KITTEN.read_bytes()

    def __init__(self, gateway: Sandbox) -> None:
        self.gateway = gateway
        self.http = httpx.Client(
            base_url=gateway.url, headers={"Authorization": "Bearer sandbox"}, timeout=30
        )

    def create_openai(
        self, picture: bytes | None = None, without: str = "", **changes: str
    ) -> httpx.Response:
        """POST /v1/videos with a form that is in order but for the changes."""
        form = {
            "model": "veo_3_1",
            "prompt": "The kitten is eating fish",
            "seconds": "2",
            "size": "1280x720",
            "watermark": "false",
        } | changes
        form.pop(without, None)
        content = self.kitten if picture is None else picture
        files: dict[str, Any] = {"input_reference": ("kitten.png", content, "image/png")}
        files.pop(without, None)
        # Forms without a file would otherwise go out url-encoded.
        parts = {name: (None, value) for name, value in form.items()}
        return self.http.post("/v1/videos", files=parts | files)

    def create_unified(self, without: str = "", **changes: Any) -> httpx.Response:
        """POST /v1/video/create with a document that is in order but for the changes."""
        document = {
            "model": "grok-video-3",
            "prompt": "The kitten is eating fish",
            "aspect_ratio": "3:2",
            "size": "720P",
            "images": [],
        } | changes
        document.pop(without, None)
        return self.http.post("/v1/video/create", json=document)

    def query(self, task_id: str) -> httpx.Response:
        """The query that belongs to the id's format."""
        if task_id.startswith("video_"):
            return self.http.get(f"/v1/videos/{task_id}")
        return self.http.get("/v1/video/query", params={"id": task_id})

    def finish(self, created: httpx.Response) -> dict[str, Any]:
        """Polls until the task has ended."""
        assert created.status_code == 200, created.text
        task_id = created.json()["id"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.query(task_id).json()
            if state["status"] in {"completed", "failed"}:
                return state
            time.sleep(0.01)
        raise AssertionError(f"{task_id} did not end within {PATIENCE} s")

    def video(self, created: httpx.Response) -> bytes:
        """The finished MP4, from /content or from the link, as the format has it."""
        state = self.finish(created)
        assert state["status"] == "completed", state
        if "video_url" in state:
            return httpx.get(state["video_url"]).raise_for_status().content
        return self.http.get(f"/v1/videos/{state['id']}/content").raise_for_status().content

    def watch(self, created: httpx.Response, every: int = 1) -> Seen:
        """The finished MP4 as a decoder sees it, see `watch`."""
        return watch(self.video(created), every)

    @staticmethod
    def seen(mp4: bytes) -> Seen:
        """An MP4 as a decoder sees it, see `watch`."""
        return watch(mp4)


def watch(mp4: bytes, every: int = 1) -> Seen:
    """Decodes a whole clip, and keeps every so many-th frame to be looked at."""
    with av.open(io.BytesIO(mp4), "r") as container:
        stream = container.streams.video[0]
        duration = float((stream.duration or 0) * (stream.time_base or 0))
        frames: list[Image.Image] = []
        count = 0
        frame: Any  # PyAV types no pictures
        for frame in container.decode(stream):
            if count % every == 0:
                frames.append(frame.to_image())
            count += 1
        return Seen(
            codec=stream.codec_context.name,
            pixel_format=stream.codec_context.pix_fmt or "",
            size=(stream.width, stream.height),
            seconds=duration,
            fps=float(stream.average_rate or 0),
            count=count,
            frames=frames,
        )


@pytest.fixture(scope="session")
def caller() -> Iterator[Caller]:
    """A client of a sandbox with small clips and hurried tasks."""
    with Sandbox(fast=True, pace=0.01) as gateway:
        caller = Caller(gateway)
        yield caller
        caller.http.close()


@pytest.fixture(scope="session")
def full_caller() -> Iterator[Caller]:
    """A client of a sandbox with clips of the full size."""
    with Sandbox(pace=0.01) as gateway:
        caller = Caller(gateway)
        yield caller
        caller.http.close()


@pytest.fixture
def fresh_caller() -> Iterator[Caller]:
    """A client of a sandbox that nobody has talked to."""
    with Sandbox(fast=True, pace=0.01) as gateway:
        caller = Caller(gateway)
        yield caller
        caller.http.close()


@pytest.fixture(scope="module")
def _target() -> Iterator[Target]:
    with Sandbox(fast=True, pace=0) as gateway:
        caller = Caller(gateway)
        openai, unified = caller.create_openai(seconds="1"), caller.create_unified()
        clips = {"content": caller.video(openai), "link": caller.video(unified)}
        yield Target(gateway, openai.json()["id"], unified.json()["id"], clips, caller)
        caller.http.close()


@pytest.fixture
def target(_target: Target) -> Iterator[Target]:
    """The sandbox; no fault outlives its test."""
    yield _target
    _target.gateway.clear_faults()
