"""Read the indexes of an MP4: the sample tables of `moov`, and those of fragments, `sidx` and `mfra`.

Files are foreign and may be hostile: indexes are read in blocks, and those of absurd lengths not at all.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from struct import iter_unpack
from typing import BinaryIO

import attrs

MOST_BOXES = 100_000  # fragmented files have two a fragment; more than this is no video
MOST_INDEX = 64 << 20  # bytes of an index: days of video
_BLOCK = 96 << 10  # bytes that are read at once; a multiple of every entry's length
_TABLES_PATH = (b"mdia", b"minf", b"stbl")  # the way from a track to its tables
_SELF_CONTAINED = 1


class Unreadable(Exception):
    """An index that cannot be read, or would take too long: it says nothing."""


@attrs.frozen
class Box:
    """A box of a file.

    Attributes:
        kind: its four letters.
        start: where its header begins.
        body: where its content begins.
        end: where it ends, by its header; that may be beyond the end of the file.
    """

    kind: bytes
    start: int
    body: int
    end: int


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Give the boxes between two positions. Only the last one may go beyond the second.

    Args:
        stream: seekable.
        start: of the first box.
        end: where they ought to end.

    Raises:
        Unreadable: there are more than any video has.
    """
    left = MOST_BOXES
    while start < end:
        if not left:
            raise Unreadable
        left -= 1
        stream.seek(start)
        box = _box(stream.read(min(16, end - start)), start, end)
        yield box
        start = box.end


def _box(header: bytes, start: int, end: int) -> Box:
    length, kind, shortest = int.from_bytes(header[:4], "big"), header[4:8], 8
    if length == 0 and len(header) >= shortest:  # to the end of the file
        return Box(kind, start, start + shortest, end)
    if length == 1:
        length, shortest = int.from_bytes(header[8:16], "big"), 16
    if len(header) < shortest or length < shortest:
        return Box(kind, start, end, end + 1)
    return Box(kind, start, start + shortest, start + length)


def check_sample_tables(stream: BinaryIO, moov: Box, size: int) -> tuple[int, bool]:
    """Check that the last chunk of each track ends within the file.

    Args:
        stream: the file.
        moov: its `moov` box.
        size: its length in bytes.

    Returns:
        How many chunks the tables name, and whether fragments are to follow them.

    Raises:
        ValueError: a chunk ends beyond the end of the file.
        Unreadable: the tables cannot be read.
    """
    chunks, fragmented = 0, False
    for box in _within(stream, moov):
        fragmented = fragmented or box.kind == b"mvex"
        if box.kind == b"trak":
            count, end = _last_chunk(stream, box)
            chunks += count
            if end > size:
                raise ValueError(
                    f"the video is cut: its index names {end:,} bytes, and {size:,} are there"
                )
    return chunks, fragmented


def _last_chunk(stream: BinaryIO, track: Box) -> tuple[int, int]:
    """Return how many chunks a track has, and where the last one in the file ends."""
    inside = children(stream, track)
    for kind in _TABLES_PATH:
        inside = children(stream, _needed(inside, kind))
        if kind == b"minf" and not _is_self_contained(stream, inside):
            raise Unreadable
    width = 8 if b"co64" in inside else 4
    offsets, sizes = _needed(inside, b"co64" if width == 8 else b"stco"), _needed(inside, b"stsz")
    count = number(stream, offsets.body + 4)
    last, at = -1, 0
    position = 0
    for block in _table(stream, offsets, 8, count, width):
        highest = max(block)
        if highest > last:
            last, at = highest, position + block.index(highest)
        position += len(block)
    if not count:
        return 0, 0
    first, samples = _samples_of(stream, _needed(inside, b"stsc"), at + 1)
    if (each := number(stream, sizes.body + 4)) != 0:
        return count, last + each * samples
    if first + samples > number(stream, sizes.body + 8):
        raise Unreadable
    return count, last + sum(map(sum, _table(stream, sizes, 12 + 4 * first, samples, 4)))


def _samples_of(stream: BinaryIO, runs: Box, chunk: int) -> tuple[int, int]:
    """Return how many samples come before a chunk, and how many are in it; chunks count from 1."""
    before, since, each = 0, 1, 0
    for block in _blocks(stream, runs, 8, 12 * number(stream, runs.body + 4)):
        for first, samples, _description in iter_unpack(">III", block):
            if first > chunk:
                return before + (chunk - since) * each, each
            if first < since:
                raise Unreadable
            before += (first - since) * each
            since, each = first, samples
    return before + (chunk - since) * each, each


