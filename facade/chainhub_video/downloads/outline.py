"""Keep those parts of a streamed video that its check reads, so that it is checked without being kept whole.

`mp4` reads where boxes begin, and what is in the indexes. The media itself, nearly all of a video, is never read.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import BinaryIO, cast

from chainhub_video.downloads import mp4
from chainhub_video.downloads.tables import MOST_BOXES, MOST_INDEX

_HEAD = 24  # bytes at the beginning that the check may show
_INDEXES = frozenset({b"moov", b"sidx", b"mfra"})


class Outline:
    """The outline of one video, taken from its bytes in their order.

    What is kept is bounded: `tables.MOST_INDEX` bytes of indexes, and the headers of `tables.MOST_BOXES` boxes.
    An index beyond that says nothing, as in the check of a file.

    Attributes:
        size: bytes that have passed.
    """

    def __init__(self) -> None:
        self.size = 0
        self._starts: list[int] = []  # where each kept piece begins; pieces do not overlap
        self._pieces: list[bytearray] = []
        self._header = bytearray()  # of the box that begins, as far as it has come
        self._next_box: int | None = 0  # where the next box begins; None if nothing tells
        self._keep_until = _HEAD
        self._indexed = 0
        self._boxes = 0

    def feed(self, data: bytes | bytearray) -> None:
        """Take the bytes that come next."""
        view = memoryview(data)
        start, end = self.size, self.size + len(data)
        self.size = end
        position = start
        while position < end:
            self._keep(position, view[position - start : max(0, self._keep_until - start)])
            if self._next_box is None or self._next_box >= end:
                return
            position = max(position, self._next_box + len(self._header))
            missing = self._wanted() - len(self._header)
            piece = view[position - start : position - start + missing]
            self._keep(position, piece)
            self._header += piece
            position += len(piece)
            if len(self._header) == self._wanted():
                self._begin_box()

    def check(self) -> bool:
        """Check that what has passed is a whole video, as `mp4.check` does with a file.

        Returns:
            Whether the video itself shows that nothing is missing at its end.

        Raises:
            ValueError: it is not whole, or no MP4; the text says why.
        """
        kept = cast("BinaryIO", _Kept(self._starts, self._pieces))
        return mp4.check(kept, self.size)

    def _wanted(self) -> int:
        """Return how many bytes the header of the box that begins has, as far as that is known."""
        return 16 if self._header[:4] == b"\0\0\0\1" else 8

    def _begin_box(self) -> None:
        """Note where the box whose header has come ends, and whether its content is kept."""
        header, start = self._header, self._next_box or 0
        self._header = bytearray()
        self._next_box = None
        self._boxes += 1
        length = int.from_bytes(header[:4] if len(header) == 8 else header[8:], "big")
        to_the_end = length == 0 and len(header) == 8
        if self._boxes > MOST_BOXES or (length < len(header) and not to_the_end):
            return
        if not to_the_end:
            self._next_box = start + length
        if bytes(header[4:8]) in _INDEXES:
            room = MOST_INDEX + 16 - self._indexed
            kept = room if to_the_end else length
            if kept <= room:
                self._indexed += kept
                self._keep_until = max(self._keep_until, start + kept)

    def _keep(self, position: int, piece: memoryview) -> None:
        """Keep bytes, but for those that are kept already."""
        end = self._starts[-1] + len(self._pieces[-1]) if self._starts else 0
        if self._starts and position < end:
            piece = piece[end - position :]
            position = end
        if not piece:
            return
        if self._starts and position == end:
            self._pieces[-1] += piece
        else:
            self._starts.append(position)
            self._pieces.append(bytearray(piece))


class _Kept:
    """The kept pieces as a file: a read ends where something is missing."""

    def __init__(self, starts: list[int], pieces: list[bytearray]) -> None:
        self._starts, self._pieces = starts, pieces
        self._position = 0

    def seek(self, position: int, _from_the_beginning: int = 0) -> int:
        """Go to a position."""
        self._position = position
        return position

    def read(self, count: int) -> bytes:
        """Return what is kept from here on, at most so many bytes."""
        number = bisect_right(self._starts, self._position) - 1
        if number < 0:
            return b""
        offset = self._position - self._starts[number]
        return bytes(self._pieces[number][offset : offset + count])
