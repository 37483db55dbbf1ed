"""Where the videos of a batch go, with their receipts: a folder, or a prefix of a bucket."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chainhub_video.batch.names import SUFFIX
from chainhub_video.errors import InvalidRequest, ReceiptConflict
from chainhub_video.policies import RetryPolicy
from chainhub_video.receipts.file import SUFFIX as RECEIPT_SUFFIX
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptStore

if TYPE_CHECKING:
    from chainhub_video.objects.output import ObjectOutput

_OBJECTS = ("s3://", "gs://", "az://")
_LOST_SLASH = re.compile("^(s3|gs|az):/(?!/)")  # of an address that was made a `Path`
ReceiptOf = Callable[[Path], ReceiptStore]


class Place(Protocol):
    """Where the videos of a batch go. Its methods may block.

    Attributes:
        name: what to call it in a message, and what `place_of` makes it of again.
        looks_at_once: receipts that are better read side by side.
    """

    name: str
    looks_at_once: int

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
        out: a folder, or an address such as `s3://bucket/prefix`.
        receipt_of: makes the receipt of an output; by default it lies beside it.

    Raises:
        InvalidRequest: it is an address, and none of a bucket.
        ConfigurationError: it is a bucket's, and the extra `cloud` is missing, or cannot be set up.
    """
    text = os.fspath(out)
    if isinstance(out, os.PathLike):
        text = _LOST_SLASH.sub(r"\1://", text)
    if text.startswith(_OBJECTS):
        return ObjectPlace(text, None if receipt_of is LocalReceipt else receipt_of)
    if "://" in text:
        raise InvalidRequest(
            f"out is {text!r:.200}: give a folder's path, or s3://BUCKET/PREFIX (also gs:// and az://)"
        )
    return LocalPlace(text, receipt_of or LocalReceipt)


class ObjectPlace:
    """A prefix of a bucket.

    Args:
        url: of the prefix.
        receipt_of: makes the receipt of an output; None for one beside it.
    """

    looks_at_once = 16

    def __init__(self, url: str, receipt_of: ReceiptOf | None) -> None:
        self.name = url.rstrip("/")
        self._receipt_of = receipt_of
        self._output("any")  # so that a wrong address is told at once

    def _output(self, name: str) -> ObjectOutput:
        from chainhub_video.objects.address import address_in  # of no use to folders
        from chainhub_video.objects.output import ObjectOutput

        if (address := address_in(self.target(name))) is None:
            raise InvalidRequest(f"out is {self.name!r:.200}: give s3://BUCKET/PREFIX")
        return ObjectOutput(address, RetryPolicy())

    def prepare(self) -> None:
        """See whether it can be written to, by writing something small."""
        try:
            self._output("any").check()
        except OSError as error:
            raise InvalidRequest(f"{self.name} cannot be written to: {error}") from error

    def target(self, name: str) -> str:
        """Return the output's address."""
        return f"{self.name}/{name}{SUFFIX}"

    def receipt(self, name: str) -> ReceiptStore:
        """Return the receipt beside the object, or where the client keeps it."""
        output = self._output(name)
        return output.receipt() if self._receipt_of is None else self._receipt_of(output.path)

    def size(self, name: str) -> int | None:
        """Return the bytes of the output's object."""
        return self._output(name).size()

    def room(self) -> int | None:
        """Nobody knows."""
        return None

    def receipts(self) -> Iterator[tuple[str, Receipt | ReceiptConflict]]:
        """Read the receipts below the prefix."""
        from chainhub_video.objects.receipts import receipts_below

        try:
            for url, receipt in receipts_below(self.name):
                yield url.removeprefix(f"{self.name}/").removesuffix(SUFFIX), receipt
        except OSError as error:
            raise InvalidRequest(f"{self.name} cannot be read: {error}") from error


class LocalPlace:
    """A folder.

    Args:
        folder: its path; made if it is not there.
        receipt_of: makes the receipt of an output.
    """

    looks_at_once = 1

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
