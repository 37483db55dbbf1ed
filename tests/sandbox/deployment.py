"""A sandbox that speaks dialects, in frozen time, and its answers as flat lists of places and values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from chainhub_sandbox import Sandbox, VirtualClock

from tests.support.places import KITTEN

FORMATS = ("openai", "unified")
PACE = 10.0
MINE = "https://pictures.example/mine.png"
_KITTEN = (KITTEN).read_bytes()


class Deployment:
    """Speaks both formats to one sandbox with plain httpx. Time passes only where a test lets it."""

    def __init__(self, gateway: Sandbox, http: httpx.Client) -> None:
        self.gateway = gateway
        self.http = http

    def create(self, wire_format: str, **changes: Any) -> tuple[str, httpx.Response]:
        """A create that is in order but for the changes: the task's id in text, and the answer."""
        if wire_format == "openai":
            form = {"model": "veo_3_1", "prompt": "A kitten", "seconds": "1", "size": "16x9"}
            parts: dict[str, Any] = {name: (None, text) for name, text in (form | changes).items()}
            parts["input_reference"] = ("kitten.png", _KITTEN, "image/png")
            answer = self.http.post("/v1/videos", files=parts)
        else:
            document = {
                "model": "grok-video-3",
                "prompt": "A kitten",
                "aspect_ratio": "3:2",
                "size": "720P",
                "images": [MINE],
            } | changes
            answer = self.http.post("/v1/video/create", json=document)
        return self.gateway.requests[-1].task_id, answer

    def query(self, wire_format: str, task_id: str) -> httpx.Response:
        """The format's query."""
        if wire_format == "openai":
            return self.http.get(f"/v1/videos/{quoted(task_id)}")
        return self.http.get("/v1/video/query", params={"id": task_id})

    def content(self, task_id: str) -> httpx.Response:
        """The video by the task's id."""
        return self.http.get(f"/v1/videos/{quoted(task_id)}/content")

    def finished(self, wire_format: str, **changes: Any) -> tuple[str, Any]:
        """A task that has ended well: its id, and what the query says of it."""
        task_id, _ = self.create(wire_format, **changes)
        self.gateway.finish(task_id)
        return task_id, self.query(wire_format, task_id).json()

    def life(self, wire_format: str) -> list[Any]:
        """What is said of one task from create to completion, each time something new."""
        task_id, created = self.create(wire_format)
        told = [created.json()]
        for _ in range(4):
            told.append(self.query(wire_format, task_id).json())
            self.gateway.advance(PACE)
        self.gateway.finish(task_id)
        return [*told, self.query(wire_format, task_id).json()]


@contextmanager
def deployed(*dialect: str, **options: Any) -> Iterator[Deployment]:
    """A running sandbox of these dialects, and a client for it."""
    clock = VirtualClock(start=datetime(2026, 1, 1, tzinfo=UTC))
    with (
        Sandbox(fast=True, clock=clock, pace=PACE, dialect=dialect, **options) as gateway,
        httpx.Client(
            base_url=gateway.url, headers={"Authorization": "Bearer sandbox"}, timeout=30
        ) as http,
    ):
        yield Deployment(gateway, http)


def quoted(task_id: str) -> str:
    """An id as one segment of a path."""
    return task_id.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def places(value: Any, place: str = "") -> dict[str, Any]:
    """Every value of a JSON document by its place, as in `data.videos[0].url`."""
    if isinstance(value, dict):
        dot = "." if place else ""
        return {
            inner: found
            for name, each in value.items()
            for inner, found in places(each, f"{place}{dot}{name}").items()
        }
    if isinstance(value, list):
        return {
            inner: found
            for index, each in enumerate(value)
            for inner, found in places(each, f"{place}[{index}]").items()
        }
    return {place: value}


def where(document: Any, ending: str) -> dict[str, str]:
    """The texts of a document that end in some letters, by their place."""
    return {
        place: value
        for place, value in places(document).items()
        if isinstance(value, str) and value.endswith(ending)
    }


def is_video(answer: httpx.Response) -> bool:
    """Whether an answer is an MP4 file."""
    return answer.status_code == 200 and answer.content[4:8] == b"ftyp"
