"""Pictures brought to a video's pixels, told to differ from them, or refused where they cannot be decoded."""

from __future__ import annotations

import io
import random
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images import fitting
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import from_pillow, open_picture
from PIL import Image, ImageCms

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.drawing import (
    BLACK,
    BLUE,
    GREEN,
    HEIC,
    RED,
    SIZE,
    encoded,
    fit_to,
    near,
    opened,
    pixel_of,
    stripes,
)
from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, png


def test_cover_fills_the_frame_and_cuts_the_sides() -> None:
    """A wide picture in a narrower frame loses its sides alike, and nothing is stretched or black."""
    image = fit_to(encoded(stripes((3840, 720))), "cover")
    assert image.size == (1280, 720)
    assert all(near(image.getpixel((x, y)), GREEN) for x in (5, 640, 1275) for y in (0, 719))


def test_contain_shows_all_on_black() -> None:
    """A wide picture in a narrower frame is seen whole, with black above and below."""
    image = fit_to(encoded(stripes((3840, 720))), "contain")
    assert image.size == (1280, 720)
    assert near(image.getpixel((640, 20)), BLACK)
    assert near(image.getpixel((640, 700)), BLACK)
    row = [image.getpixel((x, 360)) for x in (10, 640, 1270)]
    assert [near(*pair) for pair in zip(row, (RED, GREEN, BLUE), strict=True)] == [True] * 3


def test_the_pixels_are_exact() -> None:
    """Whatever the picture's shape, the result has exactly the requested pixels."""
    for size in ((1, 1), (7, 4000), (1281, 721), (1280, 719), (640, 360)):
        for fit, wanted in (("cover", (720, 1280)), ("contain", (1280, 720))):
            assert fit_to(png(size), fit, f"{wanted[0]}x{wanted[1]}").size == wanted


def _turned(upright: Image.Image, orientation: int, kind: str) -> bytes:
    """A photograph as a camera stores it that was held in one of eight ways."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of Transpose, each the inverse
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, kind, exif=exif)


def test_orientation_is_honoured() -> None:
    """A photograph that a camera stored turned or mirrored comes out upright, whichever of the eight ways it is."""
    upright = stripes((300, 200))
    upright.paste(BLACK, (0, 0, 300, 40))  # so that up and down differ as well
    for orientation in range(1, 9):
        image = fit_to(_turned(upright, orientation, "JPEG"), "cover", "300x200")
        assert image.size == (300, 200)
        assert image.getexif().get(0x0112, 1) == 1
        for place, wanted in (
            ((20, 150), RED),
            ((150, 150), GREEN),
            ((280, 150), BLUE),
            ((150, 10), BLACK),
        ):
            assert near(image.getpixel(place), wanted), (orientation, place)


def test_a_picture_that_fits_is_left_alone() -> None:
    """A picture that has the pixels already is sent byte for byte: nothing is encoded a second time."""
    for fit, kind in (("cover", "JPEG"), ("contain", "PNG")):
        content = encoded(stripes((1280, 720)), kind)
        with closing(fitted(open_picture(content), SIZE, fit)) as picture:
            assert picture.stream.read() == content


def test_the_name_tells_the_new_kind(tmp_path: Path) -> None:
    """The file name that is sent ends as what is sent, also where a GIF became a PNG."""
    for name in ("photo.jpg", "photo.gif", "photo", ".gif", "a.b.tiff"):
        path = tmp_path / name
        path.write_bytes(encoded(stripes((60, 30)), "JPEG" if name.endswith("jpg") else "GIF"))
        with closing(fitted(open_picture(path), "128x72", "cover")) as picture:
            assert picture.name.endswith(".jpg" if name.endswith("jpg") else ".png")
            assert picture.media_type == f"image/{'jpeg' if name.endswith('jpg') else 'png'}"


@BLOCKING
def test_fit_needs_pixels_and_a_picture(hub: Any) -> None:
    """A ratio such as 16x9 is no size to fit to; nor can a link be fitted that travels as a link."""
    for size in (None, "720P", "16x9"):
        with pytest.raises(InvalidRequest, match="size in pixels"):
            fitted(open_picture(png()), size, "cover")
        fitted(open_picture(png()), size, None).close()  # and there is nothing to warn of
    with pytest.raises(InvalidRequest, match="fit needs a local picture"):
        UNIFIED.create(hub, fit="cover")


@BLOCKING
def test_a_fitted_picture_travels_inline(colour: Colour, gateway: Gateway) -> None:
    """In the unified format, too, a local picture is fitted before it is sent, here as a data URI."""
    gateway.on("create", tell(UNIFIED.created()))
    hub = colour.hub(gateway.url, inline_images=True)
    hub.videos.create(
        "x",
        model="m",
        format="unified",
        aspect_ratio="16:9",
        size="128x72",
        image=png(),
        fit="cover",
    )
    (link,) = gateway.of("create")[0].json["images"]
    with Image.open(io.BytesIO(open_picture(link).stream.read())) as image:
        assert image.size == (128, 72)


def test_many_threads_may_fit_at_once() -> None:
    """Sixteen threads fit pictures together, and the process's filters of warnings are afterwards what they were."""
    before = list(warnings.filters)
    content = encoded(stripes((300, 200)))
    with ThreadPoolExecutor(16) as pool:
        sizes = list(pool.map(lambda _: fit_to(content, "cover", "128x72").size, range(64)))
    assert set(sizes) == {(128, 72)}
    assert list(warnings.filters) == before


