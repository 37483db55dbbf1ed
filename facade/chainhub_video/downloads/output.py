"""Where a video goes: what flows need of a file, or of an object (`objects.output`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from chainhub_video.downloads.partfile import (
    PartFile,
    absolute_path,
    checked_target,
    clear_abandoned,
    file_matches,
)


class Part(Protocol):
    """What a download grows in. All methods but `discard` may block, and raise `OSError`."""

    @property
    def size(self) -> int:
        """Bytes written so far."""
        ...

    @property
    def etag(self) -> str | None:
        """The store's name for what was finished; None for a file."""
        ...

    @property
    def is_free(self) -> bool:
        """Whether `write` would not block."""
        ...

    def write(self, data: bytes | bytearray, /) -> None:
        """Append; the data must not be changed afterwards. What could not be written may be told by a later call."""
        ...

    def restart(self) -> None:
        """Forget what was written."""
        ...

    def check(self) -> bool:
        """Check that it is a whole video; return whether it shows itself that nothing is missing at its end.

        Raises:
            ValueError: it is not whole; the text says why.
        """
        ...

    def finish(self) -> str:
        """Put it in its place, and return its sha256 in hex."""
        ...

    def discard(self) -> None:
        """Remove it, if it was not finished."""
        ...


class Output(Protocol):
    """A place for one video."""

    @property
    def name(self) -> str:
        """What to call it in a message or on a command line."""
        ...

    @property
    def path(self) -> Path:
        """Its path; for an object its bucket and key, which lead to no file."""
        ...

    @property
    def url(self) -> str | None:
        """Its address; None for a file."""
        ...

    def open(self) -> Part:
        """Return what a download fills.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def matches(self, result: Mapping[str, Any], /) -> bool:
        """Return whether the video that a receipt tells of is there."""
        ...

    def clear_abandoned(self) -> None:
        """Remove what downloads to it left behind whose processes were killed."""
        ...


class FileOutput:
    """A file.

    Args:
        path: absolute.

    Attributes:
        name: the path as text.
        path: the path.
        url: None.
    """

    url: str | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    @classmethod
    def checked(cls, to: str | os.PathLike[str]) -> FileOutput:
        """Return a file that can be written; see `checked_target` for what is refused."""
        return cls(checked_target(to))

    @classmethod
    def unchecked(cls, to: str | os.PathLike[str]) -> FileOutput:
        """Return any file; raises TypeError or ValueError if it is no path at all."""
        return cls(absolute_path(to))

    def open(self) -> PartFile:
        """Return the part file beside it."""
        return PartFile(self.path)

    def matches(self, result: Mapping[str, Any]) -> bool:
        """Return whether it has the size and the sha256."""
        return file_matches(self.path, result["size"], result["sha256"])

    def clear_abandoned(self) -> None:
        """Remove part files of killed processes."""
        clear_abandoned(self.path)
