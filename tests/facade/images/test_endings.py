"""Pictures that were cut off: refused before they cost anything, and whole ones taken, whatever follows them."""

from __future__ import annotations

import io
import random
import struct
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images import endings
from chainhub_video.images.endings import is_cut_off
from chainhub_video.images.pictures import open_picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.answering import say
from tests.support.colours import Colour
from tests.support.drawing import HEIC, encoded, stripes
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI

KINDS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "PNG palette": {"mode": "P"},
    "PNG animated": {"save_all": True},
    "JPEG": {"quality": 95},
    "JPEG progressive": {"progressive": True},
    "JPEG with restarts": {"restart_marker_blocks": 2},
    "JPEG grey": {"mode": "L"},
    "JPEG CMYK": {"mode": "CMYK"},
    "JPEG with a comment": {"comment": b"\xff\xd9 is no end here \xff\xda"},
    "GIF": {},
    "GIF animated": {"save_all": True, "comment": b"; , !"},
    "WEBP": {},
    "WEBP lossless": {"lossless": True, "mode": "RGBA"},
    "WEBP animated": {"save_all": True},
    "AVIF": {},
    "AVIF animated": {"save_all": True},
    "BMP": {},
    "BMP palette": {"mode": "P"},
    "BMP bits": {"mode": "1"},
    "BMP alpha": {"mode": "RGBA"},
    "TIFF": {},
    "TIFF LZW": {"compression": "tiff_lzw"},
    "TIFF JPEG": {"compression": "jpeg"},
    "TIFF pages": {"save_all": True, "compression": "tiff_deflate"},
    "TIFF big-endian": {"big_endian": True},
    "HEIC": {},
}  # fmt: skip
TRAILERS = (
    b"\0",
    b"\r\n",
    bytes(999),
    b"plain text, as some programs add it. " * 9,
    bytes(range(256)) * 99,
)


def _media_type(case: str) -> str:
    return f"image/{case.partition(' ')[0].lower()}"


@cache
def _picture(case: str, side: int = 40) -> bytes:
    """A picture of noise, so that most of it is image data."""
    if case == "HEIC":
        return HEIC.read_bytes()
    options = dict(KINDS[case])
    mode, chance = options.pop("mode", "RGB"), random.Random(case)

    def noise() -> Image.Image:
        size = (side, side - 9)
        return Image.frombytes("RGB", size, chance.randbytes(3 * side * (side - 9))).convert(mode)

    if options.get("save_all"):
        options["append_images"] = [noise(), noise()]
    return encoded(noise(), case.partition(" ")[0], **options)


def _cut(content: bytes, case: str) -> bool:
    return is_cut_off(io.BytesIO(content), _media_type(case))


def test_a_whole_picture_passes() -> None:
    """Each kind is whole as its encoder writes it, also with something behind its end."""
    for case in KINDS:
        content = _picture(case)
        for trailer in (b"", *TRAILERS):
            assert not _cut(content + trailer, case), case


def test_every_prefix_is_cut_off() -> None:
    """Wherever a picture is cut, if only by a byte, that is seen, but for the padding behind a TIFF's last page."""
    for case in KINDS:
        content = _picture(case, 24)
        passing = [size for size in range(len(content)) if not _cut(content[:size], case)]
        padding = 15 if case == "TIFF pages" else 0
        assert passing == [size for size in passing if size >= len(content) - padding], case


@settings(max_examples=40, deadline=None)
@given(
    case=st.sampled_from([*KINDS]),
    share=st.floats(0, 1, exclude_max=True),
    block=st.integers(12, 90),
)
def test_a_large_picture_is_read_in_blocks(case: str, share: float, block: int) -> None:
    """However the blocks fall in which it is read, a whole picture passes and a beginning of it does not."""
    content = _picture(case, 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endings, "_BLOCK", block)
        assert not _cut(content, case)
        assert _cut(content[: int(share * (len(content) - 20))], case)


