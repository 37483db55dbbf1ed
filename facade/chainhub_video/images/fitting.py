"""Scale pictures to a video's pixels. Needs Pillow (extra `images`)."""

from __future__ import annotations

import re
import warnings
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import PurePath
from threading import Lock
from typing import TYPE_CHECKING

from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import (
    BROKEN,
    Picture,
    colour_profile,
    identify,
    in_colour,
    spool,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 100_000_000  # a larger picture is a mistake or a decompression bomb
_OPENING = (
    Lock()
)  # filters of warnings belong to the process, and may be changed by one thread at a time
_PIXELS = re.compile(r"(\d{2,5})x(\d{2,5})")
_HEIF = ("image/heic", "image/heif")
_SMALLEST = 64  # pixels of a side; what is smaller, such as 16x9, is a ratio


@cache
def _has_pillow() -> bool:
    """Return whether Pillow can be imported."""
    return find_spec("PIL") is not None


def fitted(picture: Picture, size: str | None, fit: str | None) -> Picture:
    """Return a picture in the requested pixels. May block.

    Args:
        picture: closed if another one is returned, or if it is refused.
        size: the video's size; only one such as `1280x720` says how many pixels are wanted.
        fit: `"cover"` fills the frame and cuts what stands out, `"contain"` shows all of it on black;
            None leaves the picture alone, and warns once if its pixels differ and Pillow is there.

    Raises:
        InvalidRequest: the picture cannot be decoded, or Pillow or the pixels are missing.
    """
    pixels = _pixels(size)
    try:
        if fit is None:
            if pixels and _has_pillow():
                _warn_if_other(picture, *pixels)
            return picture
        if pixels is None:
            raise InvalidRequest(
                f"fit needs a size in pixels such as 1280x720, and size is {size!r}"
            )
        if not _has_pillow():
            raise InvalidRequest('fit needs Pillow: pip install "chainhub-video[images]"')
        return _fit(picture, pixels, fit)
    except BaseException:
        picture.close()
        raise


def _pixels(size: str | None) -> tuple[int, int] | None:
    """Return the pixels that a size names, or None if it names a class such as 720P or a ratio such as 16x9."""
    named = _PIXELS.fullmatch(size or "")
    pixels = (int(named[1]), int(named[2])) if named else (0, 0)
    return pixels if min(pixels) >= _SMALLEST else None


def _fit(picture: Picture, pixels: tuple[int, int], fit: str) -> Picture:
    from PIL import ExifTags, ImageOps, UnidentifiedImageError

    stream = spool()
    try:
        image = _decoded(picture)
        image.load()
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
        if image.size == pixels and not turned:
            stream.close()
            picture.stream.seek(0)
            return picture
        kind = "JPEG" if picture.media_type == "image/jpeg" else "PNG"
        upright = in_colour(ImageOps.exif_transpose(image))
        bring = partial(ImageOps.pad, color="black") if fit == "contain" else ImageOps.fit
        bring(upright, pixels).save(
            stream, format=kind, quality=95, icc_profile=colour_profile(image)
        )
    except UnidentifiedImageError as error:
        stream.close()
        raise _unidentified(picture, error) from error
    except BROKEN as error:
        stream.close()
        raise _undecodable(picture, error) from error
    except BaseException:
        stream.close()
        raise
    picture.close()
    name = picture.name if kind == "JPEG" else str(PurePath(picture.name).with_suffix(".png"))
    return identify(stream, label=picture.name, name=name)


def _warn_if_other(picture: Picture, width: int, height: int) -> None:
    from PIL import UnidentifiedImageError

    try:
        image = _decoded(picture)
        across, down = reversed(image.size) if _on_its_side(image) else image.size
    except UnidentifiedImageError:  # a kind that this Pillow cannot read; the gateway may
        return
    finally:
        picture.stream.seek(0)
    if (across, down) != (width, height):
        warnings.warn(
            f"{picture.name} has {across}x{down} pixels and the video {width}x{height}, "
            'which some models refuse: fit="cover" or fit="contain" brings them together',
            stacklevel=2,
        )


def _on_its_side(image: Image) -> bool:
    """Return whether an image is stored turned by a quarter, so that its sides change places upright."""
    from PIL import ExifTags
    from PIL.Image import Image as Plain

    if image.format == "TIFF":  # Pillow turns these by itself
        return False
    try:  # not `image.getexif()`, which for a PNG unpacks all pixels first
        return Plain.getexif(image).get(ExifTags.Base.Orientation) in range(5, 9)
    except BROKEN:  # pixels may well be whole where notes about them are not
        return False


def _decoded(picture: Picture) -> Image:
    """Open a picture with Pillow, without its pixels yet."""
    from PIL import Image, UnidentifiedImageError

    picture.stream.seek(0)
    try:
        if picture.media_type in _HEIF and "HEIF" not in Image.OPEN and find_spec("pillow_heif"):
            import_module("pillow_heif").register_heif_opener()
        with _OPENING, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(picture.stream)
    except UnidentifiedImageError:
        raise
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise _undecodable(picture, error) from error
    if image.width * image.height > _MOST_PIXELS:
        raise InvalidRequest(
            f"{picture.name} has {image.width}x{image.height} pixels: give one below "
            f"{_MOST_PIXELS:,} pixels in all"
        )
    return image


def _unidentified(picture: Picture, error: BaseException) -> InvalidRequest:
    """Return the error for a kind of picture that this Pillow cannot read, or a picture that is none after all."""
    from PIL import features

    if picture.media_type in _HEIF and not find_spec("pillow_heif"):
        needed = "pip install pillow-heif"
    elif picture.media_type == "image/avif" and not features.check("avif"):
        needed = 'pip install "pillow>=11.3"'
    else:
        return _undecodable(picture, error)
    kind = picture.media_type.removeprefix("image/").upper()
    return InvalidRequest(
        f"{picture.name} is {kind}, which this Pillow cannot read, so it cannot be fitted: {needed}, or export "
        "it as JPEG or PNG"
    )


def _undecodable(picture: Picture, error: BaseException) -> InvalidRequest:
    return InvalidRequest(f"{picture.name} cannot be decoded: {error}; is the file whole?")
