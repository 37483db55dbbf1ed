"""Check that a file is a whole MP4, by walking its boxes to the end (ISO/IEC 14496-12, section 4.2).

A file that was cut, but has its index in front, opens and looks whole in many players. Its boxes' sizes do not add up,
or its index names bytes that are not there (`tables`, for the indexes of both kinds of MP4).
"""

from __future__ import annotations

import os
from typing import BinaryIO

from chainhub_video.downloads.tables import (
    MOST_BOXES,
    MOST_INDEX,
    Box,
    Unreadable,
    boxes,
    check_fragment_index,
    check_sample_tables,
    segment_end,
)

_BRANDS_BOX = b"ftyp"
_NEEDED = frozenset({b"moov", b"mdat"})


def check(stream: BinaryIO, size: int) -> bool:
    """Check that a stream holds a whole MP4.

    Args:
        stream: seekable.
        size: its length in bytes.

    Returns:
        Whether the file itself shows that nothing is missing at its end. False if it does not say: its fragments
        have no index, or its index cannot be read.

    Raises:
        ValueError: it is not whole, or no MP4; the text says why.
    """
    found: list[Box] = []
    try:
        for box in boxes(stream, 0, size):
            if not found and box.kind != _BRANDS_BOX:
                raise ValueError(_not_a_video(stream))
            if box.end > size:
                raise ValueError(
                    f"the video is cut: its last part lacks {box.end - size:,} of {box.end - box.start:,} bytes"
                )
            found.append(box)
    except Unreadable:
        raise ValueError(f"this is not a video: it has more than {MOST_BOXES:,} parts") from None
    if not found:
        raise ValueError("the video is empty")
    if missing := sorted(kind.decode() for kind in _NEEDED - {box.kind for box in found}):
        raise ValueError(f"the video is incomplete: it has no {' and no '.join(missing)} part")
    return _ends_as_it_says(stream, size, found)


def _ends_as_it_says(stream: BinaryIO, size: int, found: list[Box]) -> bool:
    """Hold the file against its own indexes; return whether they reach to its end."""
    moov = next(box for box in found if box.kind == b"moov")
    fragments = [box for box in found if box.kind == b"moof"]
    try:
        samples, fragmented = check_sample_tables(stream, moov, size)
    except Unreadable:
        samples, fragmented = 0, False
    if not fragmented and not fragments:
        return samples > 0
    if fragments and not any(
        box.kind == b"mdat" and box.start > fragments[-1].start for box in found
    ):
        raise ValueError("the video is cut: its last fragment has no data")
    try:
        return _reaches_the_end(stream, size, found, fragments)
    except Unreadable:
        return False


def _reaches_the_end(stream: BinaryIO, size: int, found: list[Box], fragments: list[Box]) -> bool:
    """Return whether an index names all fragments up to the end of the file."""
    last = max((box.end for box in found if box.kind == b"mdat"), default=0)
    # An index of one segment among others says nothing of those after it.
    one_segment = not any(box.kind == b"styp" for box in found)
    whole = False
    if sum(box.end - box.start for box in found if box.kind == b"sidx") > MOST_INDEX:
        raise Unreadable
    for box in found:
        if box.kind == b"sidx":
            end, references = segment_end(stream, box)
            if end > size:
                raise ValueError(
                    f"the video is cut: its index names {end:,} bytes, and {size:,} are there"
                )
            in_front = not fragments or box.start < fragments[0].start
            whole |= one_segment and in_front and references > 1 and end == last
        elif box.kind == b"mfra":
            whole |= check_fragment_index(stream, box, {one.start for one in fragments})
    return whole


def _not_a_video(stream: BinaryIO) -> str:
    stream.seek(0, os.SEEK_SET)
    return f"this is not an MP4 video: it starts with {stream.read(24)!r}"
