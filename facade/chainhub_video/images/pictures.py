"""Open a picture in any of the forms that callers have, as a named, typed, seekable stream."""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
import struct
import tempfile
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast
from urllib.parse import unquote_to_bytes

import attrs

from chainhub_video.errors import InvalidRequest

if TYPE_CHECKING:
    from PIL.Image import Image

ImageSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image"
)

MEMORY_LIMIT = 1 << 20  # bytes that a spooled picture keeps in memory before it moves to the disk
STREAM_LIMIT = 256_000_000  # bytes that are taken from a stream, which might never end
_QUOTES = "\"'`"
_LONGEST_NAME = 150  # characters of a file name
_CHUNK = 1 << 16
_HEAD = 64

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
)
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_AS_THEY_ARE = ("L", "RGB", "RGBA")
# What Pillow raises at files that are broken, and, the last one, at notes in them that it cannot write again.
BROKEN = (OSError, ValueError, SyntaxError, struct.error)
_KINDS = "PNG, JPEG, WebP, GIF, AVIF, HEIC, TIFF or BMP"


@attrs.frozen(eq=False)
class Picture:
    """A picture that is ready to travel.

    Attributes:
        name: a file name, never empty.
        media_type: from the content, not from the name.
        size: in bytes.
        stream: readable and seekable; position 0 is the picture's first byte.
    """

    name: str
    media_type: str
    size: int
    stream: BinaryIO = attrs.field(repr=False)

    def close(self) -> None:
        """Release the stream. A file that the caller opened stays open."""
        self.stream.close()

    def data_uri(self) -> str:
        """Return the whole picture as a `data:` link."""
        self.stream.seek(0)
        text = base64.b64encode(self.stream.read()).decode("ascii")
        return f"data:{self.media_type};base64,{text}"


def link_in(source: ImageSource) -> str | None:
    """Return the http(s) link that a source is, or None if it is something else; a file:// address is a path.

    Raises:
        InvalidRequest: it is a link of another kind.
    """
    if not isinstance(source, str) or is_file_address(source):
        return None
    scheme, colon, _rest = source.strip().partition("://")
    if not colon or not scheme.replace("+", "").isalnum():
        return None
    if scheme.lower() not in ("http", "https"):
        raise InvalidRequest(
            f"image {_shown(source)}: only http, https and file:// addresses are taken"
        )
    link = source.strip()
    if not link.isprintable() or " " in link:
        raise InvalidRequest(
            f"image {_shown(source)}: a link holds no blanks or control characters"
        )
    return link


def is_file_address(source: ImageSource) -> bool:
    """Return whether a source is a `file:` address."""
    return isinstance(source, str) and source.strip()[:6].lower() == "file:/"


def is_data_uri(source: ImageSource) -> bool:
    """Return whether a source is a `data:` link."""
    return isinstance(source, str) and source[:5].lower() == "data:"


def open_picture(source: ImageSource) -> Picture:
    """Open a local picture. May block.

    Args:
        source: a path, a file:// address, bytes, a binary file (read from its current position), a data URI, or a
            Pillow image.

    Raises:
        InvalidRequest: it cannot be read, or is not a picture.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return identify(io.BytesIO(source), label="the picture given as bytes")
    if is_data_uri(source):
        return identify(io.BytesIO(_decode(cast("str", source))), label="the data URI")
    if isinstance(source, (str, os.PathLike)):
        return _open_path(source)
    if hasattr(source, "read"):
        return _open_file(source)
    if type(source).__module__.partition(".")[0] == "PIL" or hasattr(source, "tobitmap"):
        return from_pillow(cast("Any", source))
    raise InvalidRequest(
        "image must be a path, bytes, a binary file, an http(s) link, a data URI or a Pillow image, "
        f"not {type(source).__name__}"
    )


def from_pillow(image: Image) -> Picture:
    """Return a Pillow image as a PNG picture, upright. May block.

    Raises:
        InvalidRequest: it cannot be written.
    """
    from PIL import ImageOps

    stream = spool()
    try:
        upright = ImageOps.exif_transpose(image)
        profile = colour_profile(upright)
        in_colour(upright).save(stream, format="PNG", icc_profile=profile)
    except (*BROKEN, AttributeError) as error:
        stream.close()
        raise InvalidRequest(f"the Pillow image cannot be written as PNG: {error}") from error
    return identify(stream, label="the Pillow image")


def in_colour(image: Image) -> Image:
    """Return an image in one of the modes that every encoder and every scaler takes, with nothing visible lost."""
    if image.has_transparency_data:
        straight = image.convert("LA") if image.mode == "La" else image
        return straight.convert("RGBA")
    if image.mode in _SIXTEEN_BITS:  # a plain conversion would cut everything above 255 to white
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image if image.mode in _AS_THEY_ARE else image.convert("RGB")


def colour_profile(image: Image) -> bytes | None:
    """Return an image's colour profile, if it still holds once the image is RGB."""
    return None if image.mode in ("CMYK", "LAB", "YCbCr") else image.info.get("icc_profile")


