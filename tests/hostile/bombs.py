"""Small answers that unpack to gigabytes."""

from __future__ import annotations

import struct
import zlib

GIBIBYTE = 1 << 30
_BLOCK = 1 << 20


def gzip_twice(size: int = 2 * GIBIBYTE) -> bytes:
    """Return blanks in gzip in gzip, which are a whole body of `Content-Encoding: gzip, gzip`.

    Args:
        size: of what it unpacks to, in bytes; a multiple of a MiB.
    """
    blanks = b" " * _BLOCK
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Each block begins anew, so all of them are alike, and none need be packed twice.
    packed = squeezer.compress(blanks) + squeezer.flush(zlib.Z_FULL_FLUSH)
    times = size // _BLOCK
    checksum = 0
    for _ in range(times):
        checksum = zlib.crc32(blanks, checksum)
    end = squeezer.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF)
    inner = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed * times + end
    outer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return outer.compress(inner) + outer.flush()
