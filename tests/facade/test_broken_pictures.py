"""Pictures that are bombs, that were cut, or whose notes about themselves are broken."""

from __future__ import annotations

import struct
import zlib

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture
from PIL import Image

from .drawing import SIZE, encoded, stripes


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


@pytest.mark.parametrize("fit", [None, "cover", "contain"])
@pytest.mark.parametrize("size", [(10_001, 10_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_bombs_are_refused(fit: str | None, size: tuple[int, int]) -> None:
    """A picture that claims more pixels than a computer should unpack is refused before it is unpacked."""
    picture = open_picture(_bomb(*size))
    with pytest.raises(InvalidRequest, match=r"pixels|decoded"):
        fitted(picture, SIZE, fit)
    assert picture.stream.closed


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize("size", ["640x360", "400x300"])
def test_truncated_files_are_refused(fit: str, kind: str, share: float, size: str) -> None:
    """A file that was cut is refused before anything is paid, even one that has the right pixels already."""
    noise = Image.effect_noise((400, 300), 80).convert("RGB")
    content = encoded(noise, kind)
    picture = open_picture(content[: int(len(content) * share)])
    with pytest.raises(InvalidRequest, match=r"cannot be decoded.*is the file whole"):
        fitted(picture, size, fit)
    assert picture.stream.closed


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
