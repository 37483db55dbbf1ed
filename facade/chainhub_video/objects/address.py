"""Tell an object's address from a path, and take it apart."""

from __future__ import annotations

import os
import re
from pathlib import Path

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.receipts.file import SUFFIX

_ADDRESS = re.compile(r"(s3|gs|az):(/{1,2})(.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", re.ASCII)
_LONGEST_KEY = 1024 - 40  # bytes, with room for what the receipt's key has more


@attrs.frozen
class ObjectAddress:
    """Where one object is.

    Attributes:
        scheme: `s3`, `gs` or `az`.
        bucket: of that name; for `az` the container.
        key: the object's name in it.
    """

    scheme: str
    bucket: str
    key: str

    @property
    def url(self) -> str:
        """The address as text."""
        return f"{self.bucket_url}/{self.key}"

    @property
    def bucket_url(self) -> str:
        """The bucket's address."""
        return f"{self.scheme}://{self.bucket}"

    @property
    def path(self) -> Path:
        """Bucket and key as a path, which leads to no file."""
        return Path(self.bucket, self.key)

    @property
    def receipt(self) -> ObjectAddress:
        """Where the receipt is that belongs to it."""
        return attrs.evolve(self, key=self.key + SUFFIX)


def address_in(place: object) -> ObjectAddress | None:
    """Return the address that a place is; None if it is a path of a file.

    Args:
        place: a text such as `s3://bucket/prefix/name.mp4`; or a `Path` of it, which has lost a slash.

    Raises:
        InvalidRequest: it is the address of no object that can be.
    """
    text = os.fspath(place) if isinstance(place, (str, os.PathLike)) else None
    match = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if match is None or (match[2] == "/" and isinstance(place, str)):
        return None
    bucket, _, key = match[3].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise InvalidRequest(f"output {text!r:.300} names no bucket: give {match[1]}://BUCKET/NAME")
    if not key or key.endswith("/"):
        raise InvalidRequest(f"output {text!r:.300} is a folder: give the name of an object in it")
    if any(part in ("", ".", "..") for part in key.split("/")) or not key.isprintable():
        raise InvalidRequest(
            f"output {text!r:.300} has a part that is empty, a dot, or cannot be printed: choose another name"
        )
    if len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY:
        raise InvalidRequest(f"output {text!r:.100}… is longer than an object's name may be")
    return ObjectAddress(match[1], bucket, key)
