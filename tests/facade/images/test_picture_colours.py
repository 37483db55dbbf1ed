"""What a fitted picture looks like: colours, palettes, alpha, 16 bits and profiles, against what Pillow draws."""

from __future__ import annotations

import io

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.pictures import from_pillow
from PIL import Image, ImageCms

from tests.support.drawing import encoded, fit_to, near, opened, pixel_of, stripes
from tests.support.wires import png


def test_every_mode_keeps_its_look() -> None:
    """Black and white, palettes, print colours and alpha arrive as the same picture, as a PNG or JPEG."""
    for mode, kind in (
        ("1", "PNG"), ("L", "PNG"), ("P", "GIF"), ("P", "PNG"), ("RGB", "BMP"), ("RGB", "WEBP"), ("RGB", "JPEG"),
        ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "JPEG"), ("RGBA", "PNG"), ("RGBA", "WEBP"), ("LA", "PNG"),
    ):  # fmt: skip
        drawn = stripes((600, 300), mode)
        expected = pixel_of(drawn.convert("RGB"), 300, 150)
        image = fit_to(encoded(drawn, kind), "cover", "300x150")
        assert image.format == ("JPEG" if kind == "JPEG" else "PNG"), (mode, kind)
        assert image.mode in ("L", "RGB", "RGBA"), (mode, kind)
        assert near(pixel_of(image.convert("RGB"), 150, 75), expected), (mode, kind)


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


def test_sixteen_bits_keep_their_brightness() -> None:
    """A 16-bit grey picture is scaled to 8 bits, not cut to white."""
    for value in (0, 257 * 40, 257 * 128, 65535):
        content = encoded(Image.new("I;16", (600, 300), value))
        pixel: object = fit_to(content, "cover", "300x150").convert("L").getpixel((5, 5))
        assert isinstance(pixel, int)
        assert abs(pixel - value // 257) <= 1, value


def test_a_colour_profile_is_kept_where_it_holds() -> None:
    """An RGB picture keeps its profile; one of print colours does not drag its own along into RGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        image = fit_to(encoded(stripes((600, 300)), kind, icc_profile=profile), "cover", "300x150")
        assert image.info["icc_profile"] == profile
    printed = encoded(stripes((600, 300), "CMYK"), "TIFF", icc_profile=profile)
    assert "icc_profile" not in fit_to(printed, "cover", "300x150").info


def test_a_pillow_image_of_any_mode_becomes_a_png() -> None:
    """Whatever mode the caller's image has, it is sent as a PNG that looks the same."""
    for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "La", "CMYK", "YCbCr", "HSV"):
        image = opened(from_pillow(_grey(mode)))
        assert (image.format, image.size) == ("PNG", (8, 8)), mode
        expected = pixel_of(_grey("LA" if mode == "La" else mode).convert("RGBA"), 0, 0)
        assert near(pixel_of(image.convert("RGBA"), 0, 0), expected), mode
    image = opened(from_pillow(Image.new("I;16", (8, 8), 257 * 100)))
    assert (image.format, image.convert("L").getpixel((0, 0))) == ("PNG", 100)


def _grey(mode: str) -> Image.Image:
    image = Image.new("RGBA", (8, 8), (200, 200, 200, 255))
    if mode in ("La", "PA"):
        return image.convert("LA").convert(mode)
    if mode in ("HSV", "CMYK", "YCbCr", "1", "P", "L"):
        return image.convert("RGB").convert(mode)
    return image.convert(mode)


def test_an_image_that_cannot_be_written_is_refused() -> None:
    """A Pillow image whose file has gone ends in a refusal, not in Pillow's own exception."""
    file = io.BytesIO(png())
    image = Image.open(file)
    file.close()
    with pytest.raises(InvalidRequest, match="cannot be written as PNG"):
        from_pillow(image)
