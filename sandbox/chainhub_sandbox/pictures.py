"""Decode pictures from file parts, data URIs and links to this machine."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import math
import re
import struct
import time
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Event
from typing import IO
from urllib.parse import unquote_to_bytes, urljoin, urlsplit
from weakref import WeakValueDictionary

import httpx
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 89_000_000
"""Largest picture that is decoded: width times height."""

MAX_LINKED_BYTES = 32 * 1024 * 1024
"""Largest picture fetched from a loopback link."""

# EPS and its like hand bytes to other programs: only plain raster formats are ever opened.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MEDIA_TYPES = tuple(f"image/{name.lower()}" for name in _FORMATS)
_DATA_URI = re.compile(r"data:(?P<type>[^,;]*)(?P<parameters>(?:;[^,;]*)*),", re.IGNORECASE)
# Of a picture over its frame: room for eight seconds of pan, and the most that is kept.
_LEAST_EXCESS = 1.16
_MOST_EXCESS = 2.0
_CHUNK_BYTES = 1024 * 1024
_FETCH_SECONDS = 10.0
_MAX_REDIRECTS = 3


class PictureRefused(Exception):
    """The picture cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Picture:
    """A decoded picture, scaled to cover a frame with some room to pan.

    Attributes:
        digest: sha256 of the bytes it was decoded from.
        image: RGB pixels, upright, at least as large as the frame on both sides.
    """

    digest: str
    image: Image.Image


def sha256_of(file: IO[bytes]) -> str:
    """Return the sha256 of a whole file in hex, and rewind it."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def media_type(file: IO[bytes]) -> str:
    """Return a picture's type by its bytes, as in `image/png`, and rewind it.

    Raises:
        PictureRefused: they are no picture.
    """
    try:
        with Image.open(file, formats=_FORMATS) as opened:
            found = (opened.format or "").lower().replace("mpo", "jpeg")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureRefused("these bytes are not a PNG, JPEG, WebP, GIF, BMP or TIFF") from error
    file.seek(0)
    return f"image/{found}"


class PictureCache:
    """Decoded pictures by content and frame, kept only as long as some task needs them."""

    def __init__(self) -> None:
        self._pictures: WeakValueDictionary[tuple[str, int, int], Picture] = WeakValueDictionary()

    def decode(self, file: IO[bytes], digest: str, width: int, height: int) -> Picture:
        """Return a picture, decoded and scaled to cover a frame.

        Args:
            file: the picture's bytes, seekable.
            digest: their sha256.
            width: of the frame, in pixels.
            height: of the frame, in pixels.

        Raises:
            PictureRefused: the bytes are no picture, or one that is too large.
        """
        key = (digest, width, height)
        picture = self._pictures.get(key)
        if picture is None:
            self._pictures[key] = picture = Picture(digest, _decode(file, width, height))
        return picture


def _decode(file: IO[bytes], width: int, height: int) -> Image.Image:
    try:
        with Image.open(file, formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureRefused(
                    f"{opened.width}x{opened.height} pixels, more than {MAX_PIXELS:,} are refused"
                )
            # JPEG can be decoded at a fraction of its size, which is most of the work saved.
            opened.draft("RGB", (2 * max(width, height), 2 * max(width, height)))
            return _cover(_flatten(ImageOps.exif_transpose(opened)), width, height)
    except UnidentifiedImageError:
        raise PictureRefused("these bytes are not a PNG, JPEG, WebP, GIF, BMP or TIFF") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(f"more than {MAX_PIXELS:,} pixels are refused") from None
    # Decoders of damaged files raise whatever they stumble over.
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, struct.error) as error:
        raise PictureRefused(f"the picture is damaged: {error}") from None


def _flatten(image: Image.Image) -> Image.Image:
    """Lay a picture on white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _cover(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale and crop a picture so that it covers a frame, with room to pan."""
    scale = max(width / image.width, height / image.height)
    if max(image.width * scale / width, image.height * scale / height) < _LEAST_EXCESS:
        scale *= _LEAST_EXCESS
    kept_width = min(image.width * scale, width * _MOST_EXCESS)
    kept_height = min(image.height * scale, height * _MOST_EXCESS)
    left = (image.width - kept_width / scale) / 2
    top = (image.height - kept_height / scale) / 2
    return image.resize(
        (math.ceil(kept_width), math.ceil(kept_height)),
        Image.Resampling.BICUBIC,
        box=(left, top, left + kept_width / scale, top + kept_height / scale),
        reducing_gap=2.0,
    )


def is_data_uri(reference: object) -> bool:
    """Whether a reference to a picture carries the picture itself."""
    return isinstance(reference, str) and reference[:5].lower() == "data:"


def from_data_uri(uri: str) -> IO[bytes]:
    """Return the bytes that a data URI carries.

    Raises:
        PictureRefused: it is not a data URI of an image, or its base64 is broken.
    """
    head = _DATA_URI.match(uri)
    if head is None:
        raise PictureRefused("a data URI reads data:image/png;base64,…")
    if not head["type"].lower().startswith("image/"):
        raise PictureRefused(f"a data URI of type {head['type'] or 'text/plain'!r}, not an image")
    payload = uri[head.end() :]
    if not head["parameters"].lower().endswith(";base64"):
        return io.BytesIO(unquote_to_bytes(payload))
    try:
        return io.BytesIO(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError) as error:
        raise PictureRefused(f"the data URI's base64 is broken: {error}") from None


def is_link(reference: str) -> bool:
    """Whether a reference is an http(s) link with a host."""
    try:
        parts = urlsplit(reference)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def is_loopback_link(reference: str) -> bool:
    """Whether a link leads to this machine; nothing else is ever fetched."""
    if not is_link(reference) or urlsplit(reference).scheme != "http":
        return False
    host = urlsplit(reference).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def fetch_loopback(link: str, stopping: Event) -> IO[bytes]:
    """Fetch a picture from this machine, following redirects that stay on it.

    Args:
        link: a loopback link.
        stopping: set when the sandbox stops; the fetch then ends at the next chunk.

    Raises:
        PictureRefused: the link leaves this machine, fails, is too slow or too large.
    """
    deadline = time.monotonic() + _FETCH_SECONDS
    content = io.BytesIO()
    with httpx.Client(timeout=_FETCH_SECONDS / 2, trust_env=False) as client:
        for _ in range(_MAX_REDIRECTS + 1):
            if not is_loopback_link(link):
                raise PictureRefused(f"{link} leaves this machine: not fetched")
            try:
                with client.stream("GET", link) as response:
                    if response.has_redirect_location:
                        link = urljoin(link, response.headers["location"])
                        continue
                    if response.status_code != httpx.codes.OK:
                        raise PictureRefused(f"{link} answered {response.status_code}")
                    for chunk in response.iter_bytes():
                        content.write(chunk)
                        if content.tell() > MAX_LINKED_BYTES:
                            raise PictureRefused(
                                f"{link} is larger than {MAX_LINKED_BYTES:,} bytes"
                            )
                        if time.monotonic() > deadline or stopping.is_set():
                            raise PictureRefused(f"{link} took longer than {_FETCH_SECONDS:.0f} s")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise PictureRefused(f"{link} cannot be fetched: {error}") from None
            content.seek(0)
            return content
    raise PictureRefused(f"more than {_MAX_REDIRECTS} redirects, the last to {link}")