def identify(stream: BinaryIO, *, label: str, name: str = "") -> Picture:
    """Return the picture in a stream, after a look at its first bytes and at its end.

    Args:
        stream: seekable, position 0 is the first byte; closed if the content is refused.
        label: what to call it in a message.
        name: the file name to send, made plain; one is made up from the type if nothing is left of it.

    Raises:
        InvalidRequest: the content is not a picture, or only the beginning of one.
    """
    from chainhub_video.images.endings import is_cut_off  # of use to pictures alone

    stream.seek(0)
    head = stream.read(_HEAD)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    media_type = _media_type(head)
    if media_type is None:
        stream.close()
        seen = "it is empty" if not head else f"it starts with {head[:12]!r}"
        raise InvalidRequest(f"{label} is not a picture ({seen}): give a {_KINDS} file")
    if is_cut_off(stream, media_type):
        stream.close()
        raise InvalidRequest(f"{label} is cut off, its end is missing: fetch or export it again")
    stream.seek(0)
    return Picture(_file_name(name, media_type), media_type, size, stream)


def _file_name(name: str, media_type: str) -> str:
    """Return a name that any server can take for that of a file: no folder, no quotes, and an extension."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(one for one in last if one.isprintable() and one not in _QUOTES).strip(" .")
    plain = plain[-_LONGEST_NAME:].lstrip(" .") or "image"
    if PurePath(plain).suffix:
        return plain
    return f"{plain}.{media_type.partition('/')[2].replace('jpeg', 'jpg')}"


def spool() -> BinaryIO:
    """Return a temporary file that stays in memory while it is small."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=MEMORY_LIMIT))


def _media_type(head: bytes) -> str | None:
    for offset, signature, media_type in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return media_type
    return None


def _open_path(source: str | os.PathLike[str]) -> Picture:
    label = f"image {_shown(source)}"
    try:
        path = Path(_addressed(source) if is_file_address(source) else source)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
            raise InvalidRequest(f"{label} is {kind}")
        stream = path.open("rb")
        try:
            return identify(stream, label=label, name=path.name)
        except OSError:
            stream.close()
            raise
    except FileNotFoundError as error:
        raise InvalidRequest(f"{label} does not exist: check the path") from error
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidRequest(f"{label} cannot be read: {reason}") from error


def _addressed(source: str | os.PathLike[str]) -> str:
    """Return the path that a file:// address names."""
    rest, host = str(source).strip()[len("file:") :], ""
    if rest.startswith("//"):
        host, _, rest = rest[2:].partition("/")
    if host.lower() not in ("", "localhost"):
        raise InvalidRequest(
            f"image {_shown(source)} is a file of another machine, {host!r}: give one of this machine, as in "
            "file:///folder/picture.png, or an http(s) link"
        )
    path = f"/{rest.removeprefix('/')}"
    if os.name == "nt":
        from urllib.request import url2pathname  # slow to import

        return url2pathname(path)
    return os.fsdecode(unquote_to_bytes(path))


def _open_file(file: Any) -> Picture:
    name = Path(name).name if isinstance(name := getattr(file, "name", ""), str) else ""
    label = f"the open file {_shown(name)}"
    try:
        if isinstance(file, io.TextIOBase):
            raise InvalidRequest('image is a file opened as text: open it with mode "rb"')
        if hasattr(file, "seekable") and file.seekable():
            return identify(cast("BinaryIO", _Window(file)), label=label, name=name)
        return identify(_copied(file, label), label=label, name=name)
    except InvalidRequest:
        raise
    except Exception as error:
        raise InvalidRequest(f"{label} cannot be read: {error}") from error


def _copied(file: IO[bytes], label: str) -> BinaryIO:
    """Take a stream that cannot be rewound, as far as it is a picture and has an end."""
    copy = spool()
    try:
        head = b""
        while data := file.read(_CHUNK):
            copy.write(data)
            if len(head) < _HEAD:
                head += data[:_HEAD]
                if len(head) >= _HEAD and _media_type(head) is None:
                    break  # `identify` says what is wrong; the rest need not be waited for
            if copy.tell() > STREAM_LIMIT:
                raise InvalidRequest(f"{label} has more than {STREAM_LIMIT:,} bytes, or no end")
    except BaseException:
        copy.close()
        raise
    return copy


def _shown(source: object) -> str:
    """Return a path or a name for a message: quoted, on one line, and not longer than a message can carry."""
    return f"{str(source)!r:.300}"


def _decode(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise InvalidRequest(f"image {head[:40]!r} is a data URI without base64 content")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(f"the data URI's base64 content cannot be decoded: {error}") from error


class _Window(io.RawIOBase):
    """The caller's file from the position it had, as if that were its beginning."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = self._start if whence == os.SEEK_SET else 0
        return self._file.seek(offset + start, whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start
