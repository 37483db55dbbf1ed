"""What the soak asks for: one job a number, the same every time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PICTURE = "picture.png"
EVENTS = "events.jsonl"
_CLIPS = 12  # few enough to be rendered once, many enough that a file in the wrong place is noticed


def output_of(number: int) -> str:
    """The name of a job's file."""
    return f"{number:05}.mp4"


def receipt_of(number: int) -> str:
    """The name of a job's receipt."""
    return f"{output_of(number)}.task.json"


def arguments_of(number: int, folder: Path) -> dict[str, Any]:
    """The arguments of a job's `generate`; every other job is in the other format.

    The job's number travels as a field of its own, so that no two jobs are one request, though
    several of them show the same clip.
    """
    common: dict[str, Any] = {
        "prompt": f"Clip {number // 2 % _CLIPS}",
        "extra": {"job": number},
        "save_to": folder / output_of(number),
    }
    if number % 2:
        return common | {
            "model": "grok-video-3",
            "aspect_ratio": "1:1",
            "image": "https://example.com/kitten.png",
        }
    return common | {
        "model": "veo_3_1",
        "size": "1280x720",
        "seconds": 1,
        "image": folder / PICTURE,
    }


def number_in(body: Mapping[str, Any]) -> int:
    """The job that a create belongs to; a form sends the number as text."""
    return int(body["job"])
