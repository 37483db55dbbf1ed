"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from typing import Annotated

import typer


def checked_seconds(value: float | None) -> float | None:
    """Return a number of seconds.

    Raises:
        BadParameter: it is below 0, or no number.
    """
    if value is not None and (math.isnan(value) or value < 0):
        raise typer.BadParameter("it must be 0 or more seconds")
    return value


def _models(incomplete: str) -> list[str]:
    """Return the names of known models that begin so, for shells that complete."""
    from chainhub_video.models import MODELS

    names = dict.fromkeys(row.name for row in MODELS)
    return [name for name in names if name.startswith(incomplete)]


def _formats(incomplete: str) -> list[str]:
    from chainhub_video.request import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def _fits(incomplete: str) -> list[str]:
    from chainhub_video.request import FITS

    return [name for name in FITS if name.startswith(incomplete)]


Prompt = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROMPT]", help="What the video shows; - reads it from standard input."
    ),
]
PromptFile = Annotated[
    str | None,
    typer.Option("--prompt-file", metavar="FILE", help="Read the prompt from a text file."),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Such as veo_3_1 or grok-video-3; `models` lists them.",
        autocompletion=_models,
    ),
]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image", metavar="PICTURE", help="A file or an http(s) link; may be given repeatedly."
    ),
]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="SIZE", help="Such as 1280x720, or 720P.")
]
Ratio = Annotated[
    str | None, typer.Option("--aspect-ratio", metavar="RATIO", help="Such as 3:2, 2:3 or 1:1.")
]
Seconds = Annotated[
    str | None,
    typer.Option("--seconds", metavar="N", help="The duration, where the model lets you choose."),
]
Watermark = Annotated[
    bool | None, typer.Option("--watermark/--no-watermark", help="Whether the video is marked.")
]
InlineImages = Annotated[
    bool,
    typer.Option("--inline-images", help="Send local pictures inside the request (unified)."),
]
Fit = Annotated[
    str | None,
    typer.Option(
        "--fit",
        metavar="cover|contain",
        help="Bring local pictures to the pixels of the video.",
        autocompletion=_fits,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Pay without being asked.")]
TaskId = Annotated[str, typer.Argument(metavar="ID", help="The id of a task.")]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to save the MP4; its folder must exist."
    ),
]
WireFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="openai|unified",
        help="The wire format, where the model or the id does not tell it.",
        autocompletion=_formats,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", callback=checked_seconds, help="How long to wait for the task."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result and failures, nothing else.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print results as JSON objects, one a line.")]
