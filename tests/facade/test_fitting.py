"""Pictures brought to a video's pixels, against pictures that Pillow draws and pictures that are broken."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.fitting import fitted, from_pillow
from chainhub_video.pictures import Picture, open_picture
from PIL import Image, ImageCms

from .answering import tell
from .colours import Colour
from .scripted import Gateway
from .wires import OPENAI, UNIFIED, png

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
SIZE = "1280x720"


def _stripes(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A red, a green and a blue stripe, from left to right."""
    image = Image.new("RGB", size)
    third = size[0] / 3
    for place, colour in enumerate((RED, GREEN, BLUE)):
        image.paste(colour, (round(place * third), 0, round((place + 1) * third), size[1]))
    return image.convert(mode, dither=Image.Dither.NONE)


def _file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _fit(content: bytes, fit: str, size: str = SIZE) -> Image.Image:
    picture = fitted(open_picture(content), size, fit)
    return _opened(picture)


def _opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.stream.read()))
    image.load()
    picture.close()
    return image


def _near(seen: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(seen, colour, strict=False))


def test_cover_fills_the_frame_and_cuts_the_sides() -> None:
    """A wide picture in a narrower frame loses its sides alike, and nothing is stretched or black."""
    image = _fit(_file(_stripes((3840, 720))), "cover")
    assert image.size == (1280, 720)
    assert all(_near(image.getpixel((x, y)), GREEN) for x in (5, 640, 1275) for y in (0, 719))


def test_contain_shows_all_on_black() -> None:
    """A wide picture in a narrower frame is seen whole, with black above and below."""
    image = _fit(_file(_stripes((3840, 720))), "contain")
    assert image.size == (1280, 720)
    assert _near(image.getpixel((640, 20)), BLACK)
    assert _near(image.getpixel((640, 700)), BLACK)
    row = [image.getpixel((x, 360)) for x in (10, 640, 1270)]
    assert [_near(*pair) for pair in zip(row, (RED, GREEN, BLUE), strict=True)] == [True] * 3


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("size", [(1, 1), (7, 4000), (1281, 721), (1280, 719), (640, 360)])
@pytest.mark.parametrize("wanted", ["1280x720", "720x1280"])
def test_the_pixels_are_exact(fit: str, size: tuple[int, int], wanted: str) -> None:
    """Whatever the picture's shape, the result has exactly the requested pixels."""
    image = _fit(png(size), fit, wanted)
    assert f"{image.width}x{image.height}" == wanted


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured(orientation: int) -> None:
    """A photograph that a camera stored turned or mirrored comes out upright, whichever of the eight ways it is."""
    upright = _stripes((300, 200))
    upright.paste(BLACK, (0, 0, 300, 40))  # so that up and down differ as well
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of Transpose, each the inverse
    stored = upright if orientation == 1 else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = _fit(_file(stored, "JPEG", exif=exif, quality=95), "cover", "300x200")
    assert image.size == (300, 200)
    assert image.getexif().get(0x0112, 1) == 1
    seen = [image.getpixel(place) for place in ((20, 150), (150, 150), (280, 150), (150, 10))]
    assert [_near(*pair) for pair in zip(seen, (RED, GREEN, BLUE, BLACK), strict=True)] == [
        True
    ] * 4


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
    drawn = _stripes((600, 300), mode)
    expected = drawn.convert("RGB").getpixel((300, 150))
    image = _fit(_file(drawn, kind), "cover", "300x150")
    assert image.format == ("JPEG" if kind == "JPEG" else "PNG")
    assert image.mode in ("L", "RGB", "RGBA")
    assert _near(image.convert("RGB").getpixel((150, 75)), expected)


