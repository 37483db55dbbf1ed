"""Pictures that are bombs, that were cut, or whose notes about themselves are broken."""

from __future__ import annotations

import struct
import sys
import zlib
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture
from PIL import Image

from tests.support.drawing import HEIC, SIZE, encoded, stripes

SPOILT: dict[str, dict[str, str]] = {"PNG": {}, "GIF": {}, "TIFF": {"compression": "tiff_lzw"}}


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any number of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_bombs_are_refused() -> None:
    """A picture that claims more pixels than a computer should unpack is refused before it is unpacked."""
    for size in ((10_001, 10_000), (60_000, 60_000), (2**31 - 1, 1)):
        for fit in (None, "cover"):
            picture = open_picture(_bomb(*size))
            with pytest.raises(InvalidRequest, match=r"pixels|decoded"):
                fitted(picture, SIZE, fit)
            assert picture.stream.closed


def test_spoilt_pixels_are_refused() -> None:
    """A file that ends well and holds nonsense is refused where it is decoded, even if it has the right pixels."""
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    for kind, options in SPOILT.items():
        content = bytearray(encoded(noise, kind, **options))
        place = len(content) // 3
        content[place : place + 200] = bytes(200)
        for fit, size in (("cover", "640x360"), ("contain", "200x150")):
            picture = open_picture(content)
            with pytest.raises(InvalidRequest, match=r"cannot be decoded.*is the file whole"):
                fitted(picture, size, fit)
            assert picture.stream.closed


def test_a_kind_that_pillow_cannot_read_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A HEIC that is to be fitted ends in an error that says what to install, where that is missing."""
    picture = open_picture(HEIC)
    told = r"stripes.heic is HEIC, which this Pillow cannot read.*: pip install pillow-heif, or export it"
    with pytest.raises(InvalidRequest, match=told):
        fitted(picture, SIZE, "cover")
    assert picture.stream.closed
    plugin = ModuleType("pillow_heif")
    plugin.__spec__ = ModuleSpec("pillow_heif", None)
    registered: list[str] = []
    plugin.register_heif_opener = lambda: registered.append("once")  # type: ignore[attr-defined]  # as it has it
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    with pytest.raises(InvalidRequest, match="is the file whole"):
        fitted(open_picture(HEIC), SIZE, "cover")
    assert registered == ["once"]


def test_an_avif_that_pillow_cannot_read_names_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older Pillow, or one without the decoder, is told which version reads AVIF."""
    content = encoded(stripes((64, 64)), "AVIF")
    monkeypatch.setattr(Image, "ID", [kind for kind in Image.ID if kind != "AVIF"])
    monkeypatch.setattr("PIL.features.check", lambda name: name != "avif")
    with pytest.raises(InvalidRequest, match=r'is AVIF, which this.*pip install "pillow>=11.3"'):
        fitted(open_picture(content), SIZE, "contain")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_notes_that_cannot_be_written_again_are_refused(kind: str) -> None:
    """A photograph that is to be turned, with a width that is a word, ends in a refusal and not in a traceback."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "wide"
    content = encoded(stripes((300, 200)), kind, exif=exif)
    named = b"\x01\x32\0\x02\0\0\0\x05"  # the tag of a date, of type text, with five characters
    assert content.count(named) == 1
    broken = content.replace(named, b"\x01\0" + named[2:])
    picture = open_picture(broken)
    with pytest.raises(InvalidRequest, match="cannot be decoded"):
        fitted(picture, SIZE, "cover")
    assert picture.stream.closed
    fitted(open_picture(broken), "200x300", None).close()
