"""Find where a video and its receipt go: a file, or an object in a bucket."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chainhub_video.downloads.output import FileOutput
from chainhub_video.receipts.file import LocalReceipt

if TYPE_CHECKING:
    from typing import TypeAlias

    from chainhub_video.objects.output import ObjectOutput
    from chainhub_video.receipts.receipt import ReceiptStore
    from chainhub_video.settings import Settings

    Place: TypeAlias = FileOutput | ObjectOutput

_OBJECTS = ("s3:/", "gs:/", "az:/")


def output_at(settings: Settings, to: str | os.PathLike[str]) -> Place:
    """Return where a video goes, checked as far as that can be without contacting anybody.

    Args:
        settings: the client's.
        to: a path; or the address of an object, as text or as a path that was made of it.

    Raises:
        InvalidRequest: it cannot be written.
        ConfigurationError: it is an object, and the extra `cloud` is missing, or cannot be set up.
    """
    if str(to).startswith(_OBJECTS):
        from chainhub_video.objects.address import address_in  # of no use to files
        from chainhub_video.objects.output import ObjectOutput

        if (address := address_in(to)) is not None:
            return ObjectOutput(address, settings.retry)
    return FileOutput.checked(to)


def unchecked_output(to: str | os.PathLike[str]) -> FileOutput | None:
    """Return a file that cannot be written, but may have a receipt; None for what is no path, or is an object."""
    if str(to).startswith(_OBJECTS):
        return None
    try:
        return FileOutput.unchecked(to)
    except (TypeError, ValueError):
        return None


def receipt_of(settings: Settings, output: Place) -> ReceiptStore:
    """Return where the receipt of an output is: beside it, unless the client keeps receipts elsewhere."""
    if settings.receipts is not None and settings.receipts is not LocalReceipt:
        return settings.receipts(output.path)
    return LocalReceipt(output.path) if isinstance(output, FileOutput) else output.receipt()
