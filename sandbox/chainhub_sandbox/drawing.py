"""Draw the SANDBOX badge, and a placeholder for a picture that is not at hand."""

from __future__ import annotations

import colorsys
import contextlib
import hashlib
import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from PIL.ImageFont import ImageFont as BitmapFont

# Of these, the first that has most of a text's characters draws it; Pillow's own comes last.
_FACES = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "wqy-microhei.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
)
Font = FreeTypeFont | BitmapFont

_UNASSIGNED = "\U0010fffe"
_LONGEST_DRAWN = 400
_AMBER = (255, 193, 7, 255)
_INK = (16, 18, 24, 255)
_PANEL = (16, 18, 24, 200)
_PAPER = (245, 246, 250, 255)


@cache
def _fonts(size: int) -> list[Font]:
    """Return the fonts that are installed."""
    fonts: list[Font] = []
    for name in _FACES:
        with contextlib.suppress(OSError):
            fonts.append(ImageFont.truetype(name, size))
    return [*fonts, ImageFont.load_default(size)]


def _font(text: str, size: int) -> Font:
    """Return the first font that has all characters of a text, or else most of them."""
    characters = frozenset(text) - {" "}

    def count(index: int) -> int:
        return sum(_has_glyph(index, character) for character in characters)

    fonts = _fonts(size)
    return fonts[max(range(len(fonts)), key=count)]


@cache
def _has_glyph(index: int, character: str) -> bool:
    """Whether a font has a character, or draws the box that stands for an unknown one."""
    return _glyph(index, character) != _glyph(index, _UNASSIGNED)


def _glyph(index: int, character: str) -> bytes:
    image = Image.new("1", (48, 48))
    ImageDraw.Draw(image).text((8, 8), character, 1, _fonts(24)[index])
    return image.tobytes()


def _printable(text: str) -> str:
    """Return one line without control characters, short enough to be drawn."""
    line = " ".join(text.split())[: _LONGEST_DRAWN + 1]
    line = "".join(c for c in line if not unicodedata.category(c).startswith("C"))
    return line if len(line) <= _LONGEST_DRAWN else line[:_LONGEST_DRAWN].rstrip() + "…"


def _fitting(text: str, font: Font, width: float) -> int:
    """Return how many leading characters fit into a width, at least one."""
    counts = range(1, len(text) + 1)
    return max(1, bisect_right(counts, width, key=lambda count: font.getlength(text[:count])))


def _shortened(text: str, font: Font, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    return text[: _fitting(text, font, width - font.getlength("…"))].rstrip() + "…"


def _wrapped(text: str, font: Font, width: float) -> list[str]:
    """Return lines no wider than a width, broken at spaces, or inside words that are wider."""
    lines: list[str] = []
    while text:
        count = _fitting(text, font, width)
        if count < len(text) and (space := text.rfind(" ", 0, count + 1)) > 0:
            count = space
        lines.append(text[:count].strip())
        text = text[count:].lstrip()
    return lines


def badge(width: int, height: int, model: str, prompt: str) -> Image.Image:
    """Return the panel along the lower edge that says SANDBOX, the model and the prompt.

    Args:
        width: of the frame, in pixels; the panel is as wide.
        height: of the frame, in pixels; the panel is about an eighth of the shorter side.
        model: as requested.
        prompt: as requested; shortened to one line.

    Returns:
        RGBA pixels with an even height, to be laid over the bottom of every frame.
    """
    unit = min(width, height) / 100
    tall = round(12 * unit / 2) * 2
    panel = Image.new("RGBA", (width, tall), _PANEL)
    draw = ImageDraw.Draw(panel)
    margin = round(2.2 * unit)
    large = _font("SANDBOX", max(8, round(5.6 * unit)))
    word = round(large.getlength("SANDBOX"))
    plate = (margin, round(2 * unit), 2 * margin + word + margin, tall - round(2 * unit))
    draw.rounded_rectangle(plate, radius=1.6 * unit, fill=_AMBER)
    middle = ((plate[0] + plate[2]) / 2, tall / 2)
    bold: dict[str, Any] = {"stroke_width": unit / 12, "stroke_fill": _INK}
    draw.text(middle, "SANDBOX", _INK, large, "mm", **bold)
    left = plate[2] + margin
    for text, at, colour in (
        (f"{model}  ·  test clip, not made by a model", 0.3, _AMBER),
        (_printable(prompt), 0.68, _PAPER),
    ):
        small = _font(text, max(6, round(2.9 * unit)))
        shown = _shortened(text, small, width - left - margin)
        draw.text((left, tall * at), shown, colour, small, "lm")
    return panel


def placeholder(width: int, height: int, prompt: str) -> Image.Image:
    """Return a picture that shows the prompt, for a request whose own picture is not at hand.

    Args:
        width: of the frame, in pixels.
        height: of the frame, in pixels.
        prompt: as requested; its text also chooses the colours.

    Returns:
        RGB pixels, larger than the frame so that there is room to pan.
    """
    size = (round(width * 1.16), round(height * 1.16))
    hue = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()[0] / 255
    near, far = (
        tuple(round(255 * part) for part in colorsys.hls_to_rgb(turned % 1, lightness, 0.6))
        for turned, lightness in ((hue, 0.55), (hue + 0.18, 0.25))
    )
    # Turned by 30 degrees, only the middle half of the square is free of empty corners.
    slope = Image.linear_gradient("L").rotate(30, Image.Resampling.BICUBIC)
    slope = slope.crop((64, 64, 192, 192)).resize(size, Image.Resampling.BICUBIC)
    image = Image.composite(Image.new("RGB", size, far), Image.new("RGB", size, near), slope)
    draw = ImageDraw.Draw(image, "RGBA")
    unit = min(size) / 100
    for step in range(7):
        radius = (14 + 13 * step) * unit
        centre = (size[0] * 0.78, size[1] * 0.24)
        draw.circle(centre, radius, outline=(255, 255, 255, 60 - 7 * step), width=round(unit) or 1)
    text = _printable(prompt)
    font = _font(text, max(8, round(5 * unit)))
    lines = _wrapped(text, font, size[0] * 0.72)
    most = max(1, int(size[1] * 0.6 / (6.6 * unit)))
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rstrip() + " …"]
    top = size[1] / 2 - 6.6 * unit * (len(lines) - 1) / 2 - 3 * unit
    for number, line in enumerate(lines):
        where = (size[0] / 2, top + number * 6.6 * unit)
        draw.text((where[0] + unit / 3, where[1] + unit / 3), line, (0, 0, 0, 130), font, "mm")
        draw.text(where, line, "white", font, "mm")
    return image
