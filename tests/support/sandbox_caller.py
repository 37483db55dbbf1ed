"""A bare HTTP client for the sandbox that speaks both formats, and a look into the clips that it renders."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import av
import httpx
from chainhub_sandbox import Sandbox
from PIL import Image

from tests.support.places import KITTEN as _KITTEN

FORMATS = ("openai", "unified")
KITTEN = _KITTEN.read_bytes()
MINE = "https://pictures.example/mine.png"


def png(colour: str, size: tuple[int, int] = (64, 64), file_format: str = "PNG") -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, file_format)
    return file.getvalue()


def data_uri(picture: bytes, head: str = "data:image/png") -> str:
    """A picture as a data URI."""
    return f"{head};base64,{base64.b64encode(picture).decode()}"


def wait_until(done: Callable[..., object]) -> None:
    """Wait for what the sandbox does after its answer, on a thread of its own."""
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Caller:
    """Speaks both formats to one sandbox; creates are in order but for the changes.

    Attributes:
        gateway: the sandbox.
        http: a client with its key.
    """

    def __init__(self, gateway: Sandbox) -> None:
        self.gateway = gateway
        key = {"Authorization": "Bearer sandbox"}
        self.http = httpx.Client(base_url=gateway.url, headers=key, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def form(
        self, *parts: tuple[str, Any], picture: bytes | None = None, name: str = "kitten.png"
    ) -> httpx.Response:
        """POST /v1/videos with text fields, which may come twice, and perhaps a picture."""
        # Forms without a file would otherwise go out url-encoded.
        files: list[tuple[str, Any]] = [(field, (None, value)) for field, value in parts]
        if picture is not None:
            files.append(("input_reference", (name, picture, "image/png")))
        return self.http.post("/v1/videos", files=files)

    def create_openai(
        self, picture: bytes = KITTEN, without: str = "", name: str = "kitten.png", **changes: str
    ) -> httpx.Response:
        """POST /v1/videos."""
        fields = {
            "model": "veo_3_1",
            "prompt": "The kitten is eating fish",
            "seconds": "2",
            "size": "1280x720",
            "watermark": "false",
        } | changes
        fields.pop(without, None)
        left_out = without == "input_reference"
        return self.form(*fields.items(), picture=None if left_out else picture, name=name)

    def create_unified(self, without: str = "", **changes: Any) -> httpx.Response:
        """POST /v1/video/create."""
        document = {
            "model": "grok-video-3",
            "prompt": "The kitten is eating fish",
            "aspect_ratio": "3:2",
            "size": "720P",
            "images": [],
        } | changes
        document.pop(without, None)
        return self.http.post("/v1/video/create", json=document)

    def create(self, wire_format: str, **changes: Any) -> tuple[str, httpx.Response]:
        """A create of a format: the task's id in text, and the answer."""
        if wire_format == "openai":
            answer = self.create_openai(**{"seconds": "1", "size": "16x9", **changes})
        else:
            answer = self.create_unified(**{"images": [MINE], **changes})
        return self.gateway.requests[-1].task_id, answer

    def query(self, task_id: str, wire_format: str = "") -> httpx.Response:
        """The query of a format; without one, of the format that the id belongs to."""
        if (wire_format or task_id).startswith(("openai", "video_")):
            return self.http.get(f"/v1/videos/{quoted(task_id)}")
        return self.http.get("/v1/video/query", params={"id": task_id})

    def content(self, task_id: str) -> httpx.Response:
        """The video by the task's id."""
        return self.http.get(f"/v1/videos/{quoted(task_id)}/content")

    def finish(self, created: httpx.Response) -> dict[str, Any]:
        """End a task, and return what the query says of it."""
        assert created.status_code == 200, created.text
        wire_format = "openai" if created.request.url.path == "/v1/videos" else "unified"
        self.gateway.finish(created.json()["id"])
        state: dict[str, Any] = self.query(created.json()["id"], wire_format).json()
        return state

    def finished(self, wire_format: str, **changes: Any) -> tuple[str, Any]:
        """A task that has ended well: its id, and what the query says of it."""
        task_id, _ = self.create(wire_format, **changes)
        self.gateway.finish(task_id)
        return task_id, self.query(task_id, wire_format).json()

    def video(self, created: httpx.Response) -> bytes:
        """The finished MP4, from /content or from the link, as the format has it."""
        state = self.finish(created)
        assert state["status"] == "completed", state
        if "video_url" in state:
            return httpx.get(state["video_url"]).raise_for_status().content
        return self.content(state["id"]).raise_for_status().content

    def watch(self, created: httpx.Response, every: int = 1) -> Seen:
        """The finished MP4 as a decoder sees it, see `watch`."""
        return watch(self.video(created), every)


def quoted(task_id: str) -> str:
    """An id as one segment of a path."""
    return task_id.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


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


def watch(mp4: bytes, every: int = 1) -> Seen:
    """Decodes a whole clip, and keeps every so many-th frame to be looked at."""
    with av.open(io.BytesIO(mp4), "r") as container:
        stream = container.streams.video[0]
        decoded: list[Any] = list(container.decode(stream))  # PyAV types no pictures
        return Seen(
            codec=stream.codec_context.name,
            pixel_format=stream.codec_context.pix_fmt or "",
            size=(stream.width, stream.height),
            seconds=float((stream.duration or 0) * (stream.time_base or 0)),
            fps=float(stream.average_rate or 0),
            count=len(decoded),
            frames=[frame.to_image() for frame in decoded[::every]],
        )
