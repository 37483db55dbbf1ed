"""The warning that a picture has other pixels than the video, as it is seen upright."""

from __future__ import annotations

import io
import warnings
from typing import Any

import pytest
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import open_picture
from PIL import Image

from tests.support.answering import tell
from tests.support.drawing import HEIC, SIZE, encoded, stripes
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, png


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
    content = HEIC.read_bytes()
    picture = fitted(open_picture(content), SIZE, None)
    assert picture.stream.read() == content
    picture.close()


def _turned(stored: tuple[int, int], orientation: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stripes(stored), kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_measured_upright(kind: str, orientation: int) -> None:
    """A camera that was held upright stores 1280x720 and means 720x1280: the warning goes by what is meant."""
    on_its_side = orientation >= 5
    stored = (1280, 720) if on_its_side else (720, 1280)
    content = _turned(stored, orientation, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(open_picture(content), "720x1280", None).close()
    with pytest.warns(UserWarning, match="has 720x1280 pixels and the video 1280x720"):
        fitted(open_picture(content), "1280x720", None).close()


def test_broken_notes_do_not_turn_a_picture() -> None:
    """Where the note that says how a photograph was held cannot be read, the stored pixels count."""
    content = _turned((1280, 720), 6, "JPEG")
    assert content.count(b"MM\0*") == 1
    broken = content.replace(b"MM\0*", b"MM\0?")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(open_picture(broken), "1280x720", None).close()
