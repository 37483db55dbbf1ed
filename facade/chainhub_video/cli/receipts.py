"""Find the receipts below a folder or in a bucket, and say what each of them tells."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import InvalidRequest, ReceiptConflict
from chainhub_video.receipts.file import SUFFIX, LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptState

from .console import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = ("FILE", "STATE", "MODEL", "WHEN", "SIZE OR REASON")
_OBJECTS = ("s3://", "gs://", "az://")


@attrs.frozen
class Entry:
    """One output that has a receipt.

    Attributes:
        file: its path below the folder, or its address.
        state: the receipt's; `missing` if it was saved and is not there in its full length, `unreadable` if the receipt
            cannot be read.
        receipt: None if it cannot be read.
        reason: why it is unreadable, uncertain or failed.
    """

    file: str
    state: str
    receipt: Receipt | None
    reason: str | None

    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        mark = "! " if self.state == "uncertain" else ""
        size = self._result.get("size")
        about = self.reason or ("" if size is None else readable(int(size)))
        return (
            self.file,
            mark + self.state,
            self._model or "",
            self._when("%Y-%m-%d %H:%M"),
            about,
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        task = self.receipt.task if self.receipt else None
        return {
            "file": self.file,
            "state": self.state,
            "model": self._model,
            "since": self._when() or None,
            "task": task["id"] if task else None,
            "size": self._result.get("size"),
            "reason": self.reason,
        }

    @property
    def _result(self) -> dict[str, Any]:
        return dict((self.receipt and self.receipt.result) or {})

    @property
    def _model(self) -> str | None:
        return None if self.receipt is None else str(self.receipt.request.get("model"))

    def _when(self, form: str | None = None) -> str:
        """Return since when it is in its receipt's state; in local time if a form is given."""
        moment = self.receipt.when(self.receipt.state) if self.receipt else None
        if moment is None:
            return ""
        return moment.isoformat() if form is None else moment.astimezone().strftime(form)


def entries_below(folder: str) -> Iterator[Entry]:
    """Give what is known of each output below a folder that has a receipt, in the order of their names.

    Args:
        folder: its path, or the address of a prefix in a bucket.

    Raises:
        InvalidRequest: there is no such place, or it cannot be read.
    """
    if folder.startswith(_OBJECTS):
        from chainhub_video.objects.receipts import receipts_below

        try:
            for url, found in receipts_below(folder):
                yield _entry(url, found, missing=False)
        except OSError as error:
            raise InvalidRequest(f"{folder} cannot be read: {error}") from error
        return
    if not os.path.isdir(folder):  # noqa: PTH112 - a text keeps names that are not UTF-8 as they were given
        raise InvalidRequest(f"there is no folder {folder!r}")
    for output in _outputs_below(Path(folder)):
        name = str(output.relative_to(folder))
        try:
            receipt = LocalReceipt(output).load()
        except ReceiptConflict as error:
            yield _entry(name, error, missing=False)
        else:
            if receipt is not None:
                yield _entry(name, receipt, missing=not _is_there(output, receipt))


def _outputs_below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InvalidRequest(f"{error.filename!r} cannot be read: {error.strerror}") from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        for file in sorted(files):
            if file.endswith(SUFFIX) and not file.startswith("."):
                yield Path(place, file.removesuffix(SUFFIX))


def _is_there(output: Path, receipt: Receipt) -> bool:
    try:
        return output.stat().st_size == (receipt.result or {}).get("size")
    except OSError:
        return False


def _entry(name: str, found: Receipt | ReceiptConflict, *, missing: bool) -> Entry:
    if isinstance(found, ReceiptConflict):
        return Entry(name, "unreadable", None, str(found))
    state = found.state.value
    if found.state is ReceiptState.SUBMITTING and found.seconds_left() <= 0:
        state = "uncertain"  # its process has ended, and nobody knows what became of the create
    elif found.state is ReceiptState.SAVED and missing:
        state = "missing"
    return Entry(name, state, found, found.reason)
