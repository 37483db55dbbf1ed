"""Keep a receipt in an object beside its video: claimed by a create-only put, swapped by its etag.

Every write carries a token of its own. A put whose answer was lost is refused when it is sent again, since the object
is there already: the token tells that it is ours. No receipt is ever deleted, since no store deletes one version
only: what is to be gone is swapped for a blank, which counts as none.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import attrs

from chainhub_video.errors import InvalidRequest, ReceiptConflict
from chainhub_video.objects.address import ObjectAddress, address_in
from chainhub_video.objects.bucket import LONGEST_WRITE, Bucket, StoreFailed, bucket_at
from chainhub_video.policies import RetryPolicy
from chainhub_video.receipts.file import SUFFIX
from chainhub_video.receipts.receipt import VERSION, Receipt, ReceiptState, parse

_BLANK = "released"
_AT_ONCE = 16  # receipts of a listing that are read side by side


@attrs.frozen
class _Found:
    """What is there: a receipt, or a blank; its token; what a swap names it by; when the store wrote it."""

    receipt: Receipt | None
    token: str | None
    version: Mapping[str, str]
    modified: datetime


class ObjectReceipt:
    """A receipt beside an object.

    Args:
        address: of the video.
        bucket: where both are.
    """

    def __init__(self, address: ObjectAddress, bucket: Bucket) -> None:
        self._bucket = bucket
        self._key = address.receipt.key
        self.name = address.receipt.url
        self._written: list[tuple[Receipt, str]] = []  # ours, with their tokens

    def load(self) -> Receipt | None:
        """Return the receipt, or None; a claim with how long it may still last by the store's clock."""
        return self.look(ask_time=True)

    def look(self, *, ask_time: bool) -> Receipt | None:
        """Return the receipt, or None.

        Args:
            ask_time: whether to ask the store for its time, which takes a write, if there is a claim.

        Raises:
            ReceiptConflict: there is one, and it cannot be read.
        """
        try:
            found = self._find()
            if found is None or found.receipt is None:
                return None
            receipt = found.receipt
            if receipt.state is not ReceiptState.SUBMITTING:
                return receipt
            # The clocks of two machines may be minutes apart; that of the store is one.
            if (left := receipt.seconds_given()) > 0:
                passed = self._bucket.age(self._key, found.modified, ask=ask_time)
                left += LONGEST_WRITE - (passed or 0.0)
            return attrs.evolve(receipt, remaining=left)
        except StoreFailed as error:
            raise ReceiptConflict(f"receipt {self.name} cannot be read: {error}") from error

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Compare and replace, in one conditional put."""
        self._bucket.check_conditions(self._key)
        token = secrets.token_hex(16)
        data = _blank(token) if new is None else _text(new, token)
        if new is not None:
            self._written = [*self._written[-3:], (new, token)]
        try:
            if old is None and self._bucket.create(self._key, data):
                return True
            found = self._find()
            if found is None or found.token == token:
                return found is not None
            if not self._is(found, old):
                return False
            if self._bucket.replace(self._key, data, found.version):
                return True
        except StoreFailed:
            if self._landed(token):
                return True
            raise
        return self._landed(token)

    def _is(self, found: _Found, old: Receipt | None) -> bool:
        """Return whether what is there is what must be there."""
        if old is None or found.receipt is None:
            return old is None and found.receipt is None
        tokens = [token for receipt, token in self._written if receipt is old]
        # Two processes may claim in the same moment with equal receipts: of ours, the token tells.
        return found.token in tokens if tokens else found.receipt == old

    def _landed(self, token: str) -> bool:
        """Return whether a write of ours is there, although its answer said otherwise, or did not come."""
        try:
            found = self._find()
        except (StoreFailed, ReceiptConflict):
            return False
        return found is not None and found.token == token

    def _find(self) -> _Found | None:
        stored = self._bucket.read(self._key)
        if stored is None:
            return None
        if (token := _token_of_blank(stored.data)) is not None:
            return _Found(None, token, stored.version, stored.modified)
        receipt = parse(stored.data, self.name)
        return _Found(receipt, receipt.owner, stored.version, stored.modified)


def receipts_below(
    url: str, *, retry: RetryPolicy | None = None
) -> Iterator[tuple[str, Receipt | ReceiptConflict]]:
    """Give every receipt below a prefix, in order: some are read ahead, and the listing is not kept.

    Args:
        url: such as `s3://bucket/prefix`; the prefix ends at a slash, or is left out for the whole bucket.
        retry: how long the pauses are before a request is sent again.

    Yields:
        The video's address, and its receipt, or the error that says why it cannot be read.

    Raises:
        InvalidRequest: it is no such address.
        StoreFailed: the store refused to list, or did not answer; an OSError.
    """
    address = address_in(f"{url.rstrip('/')}/{SUFFIX}")
    if address is None:
        raise InvalidRequest(f"{url!r:.300} is no address of a bucket: give s3://BUCKET/PREFIX")
    bucket = bucket_at(address, retry or RetryPolicy())

    def look(key: str) -> tuple[str, Receipt | ReceiptConflict | None]:
        video = attrs.evolve(address, key=key.removesuffix(SUFFIX))
        try:
            return video.url, ObjectReceipt(video, bucket).look(ask_time=False)
        except ReceiptConflict as error:
            return video.url, error

    looking: deque[Future[tuple[str, Receipt | ReceiptConflict | None]]] = deque()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for key in bucket.names(address.key.removesuffix(SUFFIX).rstrip("/")):
            if key.endswith(SUFFIX):
                looking.append(pool.submit(look, key))
            if len(looking) > 2 * _AT_ONCE:
                yield from _there(looking.popleft().result())
        while looking:
            yield from _there(looking.popleft().result())


def _there(
    looked: tuple[str, Receipt | ReceiptConflict | None],
) -> Iterator[tuple[str, Receipt | ReceiptConflict]]:
    url, found = looked
    if found is not None:
        yield url, found


def _text(receipt: Receipt, token: str) -> bytes:
    return attrs.evolve(receipt, owner=token).to_json().encode("utf-8", "backslashreplace")


def _blank(token: str) -> bytes:
    fields = {"version": VERSION, "state": _BLANK, "owner": token}
    return (json.dumps(fields, indent=2) + "\n").encode()


def _token_of_blank(data: bytes) -> str | None:
    """Return the token of a blank; None if it is none."""
    try:
        match json.loads(data):
            case {"version": int(version), "state": "released", "owner": str(token), **rest}:
                return token if version == VERSION and not rest else None
    except (ValueError, RecursionError):
        pass
    return None
