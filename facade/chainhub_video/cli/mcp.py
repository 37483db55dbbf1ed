"""The command `chainhub-video mcp`: serve an assistant's tools."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chainhub_video.errors import ConfigurationError

from .console import say
from .settings import client_options

_PACKAGES_OF_THE_EXTRA = ("mcp", "mcp_types", "pydantic")


def mcp(
    folder: Annotated[
        str,
        typer.Option(
            "--dir", metavar="DIR", help="The folder that videos are saved in; it must exist."
        ),
    ],
    max_creates: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="How many videos this server may pay for, as long as it runs; 0 for none.",
        ),
    ],
    inline_images: Annotated[
        bool,
        typer.Option(
            "--inline-images", help="Send local pictures inside the request (unified format)."
        ),
    ] = False,
) -> None:
    """Serve tools that make videos to an assistant (MCP), over standard input and output, until it goes."""
    import asyncio  # to import it takes as long as all commands of ours

    try:
        from chainhub_video.mcp.server import serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _PACKAGES_OF_THE_EXTRA:
            raise
        raise ConfigurationError(
            f"the server needs the package {missing.name!r}: pip install 'chainhub-video[mcp]'"
        ) from missing
    if sys.stdin.isatty():
        say("an assistant starts this, and talks to it here: see docs/mcp.md; Ctrl-C ends it")
    options = client_options(inline_images=inline_images, max_creates=max_creates)
    asyncio.run(serve(folder, **options))
