"""Tell from the headers of an answer which bytes it brings, and of which version of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol, Self

import attrs

_RANGE = re.compile(r"bytes +(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(r"\d{1,19}", re.ASCII)


class Answer(Protocol):
    """What of an answer is looked at."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with their names in lower case."""
        ...


@attrs.frozen
class Offer:
    """The bytes that a partial answer brings.

    Attributes:
        start: the position of the first one.
        end: the position after the last one.
        total: how many the whole file has; None if the server does not know.
    """

    start: int
    end: int
    total: int | None


@attrs.frozen
class Version:
    """What tells one version of a file from another.

    Attributes:
        etag: as the server gives it; None if it does not.
        modified: the same of Last-Modified.
        place: where the file is.
        validator: what a continuation can be asked for with; None if nothing proves that the file is still the same.
    """

    etag: str | None = None
    modified: str | None = None
    place: str = ""
    validator: str | None = None

    @classmethod
    def of(cls, answer: Answer, place: str) -> Self:
        """Return the version that an answer is of."""
        etag, modified = (
            answer.headers.get(name, "").strip() or None for name in ("etag", "last-modified")
        )
        # Of encoded bytes no range can be asked for: what is counted here are the decoded ones.
        usable = _is_plain(answer) and not (etag or "").upper().startswith("W/")
        return cls(etag, modified, place, (etag or modified) if usable else None)

    def difference(self, first: Version, offer: Offer, total: int | None) -> str:
        """Return how an answer that continues another is not of the same version; empty if nothing tells them apart.

        Args:
            first: the version that is continued.
            offer: what this answer brings.
            total: the length of the whole file by the first answer; None if that did not say.
        """
        if total is not None and (offer.end > total or offer.total not in (None, total)):
            return f"the file has {offer.total or offer.end:,} bytes now, and had {total:,}"
        if first.etag and self.etag != first.etag:  # whoever continues by an ETag has to repeat it
            return "its ETag is another one"
        if first.modified and self.modified and self.modified != first.modified:
            return "the file has been modified"
        return ""


def offered_range(answer: Answer) -> Offer | None:
    """Return the bytes that a partial answer says it brings; None if it does not say, or contradicts itself."""
    match = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if match is None or not _is_plain(answer):
        return None
    start, end = int(match[1]), int(match[2]) + 1
    total = None if match[3] == "*" else int(match[3])
    length = announced_length(answer)
    if start >= end or (total is not None and end > total) or length not in (None, end - start):
        return None
    return Offer(start, end, total)


def announced_length(answer: Answer) -> int | None:
    """Return how many bytes the body of an answer has by its headers; None if they do not say."""
    length = answer.headers.get("content-length", "").strip()
    return int(length) if _is_plain(answer) and _LENGTH.fullmatch(length) else None


def _is_plain(answer: Answer) -> bool:
    return answer.headers.get("content-encoding", "").strip().lower() in ("", "identity")
