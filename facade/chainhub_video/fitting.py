"""What needs Pillow (extra `images`): Pillow images as input, and pictures brought to a video's pixels."""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .errors import InvalidRequest
from .pictures import Picture, identify, spool

if TYPE_CHECKING:
    from PIL.Image import Image

FITS = ("cover", "contain")
_MOST_PIXELS = 100_000_000  # a larger picture is a mistake or a decompression bomb
_PIXELS = re.compile(r"(\d+)x(\d+)")


def from_pillow(image: Image) -> Picture:
    """Return a Pillow image as a PNG picture, upright. May block.

    Raises:
        InvalidRequest: it cannot be written.
    """
    from PIL import ImageOps

    stream = spool()
    try:
        ImageOps.exif_transpose(image).save(stream, format="PNG")
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidRequest(f"the Pillow image cannot be written as PNG: {error}") from error
    return identify(stream, label="the Pillow image")


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
    named = _PIXELS.fullmatch(size or "")
    try:
        if fit is None:
            if named and find_spec("PIL"):
                _warn_if_other(picture, int(named[1]), int(named[2]))
            return picture
        if not named:
            raise InvalidRequest(
                f"fit needs a size in pixels such as 1280x720, and size is {size!r}"
            )
        if not find_spec("PIL"):
            raise InvalidRequest('fit needs Pillow: pip install "chainhub-video[images]"')
        return _fit(picture, (int(named[1]), int(named[2])), fit)
    except BaseException:
        picture.close()
        raise


def _fit(picture: Picture, pixels: tuple[int, int], fit: str) -> Picture:
    from PIL import ImageOps

    try:
        image = _decoded(picture)
        upright = ImageOps.exif_transpose(image)
        if upright.size == pixels and upright is image:
            picture.stream.seek(0)
            return picture
        kind = "JPEG" if picture.media_type == "image/jpeg" else "PNG"
        if upright.mode not in ("RGB", "RGBA", "L"):
            upright = upright.convert("RGBA" if "transparency" in upright.info else "RGB")
        bring = ImageOps.fit if fit == "cover" else ImageOps.pad
        stream = spool()
        bring(upright, pixels).save(stream, format=kind, quality=95)
    except (OSError, ValueError, SyntaxError) as error:
        raise _undecodable(picture, error) from error
    picture.close()
    return identify(stream, label=picture.name, name=picture.name)


def _warn_if_other(picture: Picture, width: int, height: int) -> None:
    from PIL import UnidentifiedImageError

    try:
        image = _decoded(picture)
    except UnidentifiedImageError:  # a kind that this Pillow cannot read; the gateway may
        return
    finally:
        picture.stream.seek(0)
    if image.size != (width, height):
        warnings.warn(
            f"{picture.name} has {image.width}x{image.height} pixels and the video {width}x{height}, "
            'which some models refuse: fit="cover" or fit="contain" brings them together',
            stacklevel=2,
        )


def _decoded(picture: Picture) -> Image:
    """Open a picture with Pillow, without its pixels yet."""
    from PIL import Image, UnidentifiedImageError

    picture.stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(picture.stream)
    except UnidentifiedImageError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _undecodable(picture, error) from error
    if image.width * image.height > _MOST_PIXELS:
        raise InvalidRequest(
            f"{picture.name} has {image.width}x{image.height} pixels: give one below "
            f"{_MOST_PIXELS:,} pixels in all"
        )
    return image


def _undecodable(picture: Picture, error: BaseException) -> InvalidRequest:
    return InvalidRequest(f"{picture.name} cannot be decoded: {error}; is the file whole?")