@settings(max_examples=100, deadline=None)
@given(
    case=st.sampled_from([*KINDS]),
    place=st.integers(0, 1 << 14),
    damage=st.binary(min_size=1, max_size=8),
)
def test_nonsense_raises_nothing(case: str, place: int, damage: bytes) -> None:
    """A picture with any bytes in it replaced is whole or cut off, and nothing else comes of it."""
    content = bytearray(_picture(case))
    place %= len(content)
    content[place : place + len(damage)] = damage
    assert _cut(bytes(content), case) in (True, False)


def test_a_thumbnail_has_no_say() -> None:
    """A photograph with a whole thumbnail inside that breaks off behind it is cut off."""
    thumbnail = encoded(stripes((16, 16)), "JPEG")
    notes = b"Exif\0\0" + thumbnail
    segment = b"\xff\xe1" + struct.pack(">H", len(notes) + 2) + notes
    whole = _picture("JPEG")
    content = whole[:2] + segment + whole[2:]
    assert content.index(b"\xff\xd9") == len(segment)
    assert not _cut(content, "JPEG")
    assert all(_cut(content[:size], "JPEG") for size in range(len(content)))


def test_odd_whole_pictures_pass() -> None:
    """What programs write besides the rules: fill bytes, wrong sizes in headers, bytes between blocks, lax boxes."""
    jpeg = _picture("JPEG")
    assert not _cut(jpeg[:2] + b"\xff\xff" + jpeg[2:-2] + b"\xff\xff\xff\xd9", "JPEG")
    bmp = bytearray(_picture("BMP"))
    bmp[2:6] = struct.pack("<I", 1 << 30)
    assert not _cut(bytes(bmp), "BMP")
    gif = _picture("GIF")
    assert not _cut(gif[:-1] + b"\0\0;", "GIF")
    heic = _picture("HEIC")
    place = heic.index(b"mdat") - 4
    assert not _cut(
        heic[:place] + bytes(4) + heic[place + 4 :], "HEIC"
    )  # up to the end of the file
    assert _cut(heic[:place] + bytes(4) + heic[place + 4 : -1], "HEIC")


def test_a_picture_of_endless_parts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture made of more parts than any real one is not walked for ever, and counts as whole."""
    monkeypatch.setattr(endings, "_MOST_STEPS", 1000)
    content = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0abcd\0\0\0\0" * 5000
    assert not _cut(content, "PNG")
    monkeypatch.setattr(endings, "_MOST_STEPS", 10_000)
    assert _cut(content, "PNG")


def test_a_create_with_a_cut_picture_costs_nothing(
    colour: Colour, gateway: Gateway, elsewhere: Gateway, tmp_path: Path
) -> None:
    """By path, as bytes, as a file or by link, a cut picture is named and refused before anything is sent."""
    hub = colour.hub(gateway.url, max_creates=1)
    path = tmp_path / "kitten.picture"
    for case in ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF LZW", "HEIC"):
        content = _picture(case)[:-20]
        path.write_bytes(content)
        elsewhere.on("/kitten.picture", say(200, content))
        with path.open("rb") as file:
            for name, source, fit in (
                (f"image '{path}'", path, None),
                ("the picture given as bytes", content, "cover"),
                ("the open file 'kitten.picture'", file, None),
                (f"image {elsewhere.url}/kitten.picture", f"{elsewhere.url}/kitten.picture", "cover"),
            ):  # fmt: skip
                with pytest.raises(InvalidRequest) as raised:
                    OPENAI.create(hub, image=source, fit=fit)
                told = f"{name} is cut off, its end is missing: fetch or export it again"
                assert str(raised.value) == told
    assert gateway.arrived == []


def test_pillow_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut picture is refused where Pillow is not installed."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    (tmp_path / "kitten.jpg").write_bytes(_picture("JPEG")[:-1])
    with pytest.raises(InvalidRequest, match="is cut off"):
        open_picture(tmp_path / "kitten.jpg")
