"""What a fitted picture looks like: colours, palettes, alpha, 16 bits and profiles, against what Pillow draws."""

from __future__ import annotations

import io

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.pictures import from_pillow
from PIL import Image, ImageCms

from tests.support.drawing import encoded, fit_to, near, opened, pixel_of, stripes
from tests.support.wires import png


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("P", "GIF"),
        ("P", "PNG"),
        ("RGB", "BMP"),
        ("RGB", "WEBP"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "JPEG"),
        ("RGBA", "PNG"),
        ("RGBA", "WEBP"),
        ("LA", "PNG"),
    ],
)
def test_every_mode_keeps_its_look(mode: str, kind: str) -> None:
    """Black and white, palettes, print colours and alpha arrive as the same picture, as a PNG or JPEG."""
    drawn = stripes((600, 300), mode)
    expected = pixel_of(drawn.convert("RGB"), 300, 150)
    image = fit_to(encoded(drawn, kind), "cover", "300x150")
    assert image.format == ("JPEG" if kind == "JPEG" else "PNG")
    assert image.mode in ("L", "RGB", "RGBA")
    assert near(pixel_of(image.convert("RGB"), 150, 75), expected)


def test_transparency_stays_transparency() -> None:
    """A palette's and a grey picture's transparent parts stay so, instead of turning into a colour."""
    grey = Image.new("LA", (600, 300), (200, 0))
    palette = Image.new("P", (600, 300), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    for content in (encoded(grey), encoded(palette, transparency=1)):
        image = fit_to(content, "cover", "300x150")
        assert image.mode == "RGBA"
        assert pixel_of(image, 10, 10)[3] == 0


def test_the_bars_of_contain_are_black_even_beside_transparency() -> None:
    """The bars are opaque black in a picture with alpha, too."""
    image = fit_to(encoded(Image.new("RGBA", (300, 300), (9, 9, 9, 0))), "contain", "600x300")
    assert pixel_of(image, 5, 150) == (0, 0, 0, 255)
    assert pixel_of(image, 300, 150)[3] == 0


@pytest.mark.parametrize("value", [0, 257 * 40, 257 * 128, 65535])
def test_sixteen_bits_keep_their_brightness(value: int) -> None:
    """A 16-bit grey picture is scaled to 8 bits, not cut to white."""
    content = encoded(Image.new("I;16", (600, 300), value))
    pixel: object = fit_to(content, "cover", "300x150").convert("L").getpixel((5, 5))
    assert isinstance(pixel, int)
    assert abs(pixel - value // 257) <= 1


def test_a_colour_profile_is_kept_where_it_holds() -> None:
    """An RGB picture keeps its profile; one of print colours does not drag its own along into RGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        image = fit_to(encoded(stripes((600, 300)), kind, icc_profile=profile), "cover", "300x150")
        assert image.info["icc_profile"] == profile
    printed = encoded(stripes((600, 300), "CMYK"), "TIFF", icc_profile=profile)
    assert "icc_profile" not in fit_to(printed, "cover", "300x150").info


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "La", "CMYK", "YCbCr", "HSV", "I;16"]
)
def test_a_pillow_image_of_any_mode_becomes_a_png(mode: str) -> None:
    """Whatever mode the caller's image has, it is sent as a PNG that looks the same."""
    drawn = Image.new("I;16", (8, 8), 257 * 100) if mode == "I;16" else _mode(mode)
    image = opened(from_pillow(drawn))
    assert (image.format, image.size) == ("PNG", (8, 8))
    if mode == "I;16":
        assert image.convert("L").getpixel((0, 0)) == 100
    else:
        expected = _mode("LA" if mode == "La" else mode).convert("RGBA").getpixel((0, 0))
        assert near(image.convert("RGBA").getpixel((0, 0)), expected)  # type: ignore[arg-type]


def _mode(mode: str) -> Image.Image:
    colour = Image.new("RGBA", (8, 8), (200, 200, 200, 255))
    if mode in ("La", "PA"):
        return colour.convert("LA").convert(mode)
    if mode in ("HSV", "CMYK", "YCbCr", "1", "P", "L"):
        return colour.convert("RGB").convert(mode)
    return colour.convert(mode)


def test_an_image_that_cannot_be_written_is_refused() -> None:
    """A Pillow image whose file has gone ends in a refusal, not in Pillow's own exception."""
    file = io.BytesIO(png())
    image = Image.open(file)
    file.close()
    with pytest.raises(InvalidRequest, match="cannot be written as PNG"):
        from_pillow(image)
