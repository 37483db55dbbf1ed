"""Whether a file is a whole MP4, box by box."""

from __future__ import annotations

import io
import re

import pytest
from chainhub_video.downloads import mp4


def box(kind: str, content: bytes = b"", *, length: int | None = None, wide: bool = False) -> bytes:
    """A box: its length, its kind, its content; `wide` writes the length in 64 bits."""
    whole = len(content) + (16 if wide else 8) if length is None else length
    if wide:
        return (1).to_bytes(4, "big") + kind.encode() + whole.to_bytes(8, "big") + content
    return whole.to_bytes(4, "big") + kind.encode() + content


FTYP, MOOV, MDAT = box("ftyp", b"isom"), box("moov", b"m" * 9), box("mdat", b"d" * 50)

WHOLE = {
    "index in front": FTYP + MOOV + MDAT,
    "index at the end": FTYP + MDAT + MOOV,
    "64-bit length": FTYP + MOOV + box("mdat", b"d" * 50, wide=True),
    "empty 64-bit box": FTYP + MOOV + box("mdat", wide=True),
    "empty boxes": box("ftyp") + box("moov") + box("mdat"),
    "to the end of the file": FTYP + MOOV + box("mdat", b"d" * 50, length=0),
    "fragments": FTYP + MOOV + (box("moof", b"f") + MDAT) * 3,
    "unknown boxes": FTYP + box("free", b"x") + MOOV + box("uuid", b"y") + MDAT,
    "many boxes": FTYP + MOOV + MDAT + box("free") * 5000,
}

BROKEN = {
    "empty": (b"", "the video is empty"),
    "no MP4": (b"<html>no</html>", r"this is not an MP4 video: it starts with b'<html>no</html>'"),
    "not brands first": (MOOV + FTYP + MDAT, "this is not an MP4 video"),
    "one byte short": (FTYP + MOOV + MDAT[:-1], "its last part lacks 1 of 58 bytes"),
    "cut within a header": (FTYP + MOOV + MDAT[:5], "the video is cut"),
    "cut within a 64-bit header": (
        FTYP + MOOV + box("mdat", b"d" * 50, wide=True)[:12],
        "the video is cut",
    ),
    "one 64-bit byte short": (
        FTYP + MOOV + box("mdat", b"d" * 50, wide=True)[:-1],
        "lacks 1 of 66 bytes",
    ),
    **{
        f"a length of {length}": (FTYP + MOOV + box("mdat", b"", length=length), "the video is cut")
        for length in range(2, 8)
    },
    "a 64-bit length of 15": (FTYP + MOOV + box("mdat", wide=True, length=15), "the video is cut"),
    "cut between boxes": (FTYP + MOOV, "it has no mdat part"),
    "no index": (FTYP + MDAT, "it has no moov part"),
    "neither": (FTYP, "it has no mdat and no moov part"),
    "too many boxes": (FTYP + MOOV + MDAT + box("free") * 100_000, "more than 100,000 parts"),
    "a byte too many": (FTYP + MOOV + MDAT + b"\0", "the video is cut"),
}


def _check(content: bytes) -> None:
    mp4.check(io.BytesIO(content), len(content))


def test_a_whole_file_passes_and_no_cut_of_it() -> None:
    """Whatever the order, kind and width of its boxes, a file whose boxes add up is whole, and was not cut before."""
    for name, content in WHOLE.items():
        _check(content)
        needed = max(content.find(b"moov"), content.find(b"mdat"))
        if name in ("to the end of the file", "fragments", "many boxes"):
            needed = len(FTYP + MOOV) + 4  # what follows may end anywhere
        for length in range(needed):
            with pytest.raises(ValueError, match="video"):
                _check(content[:length])


def test_a_broken_file_is_told() -> None:
    """What does not add up, or has no picture data or no index, is refused in words that say what is missing."""
    for content, words in BROKEN.values():
        with pytest.raises(ValueError, match=words) as raised:
            _check(content)
        assert re.search(r"\d{10}", str(raised.value)) is None
