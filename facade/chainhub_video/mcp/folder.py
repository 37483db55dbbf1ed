"""Names of videos and pictures as an assistant gives them, as paths that stay inside one folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import attrs

from chainhub_video.batch.names import SUFFIX, checked_name
from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import link_in
from chainhub_video.receipts.file import SUFFIX as RECEIPT

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)  # or a drive


@attrs.frozen
class Folder:
    """The folder of one server.

    Attributes:
        root: its path, absolute and without links.
    """

    root: Path

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Folder:
        """Return the folder at a path.

        Raises:
            InvalidRequest: it is no folder that can be written.
        """
        try:
            root = Path(path).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise InvalidRequest(f"folder {str(path)!r} cannot be used: {error}") from error
        if not root.is_dir():
            raise InvalidRequest(f"folder {str(path)!r} is not a folder")
        if not os.access(root, os.W_OK | os.X_OK):
            raise InvalidRequest(f"folder {str(path)!r} is not writable: choose another")
        return cls(root)

    def output(self, name: str) -> Path:
        """Return where the video of a name is, or will be.

        Raises:
            InvalidRequest: the name leads out of the folder, or some disk cannot keep it.
        """
        try:
            path = self.root / f"{checked_name(name)}{SUFFIX}"
        except ValueError as mistake:
            raise InvalidRequest(str(mistake)) from mistake
        if path.is_symlink():  # a client writes through a link, wherever that leads
            raise InvalidRequest(f"name {path.stem!r} is taken by a link: choose another")
        return path

    def picture(self, given: str) -> str:
        """Return what to give to `generate` for a picture: a link as it is, or the path of a file inside the folder.

        Raises:
            InvalidRequest: it is another kind of address, or leads out of the folder.
        """
        if (link := link_in(given)) is not None:
            return link
        posix, windows = PurePosixPath(given), PureWindowsPath(given)
        absolute = posix.is_absolute() or bool(windows.root or windows.drive)
        climbs = ".." in posix.parts or ".." in windows.parts
        if not given.strip() or "\0" in given or absolute or climbs or _SCHEME.match(given):
            raise InvalidRequest(
                f"image {given!r:.200} must be an http(s) link, or the path of a file inside {str(self.root)!r}, "
                "relative to it and without '..'"
            )
        try:
            path = (self.root / given).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise InvalidRequest(
                f"image {given!r:.200} is not in {str(self.root)!r}: put it there, or give an http(s) link"
            ) from error
        if not path.is_relative_to(self.root):
            raise InvalidRequest(f"image {given!r:.200} is a link that leads out of the folder")
        return str(path)

    def names(self) -> Iterator[str]:
        """Give the names that have a receipt, the latest change first."""
        found = []
        for path in self.root.glob(f"*{SUFFIX}{RECEIPT}"):
            try:
                name = checked_name(path.name.removesuffix(RECEIPT))
                found.append((path.lstat().st_mtime, name))
            except (ValueError, OSError):  # not one of ours, or just gone
                continue
        return (name for _, name in sorted(found, reverse=True))