def test_transparency_stays_transparency() -> None:
    """A palette's and a grey picture's transparent parts stay so, instead of turning into a colour."""
    grey = Image.new("LA", (600, 300), (200, 0))
    palette = Image.new("P", (600, 300), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    for content in (_file(grey), _file(palette, transparency=1)):
        image = _fit(content, "cover", "300x150")
        assert image.mode == "RGBA"
        assert image.getpixel((10, 10))[3] == 0


def test_the_bars_of_contain_are_black_even_beside_transparency() -> None:
    """The bars are opaque black in a picture with alpha, too."""
    image = _fit(_file(Image.new("RGBA", (300, 300), (9, 9, 9, 0))), "contain", "600x300")
    assert image.getpixel((5, 150)) == (0, 0, 0, 255)
    assert image.getpixel((300, 150))[3] == 0


@pytest.mark.parametrize("value", [0, 257 * 40, 257 * 128, 65535])
def test_sixteen_bits_keep_their_brightness(value: int) -> None:
    """A 16-bit grey picture is scaled to 8 bits, not cut to white."""
    content = _file(Image.new("I;16", (600, 300), value))
    pixel = _fit(content, "cover", "300x150").convert("L").getpixel((5, 5))
    assert isinstance(pixel, int)
    assert abs(pixel - value // 257) <= 1


def test_a_colour_profile_is_kept_where_it_holds() -> None:
    """An RGB picture keeps its profile; one of print colours does not drag its own along into RGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        image = _fit(_file(_stripes((600, 300)), kind, icc_profile=profile), "cover", "300x150")
        assert image.info["icc_profile"] == profile
    printed = _file(_stripes((600, 300), "CMYK"), "TIFF", icc_profile=profile)
    assert "icc_profile" not in _fit(printed, "cover", "300x150").info


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_fits_is_left_alone(fit: str, kind: str) -> None:
    """A picture that has the pixels already is sent byte for byte: nothing is encoded a second time."""
    content = _file(_stripes((1280, 720)), kind)
    picture = fitted(open_picture(content), SIZE, fit)
    assert picture.stream.read() == content
    picture.close()


@pytest.mark.parametrize("source", ["photo.jpg", "photo.gif", "photo", ".gif", "a.b.tiff"])
def test_the_name_tells_the_new_kind(tmp_path: Path, source: str) -> None:
    """The file name that is sent ends as what is sent, also where a GIF became a PNG."""
    path = tmp_path / source
    path.write_bytes(_file(_stripes((600, 300)), "JPEG" if source.endswith("jpg") else "GIF"))
    picture = fitted(open_picture(path), SIZE, "cover")
    assert picture.name.endswith(".jpg" if source.endswith("jpg") else ".png")
    assert picture.media_type == ("image/jpeg" if source.endswith("jpg") else "image/png")
    picture.close()


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


@pytest.mark.parametrize("fit", [None, "cover", "contain"])
@pytest.mark.parametrize("size", [(10_001, 10_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_bombs_are_refused(fit: str | None, size: tuple[int, int]) -> None:
    """A picture that claims more pixels than a computer should unpack is refused before it is unpacked."""
    picture = open_picture(_bomb(*size))
    with pytest.raises(InvalidRequest, match=r"pixels|decoded"):
        fitted(picture, SIZE, fit)
    assert picture.stream.closed


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize("size", ["640x360", "400x300"])
def test_truncated_files_are_refused(fit: str, kind: str, share: float, size: str) -> None:
    """A file that was cut is refused before anything is paid, even one that has the right pixels already."""
    noise = Image.effect_noise((400, 300), 80).convert("RGB")
    content = _file(noise, kind)
    picture = open_picture(content[: int(len(content) * share)])
    with pytest.raises(InvalidRequest, match=r"cannot be decoded.*is the file whole"):
        fitted(picture, size, fit)
    assert picture.stream.closed


@pytest.mark.parametrize("size", [None, "720P", "16x9"])
def test_fit_needs_pixels(size: str | None) -> None:
    """Without a size in pixels there is nothing to fit to, which is said; a ratio such as 16x9 is no size to fit to."""
    with pytest.raises(InvalidRequest, match="size in pixels"):
        fitted(open_picture(png()), size, "cover")
    fitted(open_picture(png()), size, None).close()  # and there is nothing to warn of


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


def test_a_picture_that_pillow_cannot_read_is_sent_without_a_warning() -> None:
    """Whether a kind is read is the gateway's business, so a picture unknown to Pillow passes as it is."""
    content = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 50
    picture = fitted(open_picture(content), SIZE, None)
    assert picture.stream.read() == content
    with pytest.raises(InvalidRequest, match="decoded"):
        fitted(picture, SIZE, "cover")


def test_a_link_that_travels_as_a_link_cannot_be_fitted(hub: Any) -> None:
    """`fit` with a link in the unified format is refused, since nobody here sees that picture."""
    with pytest.raises(InvalidRequest, match="fit needs a local picture"):
        UNIFIED.create(hub, fit="cover")


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


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "La", "CMYK", "YCbCr", "HSV", "I;16"]
)
def test_a_pillow_image_of_any_mode_becomes_a_png(mode: str) -> None:
    """Whatever mode the caller's image has, it is sent as a PNG that looks the same."""
    drawn = Image.new("I;16", (8, 8), 257 * 100) if mode == "I;16" else _mode(mode)
    image = _opened(from_pillow(drawn))
    assert (image.format, image.size) == ("PNG", (8, 8))
    if mode == "I;16":
        assert image.convert("L").getpixel((0, 0)) == 100
    else:
        expected = _mode("LA" if mode == "La" else mode).convert("RGBA").getpixel((0, 0))
        assert _near(image.convert("RGBA").getpixel((0, 0)), expected)  # type: ignore[arg-type]


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


def test_many_threads_may_fit_at_once() -> None:
    """Sixteen threads fit pictures together, and the process's filters of warnings are afterwards what they were."""
    before = list(warnings.filters)
    content = _file(_stripes((300, 200)))
    with ThreadPoolExecutor(16) as pool:
        sizes = list(pool.map(lambda _: _fit(content, "cover", "128x72").size, range(64)))
    assert set(sizes) == {(128, 72)}
    assert list(warnings.filters) == before


WITHOUT = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "PIL":
            raise ModuleNotFoundError(name)

import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "PIL" else real(name, package)
sys.meta_path.insert(0, Hidden())
from chainhub_video import ChainHub, InvalidRequest
from chainhub_video.fitting import fitted
from chainhub_video.pictures import open_picture

content = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(100)
picture = fitted(open_picture(content), "1280x720", None)  # no Pillow, no warning, no trouble
assert picture.stream.read() == content
try:
    fitted(picture, "1280x720", "cover")
except InvalidRequest as error:
    print(error)
"""


def test_without_pillow_the_error_names_the_extra() -> None:
    """Where Pillow is not installed, everything but `fit` works, and `fit` says what to install."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert 'pip install "chainhub-video[images]"' in run.stdout
