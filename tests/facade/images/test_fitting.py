"""Pictures brought to a video's pixels, or told to differ from them, against pictures that Pillow draws."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture
from PIL import Image

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
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture

chunks = ((b"IHDR", bytes(13)), (b"IEND", b""))
content = b"\\x89PNG\\r\\n\\x1a\\n"
for kind, data in chunks:
    content += len(data).to_bytes(4, "big") + kind + data + bytes(4)
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