def _is_self_contained(stream: BinaryIO, minf: Mapping[bytes, Box]) -> bool:
    """Return whether a track's samples lie in the file itself."""
    references = _needed(children(stream, _needed(minf, b"dinf")), b"dref")
    entries = boxes(stream, references.body + 8, references.end)
    return all(
        number(stream, entry.body) & _SELF_CONTAINED
        for _, entry in zip(range(number(stream, references.body + 4)), entries, strict=False)
    )


def segment_end(stream: BinaryIO, sidx: Box) -> tuple[int, int]:
    """Return where the last segment of a `sidx` ends, and how many it names.

    Raises:
        Unreadable: it cannot be read.
    """
    wide = _bytes(stream, sidx.body, 1) != b"\0"
    at = sidx.body + 12 + (16 if wide else 8)
    offset = number(stream, at - 8, 8) if wide else number(stream, at - 4)
    count = number(stream, at + 2, 2)
    blocks = _blocks(stream, sidx, at + 4 - sidx.body, 12 * count)
    lengths = (
        length & 0x7FFFFFFF for block in blocks for length, _, _ in iter_unpack(">III", block)
    )
    return sidx.end + offset + sum(lengths), count


def check_fragment_index(stream: BinaryIO, mfra: Box, fragments: set[int]) -> bool:
    """Check that each fragment that an `mfra` names is where it says.

    Args:
        stream: the file.
        mfra: the box.
        fragments: where fragments begin.

    Returns:
        Whether it names any, and is whole.

    Raises:
        ValueError: one is not there.
        Unreadable: it cannot be read.
    """
    named, closed = 0, False
    for box in _within(stream, mfra):
        if box.kind == b"mfro":
            closed = number(stream, box.body + 4) == mfra.end - mfra.start
        elif box.kind == b"tfra":
            for start in _fragments_of(stream, box):
                named += 1
                if start not in fragments:
                    raise ValueError(
                        f"the video is cut: its index names a fragment at {start:,}, and there is none"
                    )
    return closed and named > 0


def _fragments_of(stream: BinaryIO, tfra: Box) -> Iterator[int]:
    """Give where the fragments begin that an index of a track names."""
    width = 4 if _bytes(stream, tfra.body, 1) == b"\0" else 8
    lengths = number(stream, tfra.body + 8)
    entry = 2 * width + sum(1 + (lengths >> shift & 3) for shift in (0, 2, 4))
    count = number(stream, tfra.body + 12)
    if count > MOST_BOXES or count * entry > tfra.end - tfra.body - 16:
        raise Unreadable
    for place in range(count):
        yield number(stream, tfra.body + 16 + place * entry + width, width)


def children(stream: BinaryIO, parent: Box) -> dict[bytes, Box]:
    """Return the first box of each kind in a box.

    Raises:
        Unreadable: it is of an absurd length, or holds what reaches beyond its end.
    """
    inside: dict[bytes, Box] = {}
    for box in _within(stream, parent):
        inside.setdefault(box.kind, box)
    return inside


def _within(stream: BinaryIO, parent: Box) -> Iterator[Box]:
    """Give the boxes in a box."""
    if parent.end - parent.body > MOST_INDEX:
        raise Unreadable
    for box in boxes(stream, parent.body, parent.end):
        if box.end > parent.end:
            raise Unreadable
        yield box


def _needed(inside: Mapping[bytes, Box], kind: bytes) -> Box:
    if kind not in inside:
        raise Unreadable
    return inside[kind]


def _table(
    stream: BinaryIO, box: Box, skipped: int, count: int, width: int
) -> Iterator[array[int]]:
    """Give the numbers of a table, in blocks."""
    for block in _blocks(stream, box, skipped, count * width):
        numbers = array("I" if width == 4 else "Q", block)
        if sys.byteorder == "little":
            numbers.byteswap()
        yield numbers


def _blocks(stream: BinaryIO, box: Box, skipped: int, length: int) -> Iterator[bytes]:
    """Give a number of bytes of a box's content, in blocks, after those that are skipped."""
    position = box.body + skipped
    if length > min(MOST_INDEX, box.end - position):
        raise Unreadable
    for start in range(position, position + length, _BLOCK):
        yield _bytes(stream, start, min(_BLOCK, position + length - start))


def number(stream: BinaryIO, position: int, width: int = 4) -> int:
    """Return the number at a position, of a width in bytes.

    Raises:
        Unreadable: the file ends before.
    """
    return int.from_bytes(_bytes(stream, position, width), "big")


def _bytes(stream: BinaryIO, position: int, count: int) -> bytes:
    stream.seek(position)
    data = stream.read(count)
    if len(data) < count:
        raise Unreadable
    return data
