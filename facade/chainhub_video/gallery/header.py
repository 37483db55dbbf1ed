"""Read what an MP4 says of itself: its duration and its frame (ISO/IEC 14496-12, sections 8.2 and 8.3)."""

from __future__ import annotations

from typing import BinaryIO

import attrs

from chainhub_video.downloads.mp4 import check
from chainhub_video.downloads.tables import Box, Unreadable, boxes, children, number

_UNKNOWN_32, _UNKNOWN_64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_LONGEST = 7 * 24 * 3600.0  # seconds; what says more is wrong
_LARGEST = 1 << 15  # pixels on a side
_MOST_TRACKS = 100
_VIDEO = int.from_bytes(b"vide", "big")


@attrs.frozen(kw_only=True)
class Header:
    """What an MP4 says of itself.

    Attributes:
        seconds: how long it plays; None if it does not say.
        width: in pixels; None if it has no picture, or does not say.
        height: in pixels; None likewise.
        problem: why it is no whole video, in words; None if nothing is wrong.
    """

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    problem: str | None = None


def read_header(stream: BinaryIO, size: int) -> Header:
    """Return what an MP4 says of itself, and whether it is whole. Never raises for what the file holds.

    Args:
        stream: seekable.
        size: its length in bytes.

    Raises:
        OSError: it cannot be read.
    """
    try:
        check(stream, size)
    except ValueError as error:
        return Header(problem=str(error))
    try:
        moov = next(box for box in boxes(stream, 0, size) if box.kind == b"moov")
        inside = children(stream, moov)
        frame = _frame(stream, moov)
        if frame is None:
            return Header(problem="it has no picture: none of its tracks is video")
        return Header(seconds=_seconds(stream, inside), width=frame[0], height=frame[1])
    except (Unreadable, StopIteration):
        return Header(problem="its header cannot be read")


def _seconds(stream: BinaryIO, moov: dict[bytes, Box]) -> float | None:
    """Return how long a video plays, by its header or by the one of its fragments."""
    if b"mvhd" not in moov:
        return None
    start = moov[b"mvhd"].body
    wide = number(stream, start, 1) == 1
    scale = number(stream, start + (20 if wide else 12))
    duration = number(stream, start + (24 if wide else 16), 8 if wide else 4)
    if b"mvex" in moov and not duration:
        fragments = children(stream, moov[b"mvex"])
        if b"mehd" in fragments:
            start = fragments[b"mehd"].body
            duration = number(stream, start + 4, 8 if number(stream, start, 1) == 1 else 4)
    if not scale or duration in (0, _UNKNOWN_32, _UNKNOWN_64):
        return None
    seconds = duration / scale
    return seconds if seconds <= _LONGEST else None


def _frame(stream: BinaryIO, moov: Box) -> tuple[int | None, int | None] | None:
    """Return the width and height of the first track of pictures; None if there is no such track."""
    tracks = (box for box in boxes(stream, moov.body, moov.end) if box.kind == b"trak")
    for _, track in zip(range(_MOST_TRACKS), tracks, strict=False):
        inside = children(stream, track)
        if b"mdia" not in inside or b"tkhd" not in inside:
            continue
        media = children(stream, inside[b"mdia"])
        if b"hdlr" not in media or number(stream, media[b"hdlr"].body + 8) != _VIDEO:
            continue
        start = inside[b"tkhd"].body
        sides = start + (88 if number(stream, start, 1) == 1 else 76)
        width, height = number(stream, sides) >> 16, number(stream, sides + 4) >> 16
        sound = 0 < width <= _LARGEST and 0 < height <= _LARGEST
        return (width, height) if sound else (None, None)
    return None
