"""Write the gallery of a folder, and take over the posters of the one before."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.gallery.cards import Card, card_of
from chainhub_video.gallery.folder import read_folder
from chainhub_video.gallery.page import Poster, is_ours, posters_in, render
from chainhub_video.gallery.posters import Job, can_make_posters, make_posters

_PAGE = "index.html"
_LARGEST_PAGE = 1 << 30  # bytes
_AT, _PART = 1.0, 0.1  # a poster is the frame at so many seconds, or at that part of a short video


@attrs.frozen
class Gallery:
    """What was written.

    Attributes:
        path: the page.
        cards: what it shows, the newest first.
        posters: how many of the videos have a poster.
        made: how many of these were made anew.
        skipped: folders that were not entered, each with why.
    """

    path: Path
    cards: tuple[Card, ...]
    posters: int
    made: int
    skipped: tuple[str, ...]


def write_gallery(
    folder: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    title: str | None = None,
    force: bool = False,
    on_poster: Callable[[int, int], None] | None = None,
) -> Gallery:
    """Write one page that shows the videos and receipts of a folder and the folders in it. Sends nothing.

    Args:
        folder: of the videos. Nothing outside of it is read; links are not followed.
        output: the page; `index.html` in the folder by default.
        title: of the page; the folder's name by default.
        force: whether to replace a file that is no page of a gallery.
        on_poster: called with how many posters of how many have been made, in any thread, one at a time.

    Returns:
        What was written.

    Raises:
        InvalidRequest: there is no such folder, or the page would replace something else.
        OSError: the folder cannot be read, or the page cannot be written.
    """
    root = Path(os.path.realpath(folder))
    if not root.is_dir():
        raise InvalidRequest(f"{os.fspath(folder)} is not a folder: give the one with the videos")
    page = root / _PAGE if output is None else Path(output).absolute()
    page = Path(os.path.realpath(page.parent)) / page.name
    if not page.parent.is_dir():
        raise InvalidRequest(f"{page.parent} is not a folder: the page's folder must exist")
    earlier = _earlier(page, force=force)
    read = read_folder(root)
    cards = [card_of(found, root) for found in read.outputs]
    cards.sort(key=lambda card: card.found.name)
    cards.sort(key=lambda card: card.made.timestamp() if card.made else 0.0, reverse=True)
    posters, made = _posters(cards, posters_in(earlier), on_poster)
    text = render(title or root.name or "Videos", cards, read.skipped, posters, _prefix(page, root))
    _put(page, text)
    return Gallery(page, tuple(cards), len(posters), made, tuple(read.skipped))


def _earlier(page: Path, *, force: bool) -> str:
    """Return the page that is there already, "" if there is none of ours.

    Raises:
        InvalidRequest: something else is there, and must stay.
    """
    try:
        mode = page.lstat().st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISDIR(mode):
        raise InvalidRequest(f"{page} is a folder: choose another --output")
    if stat.S_ISREG(mode):
        with page.open("rb") as file:
            start = file.read(1000)
            if is_ours(start):
                return (start + file.read(_LARGEST_PAGE)).decode("utf-8", "replace")
    if not force:
        raise InvalidRequest(
            f"{page} was not written by this command, and stays: choose another --output, or replace it with --force"
        )
    return ""


def _posters(
    cards: list[Card], earlier: list[Poster], on_poster: Callable[[int, int], None] | None
) -> tuple[list[Poster], int]:
    """Return the posters of videos, and how many of them had to be made."""
    known = {(one.name, one.size, one.changed): one for one in earlier}
    kept: list[Poster] = []
    wanted: list[Card] = []
    for card in cards:
        found = card.found
        if card.playable and found.size is not None:
            old = known.get((found.name, found.size, found.changed))
            if old is None:
                wanted.append(card)
            else:
                kept.append(old)
    if not wanted or not can_make_posters():
        return kept, 0
    jobs = [Job(card.found.path, _time_of_poster(card)) for card in wanted]

    def tell(done: int) -> None:
        if on_poster is not None:
            on_poster(done, len(jobs))

    images = make_posters(jobs, on_made=tell)
    new = [
        Poster(
            name=card.found.name,
            size=card.found.size or 0,
            changed=card.found.changed,
            image=image,
        )
        for card, image in zip(wanted, images, strict=True)
        if image is not None
    ]
    return kept + new, len(new)


def _time_of_poster(card: Card) -> float:
    seconds = card.header.seconds if card.header else None
    return 0.0 if seconds is None else min(_AT, _PART * seconds)


def _prefix(page: Path, root: Path) -> str:
    """Return the way from the page to the videos, as the beginning of an address."""
    if page.parent == root:
        return ""
    way = Path(os.path.relpath(root, page.parent)).as_posix()
    return quote(os.fsencode(way), safe="/") + "/"


def _put(page: Path, text: bytes) -> None:
    """Write the page as a whole, or not at all."""
    draft = page.with_name(f".{page.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(page)
    finally:
        draft.unlink(missing_ok=True)
