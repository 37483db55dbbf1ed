"""Tell a whole picture from one that was cut off, by its own structure and without decoding it.

A download that broke off, or a copy that was stopped, still begins as a picture does. What follows a picture's own end
is not looked at.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

_BLOCK = 1 << 14  # bytes that are read at once
_MOST_STEPS = 2_000_000  # looks at a picture; a GIF of 256 MB takes half of that
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # but for those that stand alone
_JPEG_END = b"\xd9"
_GIF_BLOCK = re.compile(rb"[;,!]")
_HEIF_NEEDED = (b"meta", b"mdat", b"moov")
_HEIF_FILE = 0  # the construction method of what lies in the file itself
_BMP_PLAIN = (0, 3, 6)  # compressions that are none
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TIFF_NUMBERS = {3: "H", 4: "I"}
_MOST_STRIPS = 1_000_000
_TIFF_DATA = ((273, 279), (324, 325))  # offsets and lengths, of strips and of tiles


def is_cut_off(stream: BinaryIO, media_type: str) -> bool:
    """Return whether a picture ends before its own end. May block, and moves the stream.

    Args:
        stream: seekable, position 0 is the first byte.
        media_type: from its first bytes; a picture of a type that is not known here counts as whole.
    """
    walk = _WALKS.get(media_type)
    if walk is None:
        return False
    try:
        walk(_Bytes(stream))
    except EOFError:
        return True
    except _TooMuch:
        pass
    return False


class _TooMuch(Exception):
    """A picture of more parts than one that was made to be looked at."""


class _Bytes:
    """The bytes of a stream by their positions, read in blocks; EOFError is what is not there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        self._start = 0
        self._block = b""
        self._steps = 0

    def _load(self, position: int, size: int) -> int:
        """Make sure that bytes are in the block, and return where in it."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _TooMuch
        self.reach(position + size)
        if not self._start <= position <= self._start + len(self._block) - size:
            self._stream.seek(position)
            self._start, self._block = position, self._stream.read(max(_BLOCK, size))
            if len(self._block) < size:
                raise EOFError
        return position - self._start

    def reach(self, end: int) -> None:
        """Make sure that there are as many bytes."""
        if end > self.size:
            raise EOFError

    def at(self, position: int, size: int) -> bytes:
        """Return some bytes."""
        start = self._load(position, size)
        return self._block[start : start + size]

    def unpack(self, form: str, position: int) -> tuple[Any, ...]:
        """Return numbers."""
        return struct.unpack(form, self.at(position, struct.calcsize(form)))

    def find(self, pattern: re.Pattern[bytes], position: int) -> int:
        """Return where the last byte of the first match is, of a pattern of one or two bytes."""
        while True:
            start = self._load(position, 1)
            found = pattern.search(self._block, start)
            if found:
                return self._start + found.end() - 1
            end = self._start + len(self._block)
            self.reach(end + 1)
            # The last byte may begin a match, so the next block begins with it.
            position, self._block = max(position, end - 1), b""


def _walk_png(file: _Bytes) -> None:
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = file.unpack(">I4s", position)
        position += 12 + length
        file.reach(position)


def _walk_jpeg(file: _Bytes) -> None:
    """Skip the segments, in which a thumbnail may have an end of its own, and what is coded between them."""
    position = 2
    while file.at(position := file.find(_JPEG_MARKER, position), 1) != _JPEG_END:
        position += 1 + max(2, *file.unpack(">H", position + 1))


def _walk_gif(file: _Bytes) -> None:
    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    position = 13 + table(*file.at(10, 1))
    while (kind := file.at(position := file.find(_GIF_BLOCK, position), 1)) != b";":
        position += 2
        if kind == b",":
            position += 9 + table(*file.at(position + 7, 1))
        while size := file.at(position, 1)[0]:
            position += 1 + size
        position += 1


def _walk_webp(file: _Bytes) -> None:
    file.reach(8 + file.unpack("<I", 4)[0])


def _walk_bmp(file: _Bytes) -> None:
    """Look for the last pixel: the size in the header is wrong in many a whole file."""
    size, start, head = file.unpack("<I4xII", 2)
    width, height, _planes, bits = file.unpack("<HHHH" if head == 12 else "<iiHH", 18)
    compression = file.unpack("<I", 30)[0] if head >= 40 else 0
    if compression in _BMP_PLAIN:
        size = start + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    file.reach(size)


def _walk_tiff(file: _Bytes) -> None:
    """Look for the end of each value of each directory, and of the strips and tiles that they name."""
    order = "<" if file.at(0, 2) == b"II" else ">"
    seen: set[int] = set()
    (place,) = file.unpack(f"{order}I", 4)
    while place and place not in seen:
        seen.add(place)
        (count,) = file.unpack(f"{order}H", place)
        values: dict[int, tuple[int, ...]] = {}
        for entry in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, many = file.unpack(f"{order}HHI", entry)
            length = _TIFF_SIZES.get(kind, 0) * many
            start = entry + 8 if length <= 4 else file.unpack(f"{order}I", entry + 8)[0]
            file.reach(start + length)
            if kind in _TIFF_NUMBERS and many <= _MOST_STRIPS:
                values[tag] = file.unpack(f"{order}{many}{_TIFF_NUMBERS[kind]}", start)
        for offsets, lengths in _TIFF_DATA:
            for offset, length in zip(
                values.get(offsets, ()), values.get(lengths, ()), strict=False
            ):
                file.reach(offset + length)
        (place,) = file.unpack(f"{order}I", place + 2 + 12 * count)


def _walk_heif(file: _Bytes) -> None:
    """Look for the boxes that hold the picture, and for the parts that the box `meta` says it consists of."""
    described = False
    for kind, start, end in _boxes(file, 0, file.size):
        if kind in _HEIF_NEEDED:
            file.reach(end)
        if kind == b"meta":
            described = True
            for inner, place, _end in _boxes(file, start + 4, end):
                if inner == b"iloc":
                    for last in _ends_of_items(file, place):
                        file.reach(last)
    if not described:
        raise EOFError


def _boxes(file: _Bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give the type of each box, and where its content begins and ends; what follows the last may look like one."""
    while position + 8 <= end:
        size, kind = file.unpack(">I4s", position)
        start = position + 8
        if size == 1:
            (size,) = file.unpack(">Q", start)
            start += 8
        position = position + size if size else end
        if position < start:
            return
        yield kind, start, position


def _ends_of_items(file: _Bytes, position: int) -> Iterator[int]:
    """Give where each part of each item ends, by the box `iloc`."""
    version, sizes, more = file.unpack(">B3xBB", position)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    position += 6

    def number(size: int) -> int:
        nonlocal position
        position += size
        return int.from_bytes(file.at(position - size, size), "big") if size else 0

    wide = 4 if version == 2 else 2
    for _ in range(number(wide)):
        number(wide)  # the item's id
        method = number(2) & 15 if version else _HEIF_FILE
        number(2)  # whose file it is in
        base = number(base_size)
        for _ in range(number(2) if sizes or index_size else 0):
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            if method == _HEIF_FILE:
                yield base + offset + length


_WALKS: dict[str, Callable[[_Bytes], None]] = {
    "image/png": _walk_png,
    "image/jpeg": _walk_jpeg,
    "image/gif": _walk_gif,
    "image/webp": _walk_webp,
    "image/bmp": _walk_bmp,
    "image/tiff": _walk_tiff,
    "image/avif": _walk_heif,
    "image/heic": _walk_heif,
    "image/heif": _walk_heif,
}
