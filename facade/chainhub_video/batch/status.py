"""How far a row is, by its receipt. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.batch.checking import request_of
from chainhub_video.errors import ReceiptConflict
from chainhub_video.receipts.receipt import Receipt, ReceiptState

if TYPE_CHECKING:
    from chainhub_video.batch.places import Place
    from chainhub_video.batch.rows import Row
    from chainhub_video.request import VideoRequest


class RowStatus(StrEnum):
    """How far a row is."""

    NEW = "new"
    SENDING = "submitting"
    UNCERTAIN = "uncertain"
    SUBMITTED = "submitted"
    SAVED = "saved"
    FAILED = "failed"
    CONFLICT = "conflict"


_OF_RECEIPT = {state: RowStatus(state.value) for state in ReceiptState}


@attrs.frozen
class Look:
    """What a look at a row's receipt has shown.

    Attributes:
        status: how far the row is; `SAVED` only if the file is there in its full length, `SUBMITTED` if it is not.
        receipt: None if there is none, or it cannot be read.
    """

    status: RowStatus
    receipt: Receipt | None = None


def look_at(row: Row, place: Place, gateway: str) -> Look:
    """Return how far a row is. May block for a moment.

    The request of the receipt is compared with the row's but for the content of pictures, and the file with the receipt
    by its length: a look at ten thousand rows that are done must cost seconds. `generate` compares all of it.

    Args:
        row: one that can be made.
        place: where its output goes.
        gateway: the client's `base_url`.
    """
    try:
        receipt = place.receipt(row.name).load()
    except ReceiptConflict:
        return Look(RowStatus.CONFLICT)
    if receipt is None:
        return Look(RowStatus.NEW)
    if not _asks_for(receipt.request, request_of(row), gateway):
        return Look(RowStatus.CONFLICT, receipt)
    status = _OF_RECEIPT[receipt.state]
    if status is RowStatus.SENDING and receipt.seconds_left() <= 0:  # its process has ended
        status = RowStatus.UNCERTAIN
    if status is RowStatus.SAVED and place.size(row.name) != (receipt.result or {})["size"]:
        status = RowStatus.SUBMITTED
    return Look(status, receipt)


def _asks_for(kept: Mapping[str, Any], request: VideoRequest, gateway: str) -> bool:
    """Return whether a receipt's request is a row's, as far as that is seen without reading pictures."""
    asked = {"gateway": gateway, **request.describe([])}
    said = json.loads(
        json.dumps({field: value for field, value in asked.items() if value is not None})
    )
    pictures = kept.get("pictures", [])
    if {**kept, "pictures": []} != said or len(pictures) != len(request.images):
        return False
    return all(map(_may_be, pictures, request.images))


def _may_be(kept: Mapping[str, Any], source: object) -> bool:
    """Return whether a picture may be the one that a receipt describes."""
    if "link" in kept:
        return source == kept["link"] or (
            isinstance(source, str) and source.strip() == kept["link"]
        )
    try:
        return not isinstance(source, str) or Path(source).stat().st_size == kept.get("size")
    except (OSError, ValueError):  # a data URI, an address, or a file that has gone
        return True
