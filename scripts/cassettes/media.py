"""Check the pictures and videos of a recording, and hold the video that stands in for every other."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from functools import cache
from hashlib import sha256
from pathlib import Path

from chainhub_video.downloads import mp4

PICTURE = Path(__file__).with_name("kitten.png")
"""What the scenarios send: 1280x720 in black and white, a few kB."""

DATA_URI = re.compile(r"data:([\w/+.-]*)(?:;[\w=-]+)*;base64,([A-Za-z0-9+/=_-]*)")

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_BITS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # samples a pixel, by colour type


class Unclean(ValueError):
    """Something that must not stay, and that nothing can stand in for; the text says why."""


@cache
def stand_in() -> bytes:
    """Return the video that stands in for every recorded one: a second of H.264 in less than a kB, without metadata."""
    return Path(__file__).with_name("stand-in.mp4").read_bytes()


@cache
def stand_in_sha256() -> str:
    """Return the digest of what a replay saves."""
    return sha256(stand_in()).hexdigest()


def is_video(body: bytes) -> bool:
    """Return whether a body begins as an MP4 does."""
    return body[4:8] == b"ftyp"


def check_video(body: bytes) -> None:
    """Refuse what is no whole MP4.

    Raises:
        Unclean: it is not.
    """
    try:
        mp4.check(io.BytesIO(body), len(body))
    except ValueError as error:
        raise Unclean(f"a video that is no whole MP4 ({error})") from error


def check_picture(content: bytes) -> None:
    """Refuse what is no PNG, or holds anything but pixels.

    Raises:
        Unclean: it is not one, or holds more.
    """
    if not content.startswith(_SIGNATURE):
        raise Unclean("a file that is no PNG")
    position, pixels, header = len(_SIGNATURE), bytearray(), b""
    kind = b""
    while position < len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        kind = content[position + 4 : position + 8]
        data = content[position + 8 : position + 8 + length]
        check = content[position + 8 + length : position + 12 + length]
        if len(check) < 4 or zlib.crc32(kind + data) != int.from_bytes(check, "big"):
            raise Unclean("a PNG that is damaged")
        if kind not in _PICTURE_CHUNKS:
            raise Unclean(f"a PNG with a {kind.decode('latin-1')!r} chunk, which may tell anything")
        header = data if kind == b"IHDR" else header
        pixels += data if kind == b"IDAT" else b""
        position += 12 + length
        if kind == b"IEND":
            break
    if kind != b"IEND" or position != len(content):
        raise Unclean("a PNG with something behind its end")
    _check_pixels(header, bytes(pixels))


def check_data_uri(reference: str) -> None:
    """Refuse a data URI that holds anything but a clean picture.

    Raises:
        Unclean: it does.
    """
    found = DATA_URI.fullmatch(reference)
    try:
        content = base64.b64decode(found[2], validate=True) if found else b""
    except binascii.Error as error:
        raise Unclean("a data URI that is no base64") from error
    if found is None or found[1] != "image/png":
        raise Unclean("a data URI that is no PNG")
    check_picture(content)


def _check_pixels(header: bytes, packed: bytes) -> None:
    """Refuse pixel data of another length than the header says: behind the pixels there is room for anything."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits, colours, interlaced = header[8], header[9], header[12]
    if interlaced or colours not in _BITS:
        raise Unclean("a PNG of a kind that is not looked into")
    unpacking = zlib.decompressobj()
    try:
        rows = unpacking.decompress(packed, 1 << 26) + unpacking.flush()
    except zlib.error as error:
        raise Unclean(f"a PNG whose pixels cannot be read ({error})") from error
    row = 1 + (width * _BITS[colours] * bits + 7) // 8
    if len(rows) != row * height or unpacking.unused_data or not unpacking.eof:
        raise Unclean("a PNG with other than its pixels in it")
