"""Check that a file is a whole MP4, by walking its boxes to the end (ISO/IEC 14496-12, section 4.2).

A file that was cut, but has its index in front, opens and looks whole in many players; its boxes' sizes do not add up.
"""

from __future__ import annotations

import os
from typing import BinaryIO

_BRANDS_BOX = b"ftyp"
_NEEDED = frozenset({b"moov", b"mdat"})
_MOST_BOXES = 100_000  # fragmented files have two a fragment; more than this is no video


def check(stream: BinaryIO, size: int) -> None:
    """Check that a stream holds a whole MP4.

    Args:
        stream: seekable.
        size: its length in bytes.

    Raises:
        ValueError: it does not; the text says why.
    """
    position, seen = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        if position == size:
            break
        stream.seek(position)
        length, kind = _box(stream.read(16), size - position)
        if not seen and kind != _BRANDS_BOX:
            raise ValueError(_not_a_video(stream))
        if length > size - position:
            missing = length - (size - position)
            raise ValueError(
                f"the video is cut: its last part lacks {missing:,} of {length:,} bytes"
            )
        seen.add(kind)
        position += length
    missing_boxes = sorted(box.decode() for box in _NEEDED - seen)
    if not seen:
        raise ValueError("the video is empty")
    if position != size:
        raise ValueError(f"this is not a video: it has more than {_MOST_BOXES:,} parts")
    if missing_boxes:
        raise ValueError(
            f"the video is incomplete: it has no {' and no '.join(missing_boxes)} part"
        )


def _box(header: bytes, rest: int) -> tuple[int, bytes]:
    """Return the length and kind of the box with a header, of `rest` bytes to the end of the file."""
    length, kind, shortest = int.from_bytes(header[:4], "big"), header[4:8], 8
    if length == 0 and len(header) >= shortest:
        return rest, kind
    if length == 1:
        length, shortest = int.from_bytes(header[8:16], "big"), 16
    if len(header) < shortest or length < shortest:
        return rest + 1, kind
    return length, kind


def _not_a_video(stream: BinaryIO) -> str:
    stream.seek(0, os.SEEK_SET)
    return f"this is not an MP4 video: it starts with {stream.read(24)!r}"
