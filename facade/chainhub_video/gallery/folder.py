"""Find the videos and receipts of a folder, without ever leaving it: links are not followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import attrs

from chainhub_video.receipts.file import SUFFIX

_VIDEO = ".mp4"


@attrs.frozen(kw_only=True)
class Found:
    """An output: a video, a receipt, or both.

    Attributes:
        name: the video's path below the folder, with `/` between its parts.
        path: the video's whole path.
        receipt: whether a receipt lies beside the place of the video.
        size: of the video in bytes; None unless it is an ordinary file.
        changed: when it was last changed, in nanoseconds since the epoch; 0 unless it is an ordinary file.
        problem: what is there instead of an ordinary file, in words; None if there is one, or nothing at all.
    """

    name: str
    path: Path
    receipt: bool
    size: int | None = None
    changed: int = 0
    problem: str | None = None


@attrs.frozen
class Folder:
    """What a folder holds.

    Attributes:
        outputs: in the order of their names.
        skipped: folders that were not entered, each with why.
    """

    outputs: list[Found]
    skipped: list[str]


def read_folder(root: Path) -> Folder:
    """Find all videos and receipts below a folder. What is hidden (`.name`) is left out.

    Args:
        root: the folder.

    Raises:
        OSError: the folder itself cannot be read.
    """
    videos: set[str] = set()
    receipts: set[str] = set()
    skipped: list[str] = []
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(root / inside) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    if entry.name.endswith(SUFFIX):
                        receipts.add(name.removesuffix(SUFFIX))
                    elif entry.name.lower().endswith(_VIDEO):
                        videos.add(name)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(name)
                    elif entry.is_symlink() and _leads_to_folder(entry):
                        skipped.append(f"{name}: it is a link")
        except OSError as error:
            if not inside:
                raise
            skipped.append(f"{inside}: {error.strerror}")
    names = sorted(videos | receipts)
    return Folder([_look(root, name, name in receipts) for name in names], sorted(skipped))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _look(root: Path, name: str, receipt: bool) -> Found:
    """Return what lies in the place of a video."""
    path = root / name
    found = Found(name=name, path=path, receipt=receipt)
    try:
        known = path.lstat()
    except FileNotFoundError:
        return found
    except OSError as error:
        return attrs.evolve(found, problem=f"it cannot be read: {error.strerror}")
    if stat.S_ISREG(known.st_mode):
        return attrs.evolve(found, size=known.st_size, changed=known.st_mtime_ns)
    if stat.S_ISLNK(known.st_mode):
        return attrs.evolve(found, problem="it is a link, and links are not followed")
    kind = "a folder" if stat.S_ISDIR(known.st_mode) else "a special file"
    return attrs.evolve(found, problem=f"it is {kind}, not a video")
