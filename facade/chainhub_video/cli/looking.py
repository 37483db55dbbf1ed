"""Define `status`, `list` and `models`: what can be seen without paying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainhub_video.errors import ChainHubError
from chainhub_video.text import shorten

from .console import fail, say, show_json
from .exit_status import status_of, worst
from .options import AsJson, WireFormat
from .wording import in_commands

if TYPE_CHECKING:
    from chainhub_video.models import Model


def status(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|ID...", help="Outputs or receipts, read on the disk; or the ids of tasks."
        ),
    ],
    wire_format: WireFormat = None,
    as_json: AsJson = False,
) -> int:
    """Tell how far outputs are by their receipts, or ask the gateway once for tasks. Costs nothing."""
    from .status import tell

    statuses = [0]
    for one in tasks:
        try:
            tell(one, wire_format, as_json=as_json)
        except ChainHubError as failure:
            message = f"{shorten(one)}: {in_commands(str(failure))}"
            statuses.append(fail(message, status_of(failure)))
    return worst(statuses)


def list_receipts(
    folder: Annotated[
        str,
        typer.Argument(metavar="DIR", help="A folder, or an address such as s3://BUCKET/PREFIX."),
    ],
    as_json: AsJson = False,
) -> int:
    """List the receipts in a folder and all folders below it. Sends nothing to the gateway, costs nothing."""
    from .receipts import HEADER, entries_below
    from .table import write_table

    entries = list(entries_below(folder))
    if as_json:
        for entry in entries:
            show_json(entry.as_json())
    elif entries:
        write_table(HEADER, [entry.cells() for entry in entries], droppable=(3, 2))
    else:
        say(f"there are no receipts below {folder}: nothing was started there")
    doubtful = [entry for entry in entries if entry.state == "uncertain"]
    if doubtful and not as_json:
        say(
            f"! {len(doubtful)} of unknown outcome, which may be paid: look in the vendor's usage log; "
            "chainhub-video resume FILE --task ID finishes what is found there"
        )
    return 0


def models(as_json: AsJson = False) -> int:
    """List the known models, with what each needs besides a prompt. Sends nothing."""
    from chainhub_video.models import MODELS

    from .table import write_table

    if as_json:
        for row in MODELS:
            show_json(_model_as_json(row))
    else:
        write_table(
            ("MODEL", "FORMAT", "NEEDS"), [(row.name, row.format, _needs(row)) for row in MODELS]
        )
    return 0


def _needs(row: Model) -> str:
    """Return the options that a model needs, with what they may be."""
    needed = []
    for parameter in row.required:
        if getattr(row, f"default_{parameter}", None) is None:
            values = "|".join(row.values(parameter) or ())
            needed.append(f"--{parameter.replace('_', '-')} {values}")
    if row.min_images:
        needed.append("--image PICTURE")
    return ", ".join(needed)


def _model_as_json(row: Model) -> dict[str, Any]:
    return {
        "name": row.name,
        "format": row.format,
        "required": list(row.required),
        **{name: row.values(name) for name in ("size", "aspect_ratio", "seconds", "watermark")},
        "defaults": {"size": row.default_size, "seconds": row.default_seconds},
        "min_images": row.min_images,
        "max_images": row.max_images,
    }
