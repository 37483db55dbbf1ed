"""Which bytes of a file have been sent, so that it can be said whether it was ever fetched whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_RANGE = re.compile(r"bytes (\d+)-")


@dataclass(slots=True)
class Delivered:
    """The bytes of one file that have left, by any number of answers."""

    _parts: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def add(self, first: int, end: int) -> None:
        """Notes that the bytes from `first` to before `end` have left."""
        first_part, *rest = sorted([*self._parts, (first, end)])
        parts = [first_part]
        for start, stop in rest:
            before, reached = parts[-1]
            if start <= reached:
                parts[-1] = before, max(stop, reached)
            else:
                parts.append((start, stop))
        self._parts = parts  # in one step, since other threads look at it

    def covers(self, size: int) -> bool:
        """Whether a whole file of that size has left."""
        return any(first == 0 and end >= size for first, end in self._parts)


def first_byte(status: int, headers: Mapping[str, str]) -> int:
    """Where in the file an answer's body begins."""
    found = _RANGE.match(headers.get("content-range", ""))
    return int(found[1]) if status == 206 and found else 0
