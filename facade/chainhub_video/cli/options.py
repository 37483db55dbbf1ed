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
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", callback=checked_seconds, help="How long to wait for the task."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