@BLOCKING
def test_a_differing_picture_warns_once_and_an_equal_one_never(gateway: Gateway, hub: Any) -> None:
    """Without `fit`, other pixels than the video's are told in one warning that names both and the two ways out."""
    gateway.on("create", tell(OPENAI.created()))
    with pytest.warns(UserWarning, match="640x480") as caught:
        OPENAI.create(hub, image=png((640, 480)))
    assert len(caught) == 1
    for words in ("1280x720", 'fit="cover"', 'fit="contain"'):
        assert words in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OPENAI.create(hub, image=png((1280, 720)))
        OPENAI.create(hub, image=png((640, 480)), fit="cover")
    sizes = [
        Image.open(io.BytesIO(create.parts["input_reference"])).size
        for create in gateway.of("create")
    ]
    assert sizes == [(640, 480), (1280, 720), (1280, 720)]


def _fits_without_a_warning(content: bytes, size: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with closing(fitted(open_picture(content), size, None)) as picture:
            assert picture.stream.read() == content


def test_a_picture_that_pillow_cannot_read_is_sent_without_a_warning() -> None:
    """Whether a kind is read is the gateway's business, so a picture unknown to Pillow passes as it is."""
    _fits_without_a_warning(HEIC.read_bytes(), SIZE)


def test_a_photograph_is_measured_upright() -> None:
    """A camera that was held upright stores 1280x720 and means 720x1280: the warning goes by what is meant."""
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        for orientation in range(1, 9):
            content = _turned(stripes((72, 128)), orientation, kind)
            _fits_without_a_warning(content, "72x128")
            with pytest.warns(UserWarning, match="has 72x128 pixels and the video 128x72"):
                fitted(open_picture(content), "128x72", None).close()


def test_broken_notes_do_not_turn_a_picture() -> None:
    """Where the note that says how a photograph was held cannot be read, the stored pixels count."""
    content = _turned(stripes((72, 128)), 6, "JPEG")
    assert content.count(b"MM\0*") == 1
    _fits_without_a_warning(content.replace(b"MM\0*", b"MM\0?"), "128x72")


SPOILT: dict[str, dict[str, str]] = {"PNG": {}, "GIF": {}, "TIFF": {"compression": "tiff_lzw"}}


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any number of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_bombs_are_refused() -> None:
    """A picture that claims more pixels than a computer should unpack is refused before it is unpacked."""
    for size in ((10_001, 10_000), (60_000, 60_000), (2**31 - 1, 1)):
        for fit in (None, "cover"):
            picture = open_picture(_bomb(*size))
            with pytest.raises(InvalidRequest, match=r"pixels|decoded"):
                fitted(picture, SIZE, fit)
            assert picture.stream.closed


def test_spoilt_pixels_are_refused() -> None:
    """A file that ends well and holds nonsense is refused where it is decoded, even if it has the right pixels."""
    noise = Image.frombytes("RGB", (200, 150), random.Random(1).randbytes(200 * 150 * 3))
    for kind, options in SPOILT.items():
        content = bytearray(encoded(noise, kind, **options))
        place = len(content) // 3
        content[place : place + 200] = bytes(200)
        for fit, size in (("cover", "640x360"), ("contain", "200x150")):
            picture = open_picture(content)
            with pytest.raises(InvalidRequest, match=r"cannot be decoded.*is the file whole"):
                fitted(picture, size, fit)
            assert picture.stream.closed


def test_a_kind_that_pillow_cannot_read_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A HEIC that is to be fitted ends in an error that says what to install, where that is missing."""
    picture = open_picture(HEIC)
    told = r"stripes.heic is HEIC, which this Pillow cannot read.*: pip install pillow-heif, or export it"
    with pytest.raises(InvalidRequest, match=told):
        fitted(picture, SIZE, "cover")
    assert picture.stream.closed
    plugin = ModuleType("pillow_heif")
    plugin.__spec__ = ModuleSpec("pillow_heif", None)
    registered: list[str] = []
    plugin.register_heif_opener = lambda: registered.append("once")  # type: ignore[attr-defined]  # as it has it
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    with pytest.raises(InvalidRequest, match="is the file whole"):
        fitted(open_picture(HEIC), SIZE, "cover")
    assert registered == ["once"]


def test_an_avif_that_pillow_cannot_read_names_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older Pillow, or one without the decoder, is told which version reads AVIF."""
    content = encoded(stripes((64, 64)), "AVIF")
    monkeypatch.setattr(Image, "ID", [kind for kind in Image.ID if kind != "AVIF"])
    monkeypatch.setattr("PIL.features.check", lambda name: name != "avif")
    with pytest.raises(InvalidRequest, match=r'is AVIF, which this.*pip install "pillow>=11.3"'):
        fitted(open_picture(content), SIZE, "contain")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_notes_that_cannot_be_written_again_are_refused(kind: str) -> None:
    """A photograph that is to be turned, with a width that is a word, ends in a refusal and not in a traceback."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "wide"
    content = encoded(stripes((300, 200)), kind, exif=exif)
    named = b"\x01\x32\0\x02\0\0\0\x05"  # the tag of a date, of type text, with five characters
    assert content.count(named) == 1
    broken = content.replace(named, b"\x01\0" + named[2:])
    picture = open_picture(broken)
    with pytest.raises(InvalidRequest, match="cannot be decoded"):
        fitted(picture, SIZE, "cover")
    assert picture.stream.closed
    fitted(open_picture(broken), "200x300", None).close()


def test_without_pillow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Pillow is not installed, everything but `fit` works, and `fit` says what to install."""
    content = png((300, 200))
    monkeypatch.setitem(sys.modules, "PIL", None)
    fitting._has_pillow.cache_clear()
    try:
        picture = fitted(open_picture(content), SIZE, None)  # no Pillow, no warning, no trouble
        assert picture.stream.read() == content
        with pytest.raises(InvalidRequest, match=r'pip install "chainhub-video\[images\]"'):
            fitted(picture, SIZE, "cover")
    finally:
        fitting._has_pillow.cache_clear()


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
