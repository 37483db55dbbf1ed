"""Pictures brought to a video's pixels, against pictures that Pillow draws."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture
from PIL import Image

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.drawing import BLACK, BLUE, GREEN, RED, SIZE, encoded, fit_to, near, stripes
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED, png


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


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("size", [(1, 1), (7, 4000), (1281, 721), (1280, 719), (640, 360)])
@pytest.mark.parametrize("wanted", ["1280x720", "720x1280"])
def test_the_pixels_are_exact(fit: str, size: tuple[int, int], wanted: str) -> None:
    """Whatever the picture's shape, the result has exactly the requested pixels."""
    image = fit_to(png(size), fit, wanted)
    assert f"{image.width}x{image.height}" == wanted


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured(orientation: int) -> None:
    """A photograph that a camera stored turned or mirrored comes out upright, whichever of the eight ways it is."""
    upright = stripes((300, 200))
    upright.paste(BLACK, (0, 0, 300, 40))  # so that up and down differ as well
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of Transpose, each the inverse
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = fit_to(encoded(stored, "JPEG", exif=exif, quality=95), "cover", "300x200")
    assert image.size == (300, 200)
    assert image.getexif().get(0x0112, 1) == 1
    seen = [image.getpixel(place) for place in ((20, 150), (150, 150), (280, 150), (150, 10))]
    assert [near(*pair) for pair in zip(seen, (RED, GREEN, BLUE, BLACK), strict=True)] == [True] * 4


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_fits_is_left_alone(fit: str, kind: str) -> None:
    """A picture that has the pixels already is sent byte for byte: nothing is encoded a second time."""
    content = encoded(stripes((1280, 720)), kind)
    picture = fitted(open_picture(content), SIZE, fit)
    assert picture.stream.read() == content
    picture.close()


@pytest.mark.parametrize("source", ["photo.jpg", "photo.gif", "photo", ".gif", "a.b.tiff"])
def test_the_name_tells_the_new_kind(tmp_path: Path, source: str) -> None:
    """The file name that is sent ends as what is sent, also where a GIF became a PNG."""
    path = tmp_path / source
    path.write_bytes(encoded(stripes((600, 300)), "JPEG" if source.endswith("jpg") else "GIF"))
    picture = fitted(open_picture(path), SIZE, "cover")
    assert picture.name.endswith(".jpg" if source.endswith("jpg") else ".png")
    assert picture.media_type == ("image/jpeg" if source.endswith("jpg") else "image/png")
    picture.close()


@pytest.mark.parametrize("size", [None, "720P", "16x9"])
def test_fit_needs_pixels(size: str | None) -> None:
    """Without a size in pixels there is nothing to fit to, which is said; a ratio such as 16x9 is no size to fit to."""
    with pytest.raises(InvalidRequest, match="size in pixels"):
        fitted(open_picture(png()), size, "cover")
    fitted(open_picture(png()), size, None).close()  # and there is nothing to warn of


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


def test_many_threads_may_fit_at_once() -> None:
    """Sixteen threads fit pictures together, and the process's filters of warnings are afterwards what they were."""
    before = list(warnings.filters)
    content = encoded(stripes((300, 200)))
    with ThreadPoolExecutor(16) as pool:
        sizes = list(pool.map(lambda _: fit_to(content, "cover", "128x72").size, range(64)))
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
