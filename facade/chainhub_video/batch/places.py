"""Where the videos of a batch go, with their receipts: a folder of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from chainhub_video.batch.names import SUFFIX
from chainhub_video.errors import InvalidRequest, ReceiptConflict
from chainhub_video.receipts.file import SUFFIX as RECEIPT_SUFFIX
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptStore

ReceiptOf = Callable[[Path], ReceiptStore]


class Place(Protocol):
    """Where the videos of a batch go. Its methods may block.

    Attributes:
        name: what to call it in a message, and what `place_of` makes it of again.
    """

    name: str

    def prepare(self) -> None:
        """Make it ready for videos.

        Raises:
            InvalidRequest: it cannot be written to.
        """
        ...

    def target(self, name: str) -> str:
        """Return the output of a row, for `generate(save_to=…)`."""
        ...

    def receipt(self, name: str) -> ReceiptStore:
        """Return the receipt of a row's output."""
        ...

    def size(self, name: str) -> int | None:
        """Return the bytes of a row's output; None if it is not there."""
        ...

    def room(self) -> int | None:
        """Return how many bytes there is room for; None if that is not known."""
        ...

    def receipts(self) -> Iterator[tuple[str, Receipt | ReceiptConflict]]:
        """Give the name of each output that has a receipt, in order, with the receipt or why it cannot be read.

        Raises:
            InvalidRequest: there is no such place.
        """
        ...


def place_of(out: str | os.PathLike[str], receipt_of: ReceiptOf | None = None) -> Place:
    """Return the place that is meant.

    Args:
        out: a folder.
        receipt_of: makes the receipt of an output; by default a file beside it.

    Raises:
        InvalidRequest: it is an address, which batches cannot write to.
    """
    text = os.fspath(out)
    if "://" in text:
        raise InvalidRequest(
            f"out is {text!r:.200}, and a batch saves to a folder of this machine: give its path"
        )
    return LocalPlace(text, receipt_of or LocalReceipt)


class LocalPlace:
    """A folder.

    Args:
        folder: its path; made if it is not there.
        receipt_of: makes the receipt of an output.
    """

    def __init__(self, folder: str, receipt_of: ReceiptOf) -> None:
        self.name = os.path.abspath(folder)  # noqa: PTH100 - keeps a text
        self._folder = Path(self.name)
        self._receipt_of = receipt_of

    def prepare(self) -> None:
        """Make the folder, and see whether it can be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            kind = (
                "is not a folder" if self._folder.exists() else f"cannot be made ({error.strerror})"
            )
            raise InvalidRequest(f"output folder {self.name!r} {kind}: choose another") from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise InvalidRequest(f"output folder {self.name!r} is not writable: choose another")

    def target(self, name: str) -> str:
        """Return the output's path."""
        return os.path.join(self.name, name + SUFFIX)  # noqa: PTH118 - a text, as `generate` takes

    def receipt(self, name: str) -> ReceiptStore:
        """Return the receipt beside the output, or where the client keeps it."""
        return self._receipt_of(Path(self.target(name)))

    def size(self, name: str) -> int | None:
        """Return the bytes of the output's file."""
        try:
            path = Path(self.target(name))
            return path.stat().st_size if path.is_file() else None
        except OSError:
            return None

    def room(self) -> int | None:
        """Return the bytes that are free on the folder's disk."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    def receipts(self) -> Iterator[tuple[str, Receipt | ReceiptConflict]]:
        """Read the receipts in the folder."""
        ending = SUFFIX + RECEIPT_SUFFIX
        try:
            found = os.listdir(self._folder)  # noqa: PTH208 - texts take a tenth of what paths do
        except OSError as error:
            raise InvalidRequest(
                f"output folder {self.name!r} cannot be read: {error.strerror}"
            ) from error
        for file in sorted(file for file in found if file.endswith(ending) and file[0] != "."):
            name = file.removesuffix(ending)
            try:
                receipt = LocalReceipt(Path(self.target(name))).load()
            except ReceiptConflict as error:
                yield name, error
            else:
                if receipt is not None:  # it was there a moment ago
                    yield name, receipt
