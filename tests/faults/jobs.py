"""What the soak asks for: one job a number, the same every time that the seed is the same."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainhub_video import MODELS, Model

PICTURE = "picture.png"
EVENTS = "events.jsonl"
_CLIPS = 3  # of each model: few enough to be rendered once, enough that a file in the wrong place is noticed
_LINK = "https://example.com/kitten.png"
MODELS_OF = {
    name: [model for model in MODELS if model.format == name] for name in ("openai", "unified")
}


def output_of(number: int) -> str:
    """The name of a job's file."""
    return f"{number:05}.mp4"


def receipt_of(number: int) -> str:
    """The name of a job's receipt."""
    return f"{output_of(number)}.task.json"


def arguments_of(number: int, folder: Path, seed: int) -> dict[str, Any]:
    """Return the arguments of a job's `generate`: every other job is in the other format, the model is drawn.

    The job's number travels as a field of its own, so that no two jobs are one request, though
    several of them show the same clip.

    Args:
        number: the job's.
        folder: where the picture is, and where the video goes.
        seed: of what is drawn.
    """
    chance = random.Random(f"{seed}/{number}")
    model = chance.choice(MODELS_OF[("openai", "unified")[number % 2]])
    return {
        "prompt": f"Clip {chance.randrange(_CLIPS)}",
        "extra": {"job": number},
        "save_to": folder / output_of(number),
        **fields_of(model, folder),
    }


def fields_of(model: Model, folder: Path) -> dict[str, Any]:
    """Return the arguments that a model needs, for a short clip.

    Args:
        model: its row.
        folder: where the picture is.
    """
    fields: dict[str, Any] = {"model": model.name, "format": model.format}
    if model.format == "openai":
        fields |= {"image": folder / PICTURE, "size": "1280x720"}
    else:
        fields |= {"image": _LINK}
        if model.aspect_ratios:
            fields["aspect_ratio"] = model.aspect_ratios[-1]
    if model.seconds is None:
        fields["seconds"] = 1
    elif model.seconds:
        fields["seconds"] = model.seconds[0]
    return fields


def number_in(body: Mapping[str, Any]) -> int:
    """The job that a create belongs to; a form sends the number as text."""
    return int(body["job"])
