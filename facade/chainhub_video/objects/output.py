"""An object as the place where a video goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainhub_video.objects.address import ObjectAddress
from chainhub_video.objects.bucket import StoreFailed, bucket_at
from chainhub_video.objects.receipts import ObjectReceipt
from chainhub_video.objects.upload import ObjectPart
from chainhub_video.policies import RetryPolicy


class ObjectOutput:
    """An object, with its receipt beside it.

    Args:
        address: of the object.
        retry: how long the pauses are before a request is sent again.

    Attributes:
        name: what to call it in a message or on a command line.
        path: bucket and key as a path, which leads to no file.
        url: its address.

    Raises:
        ConfigurationError: obstore is not installed, or cannot be set up by the environment.
    """

    def __init__(self, address: ObjectAddress, retry: RetryPolicy) -> None:
        self.name = self.url = address.url
        self.path: Path = address.path
        self._address, self._bucket = address, bucket_at(address, retry)

    def receipt(self) -> ObjectReceipt:
        """Return the store of its receipt."""
        return ObjectReceipt(self._address, self._bucket)

    def open(self) -> ObjectPart:
        """Return what a download fills."""
        return ObjectPart(self._bucket, self._address.key)

    def matches(self, result: Mapping[str, Any]) -> bool:
        """Return whether the object is there, with the size and etag that a receipt tells. Nothing is downloaded."""
        try:
            found = self._bucket.facts(self._address.key)
        except StoreFailed:
            return False
        if found is None or found.size != result["size"]:
            return False
        return result.get("etag") in (None, found.etag)

    def check(self) -> None:
        """Make sure that its bucket can be written to, and keeps to conditions.

        Raises:
            OSError: it does not.
        """
        self._bucket.check_conditions(self._address.key)

    def size(self) -> int | None:
        """Return the object's bytes; None if it is not there, or cannot be asked for."""
        try:
            found = self._bucket.facts(self._address.key)
        except StoreFailed:
            return None
        return None if found is None else found.size

    def clear_abandoned(self) -> None:
        """There is nothing to clear: what a killed process has uploaded is for the bucket's lifecycle rules."""
