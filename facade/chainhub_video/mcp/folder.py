"""Names of videos and pictures as an assistant gives them, as paths that stay inside one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

from chainhub_video.batch.names import SUFFIX, checked_name
from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import link_in
from chainhub_video.receipts.file import SUFFIX as RECEIPT


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
            InvalidRequest: it is another kind of address, is not there, or leads out of the folder.
        """
        if (link := link_in(given)) is not None:
            return link
        path, found = Path(given), None
        if not path.is_absolute() and ".." not in path.parts:
            # It is missing, is no name at all, or its links go in a circle.
            with suppress(OSError, ValueError, RuntimeError):
                found = (self.root / path).resolve(strict=True)
        if found is None or not found.is_file() or not found.is_relative_to(self.root):
            raise InvalidRequest(
                f"image {given!r:.200} must be an http(s) link, or the path of a file inside {str(self.root)!r}, "
                "relative to it and without '..'"
            )
        return str(found)

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
