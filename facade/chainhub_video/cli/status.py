"""How far an output is, by its receipt, or a task, by the gateway."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, cast

from chainhub_video.errors import InvalidRequest
from chainhub_video.receipts.file import SUFFIX, LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptStore

from .console import readable, show, show_json, show_task
from .settings import make_client

if TYPE_CHECKING:
    from chainhub_video.task import FormatName


def tell(one: str, wire_format: str | None, *, as_json: bool) -> None:
    """Write how far an output or a task is to standard output.

    Args:
        one: an output, its receipt, or the id of a task.
        wire_format: the wire format, for an id that does not tell it.
        as_json: whether to write the whole receipt or task.

    Raises:
        ChainHubError: there is neither a receipt nor an answer.
    """
    store = receipt_of(one)
    receipt = store.load()
    if receipt is not None:
        if as_json:
            show_json(json.loads(receipt.to_json()))
        else:
            show(f"{one}: {_described(receipt)}")
        return
    if (
        "://" in one or os.path.lexists(one) or one.endswith((".mp4", SUFFIX))
    ):  # no id looks like that
        raise InvalidRequest(f"there is no receipt {store.name}: nothing was started there")
    with make_client() as hub:
        task = hub.videos.retrieve(one, format=cast("FormatName | None", wire_format))
    show_task(task, as_json=as_json)


def receipt_of(one: str) -> ReceiptStore:
    """Return the receipt of an output, given its path or address, or those of the receipt."""
    if not one.startswith(("s3://", "gs://", "az://")):
        return LocalReceipt.of(one)
    from chainhub_video.objects.address import address_in
    from chainhub_video.objects.output import ObjectOutput
    from chainhub_video.policies import RetryPolicy

    address = address_in(one.removesuffix(SUFFIX))
    assert address is not None
    return ObjectOutput(address, RetryPolicy()).receipt()


def _described(receipt: Receipt) -> str:
    since = receipt.times.get(receipt.state, "an unknown time")
    parts = [f"{receipt.state} since {since}"]
    if receipt.task is not None:
        parts.append(f"task {receipt.task['id']}")
    if receipt.result is not None:
        parts.append(readable(int(receipt.result["size"])))
    if receipt.reason:
        parts.append(receipt.reason)
    return ", ".join(parts)
