"""Pictures drawn for the tests of `fit`, and what became of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import Picture, open_picture
from PIL import Image

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
SIZE = "1280x720"
HEIC = Path(__file__).parent / "pictures" / "stripes.heic"  # 96x64, made with pillow-heif


def stripes(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A red, a green and a blue stripe, from left to right."""
    image = Image.new("RGB", size)
    third = size[0] / 3
    for place, colour in enumerate((RED, GREEN, BLUE)):
        image.paste(colour, (round(place * third), 0, round((place + 1) * third), size[1]))
    return image.convert(mode, dither=Image.Dither.NONE)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def fit_to(content: bytes, fit: str, size: str = SIZE) -> Image.Image:
    """A picture after `fit`, as an image."""
    picture = fitted(open_picture(content), size, fit)
    return opened(picture)


def opened(picture: Picture) -> Image.Image:
    """A picture as an image; closes it."""
    image = Image.open(io.BytesIO(picture.stream.read()))
    image.load()
    picture.close()
    return image


def pixel_of(image: Image.Image, across: int, down: int) -> tuple[int, ...]:
    """A pixel of a picture in colour."""
    pixel: object = image.getpixel((across, down))
    assert isinstance(pixel, tuple)
    return pixel


def near(seen: Any, colour: tuple[int, ...]) -> bool:
    """Whether a pixel has a colour, but for what an encoder changes."""
    return all(abs(one - other) <= 12 for one, other in zip(seen, colour, strict=False))
