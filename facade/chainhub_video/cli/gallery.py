"""Define `chainhub-video gallery`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .console import PROGRAM, Interrupted, one_line, say, show

NO_AV = f'{PROGRAM}: without posters, browsers look into each video: pip install "chainhub-video[gallery]"'


def gallery(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="The folder of the videos and their receipts.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The page; DIR/index.html if not given."
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            "--title", metavar="TEXT", help="Of the page; the folder's name if not given."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a page that this command has not written.")
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Show the page in the browser.")
    ] = False,
) -> None:
    """Write one page that shows a folder's videos, prompts and failures, for any browser. Costs nothing."""
    from chainhub_video.gallery.posters import can_make_posters
    from chainhub_video.gallery.writing import write_gallery

    on_terminal = sys.stderr.isatty()

    def tell(done: int, count: int) -> None:
        if on_terminal:
            print(f"\rposters: {done} of {count}", end="", file=sys.stderr, flush=True)

    try:
        written = write_gallery(folder, output=output, title=title, force=force, on_poster=tell)
    except KeyboardInterrupt:
        raise Interrupted("the page is as it was") from None
    finally:
        if on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if not can_make_posters():
        say(NO_AV)
    for one in written.skipped:
        say(f"not entered: {one}")
    if not written.cards:
        say(f"no videos and no receipts in {one_line(folder)}")
    counts = (_counted(len(written.cards), "output"), _counted(written.posters, "poster"))
    show(f"{written.path} ({', '.join(counts)})")
    if open_page:
        import webbrowser

        webbrowser.open(written.path.as_uri())


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
