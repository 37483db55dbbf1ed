"""Durations and pixels are read from the file's own header, in every layout that muxers write."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from chainhub_video.gallery.header import Header, read_header


@cache
def film(flags: str, *, sound: bool = False) -> bytes:
    """A real MP4 of three seconds, with sound in front of the picture or without."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        _encode(path, flags, sound=sound)
        return path.read_bytes()


def _encode(path: Path, flags: str, *, sound: bool) -> None:
    options = {"movflags": flags} if flags else {}
    with av.open(path, "w", format="mp4", options=options) as film:
        audio = film.add_stream("aac", rate=8000, layout="mono") if sound else None
        stream = film.add_stream("mpeg4", rate=2)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(6):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 2)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if audio is not None:
            silence = av.AudioFrame("fltp", "mono", 1024)
            silence.rate = 8000
            for plane in silence.planes:  # new memory holds anything
                plane.update(bytes(plane.buffer_size))
            film.mux([*audio.encode(silence), *audio.encode(None)])


@pytest.mark.parametrize(
    ("flags", "sound", "seconds"),
    [
        ("faststart", False, 3),
        ("", True, 3),
        ("frag_keyframe+empty_moov", False, None),  # this muxer leaves the duration out
    ],
)
def test_a_real_header_is_read(flags: str, sound: bool, seconds: float | None) -> None:
    """Duration, width and height are those that were encoded."""
    video = film(flags, sound=sound)
    header = read_header(io.BytesIO(video), len(video))
    assert header == Header(seconds=seconds, width=64, height=48)


@pytest.mark.parametrize(
    ("at", "value", "wanted"),
    [
        (12, 0, None),  # a time scale of nothing
        (16, 0xFFFFFFFF, None),  # an unknown duration
        (16, 5000, 5.0),
    ],
)
def test_an_odd_duration_is_none(at: int, value: int, wanted: float | None) -> None:
    """A header without a usable duration has none, and the rest of it stays."""
    video = bytearray(film("faststart"))
    start = video.index(b"mvhd") + 4 + at
    video[start : start + 4] = value.to_bytes(4, "big")
    header = read_header(io.BytesIO(video), len(video))
    assert header == Header(seconds=wanted, width=64, height=48)


def test_any_byte_of_the_header_may_be_wrong() -> None:
    """No single wrong byte of the index raises: there is a header, or a problem in words."""
    video = film("faststart")
    start, end = video.index(b"moov"), video.index(b"mdat")
    for at in range(start, end, 3):
        changed = bytearray(video)
        changed[at] ^= 0xFF
        read_header(io.BytesIO(changed), len(changed))
