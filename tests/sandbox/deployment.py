"""A sandbox that speaks dialects, in frozen time, and its answers as flat lists of places and values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from chainhub_sandbox import Sandbox, VirtualClock

from tests.support.sandbox_caller import Caller

PACE = 10.0


@contextmanager
def deployed(*dialect: str, **options: Any) -> Iterator[Caller]:
    """A client of a sandbox of these dialects. Time passes only where a test lets it."""
    clock = VirtualClock(start=datetime(2026, 1, 1, tzinfo=UTC))
    with (
        Sandbox(fast=True, clock=clock, pace=PACE, dialect=dialect, **options) as gateway,
        Caller(gateway) as caller,
    ):
        yield caller


def life(there: Caller, wire_format: str) -> list[Any]:
    """What is said of one task from create to completion, each time something new."""
    task_id, created = there.create(wire_format)
    told = [created.json()]
    for _ in range(4):
        told.append(there.query(task_id, wire_format).json())
        there.gateway.advance(PACE)
    there.gateway.finish(task_id)
    return [*told, there.query(task_id, wire_format).json()]


def places(value: Any, place: str = "") -> dict[str, Any]:
    """Every value of a JSON document by its place, as in `data.videos[0].url`."""
    if isinstance(value, dict):
        inner = {f"{place}.{name}" if place else name: each for name, each in value.items()}
    elif isinstance(value, list):
        inner = {f"{place}[{index}]": each for index, each in enumerate(value)}
    else:
        return {place: value}
    return {at: found for name, each in inner.items() for at, found in places(each, name).items()}


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
