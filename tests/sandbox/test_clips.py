"""The clips are real: the requested shape and length, the caller's picture, a visible label."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops, ImageStat

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Seen


def colour(image: Image.Image) -> tuple[int, int, int]:
    """The mean colour of the upper two thirds, where no label is."""
    upper = image.crop((0, 0, image.width, image.height * 2 // 3))
    red, green, blue = (round(mean) for mean in ImageStat.Stat(upper).mean)
    return red, green, blue


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean absolute difference of two pictures, from 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def data_uri(picture: bytes) -> str:
    """The picture as a data URI."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()


@pytest.fixture(scope="module")
def full_clip(full_caller: Caller) -> Seen:
    """Eight seconds over the kitten, in full size."""
    return full_caller.watch(full_caller.create_openai(seconds="8"), every=96)


def test_openai_clip_is_exactly_what_was_asked_for(full_clip: Seen) -> None:
    """Proves that 8 seconds of 1280x720 are an H.264 file of just that, 24 frames a second."""
    clip = full_clip
    assert (clip.codec, clip.pixel_format) == ("h264", "yuv420p")
    assert clip.size == (1280, 720)
    assert clip.seconds == 8.0
    assert clip.fps == 24
    assert clip.count == 192


def test_clip_shows_the_picture_and_moves_over_it(full_caller: Caller, full_clip: Seen) -> None:
    """Proves that the middle frame is the caller's picture, and the first is another part."""
    first, middle = full_clip.frames
    with Image.open(io.BytesIO(full_caller.kitten)) as opened:
        kitten = opened.convert("RGB")
    assert difference(middle.crop((0, 0, 1280, 600)), first.crop((0, 0, 1280, 600))) > 5
    # Halfway the pan is centred: there the frame is the picture, enlarged by 16 percent.
    wide, tall = round(1280 / 1.16), round(720 / 1.16)
    left, top = (1280 - wide) // 2, (720 - tall) // 2
    expected = kitten.crop((left, top, left + wide, top + tall)).resize((1280, 720))
    shown = (0, 0, 1280, 600)
    assert difference(middle.crop(shown), expected.crop(shown)) < 6
    upside_down = expected.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    assert difference(middle.crop(shown), upside_down.crop(shown)) > 50


def test_every_frame_differs_even_over_one_colour(caller: Caller) -> None:
    """Proves that the progress line moves, so that a frozen clip would be noticed."""
    clip = caller.watch(caller.create_openai(caller.png("red")))
    neighbours = zip(clip.frames, clip.frames[1:], strict=False)
    assert all(one.tobytes() != other.tobytes() for one, other in neighbours)


def test_label_is_visible_and_names_the_request(full_caller: Caller) -> None:
    """Proves that the label is amber on dark, and changes with model and prompt."""
    plain = full_caller.watch(full_caller.create_openai(full_caller.png("white"), seconds="1"))
    other = full_caller.watch(
        full_caller.create_openai(
            full_caller.png("white"), seconds="1", prompt="Another", model="veo_3_1-fast"
        )
    )
    label = (0, 640, 1280, 710)
    mean = ImageStat.Stat(plain.frames[0].crop(label).convert("L")).mean[0]
    assert mean < 120
    amber = plain.frames[0].getpixel((24, 676))
    assert isinstance(amber, tuple)
    assert amber[0] > 220
    assert amber[2] < 70
    assert difference(plain.frames[0].crop(label), other.frames[0].crop(label)) > 1
    assert colour(plain.frames[0]) == colour(other.frames[0])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1280x720", (320, 180)),
        ("16x9", (320, 180)),
        ("720x1280", (180, 320)),
        ("9x16", (180, 320)),
    ],
)
def test_openai_sizes(caller: Caller, size: str, expected: tuple[int, int]) -> None:
    """Proves that both ways of saying a size give that shape, a quarter of it in fast mode."""
    clip = caller.watch(caller.create_openai(size=size))
    assert clip.size == expected
    assert clip.seconds == 2.0


@pytest.mark.parametrize(
    ("ratio", "size", "expected"),
    [
        ("3:2", "720P", (270, 180)),
        ("2:3", "720P", (180, 270)),
        ("1:1", "720P", (180, 180)),
        ("3:2", "1080P", (404, 270)),
        ("1:1", "1080P", (270, 270)),
    ],
)
def test_unified_shapes(caller: Caller, ratio: str, size: str, expected: tuple[int, int]) -> None:
    """Proves that ratio and size give the pixels, and that a unified clip lasts six seconds."""
    clip = caller.watch(caller.create_unified(aspect_ratio=ratio, size=size))
    assert clip.size == expected
    assert clip.seconds == 6.0


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_picture_formats(caller: Caller, file_format: str) -> None:
    """Proves that a picture in each usual format ends up in the clip with its colours."""
    picture = caller.png("#2060e0", (300, 200), file_format)
    red, green, blue = colour(caller.watch(caller.create_openai(picture)).frames[2])
    assert abs(red - 0x20) < 12
    assert abs(green - 0x60) < 12
    assert abs(blue - 0xE0) < 12


def test_exif_orientation_is_honoured(caller: Caller) -> None:
    """Proves that a photograph taken upside down stands upright in the clip."""
    photo = Image.new("RGB", (320, 180), "blue")
    photo.paste((255, 0, 0), (0, 90, 320, 180))
    exif = Image.Exif()
    exif[0x0112] = 3
    file = io.BytesIO()
    photo.save(file, "JPEG", exif=exif, quality=95)
    frame = caller.watch(caller.create_openai(file.getvalue())).frames[0]
    top = frame.getpixel((160, 20))
    assert isinstance(top, tuple)
    assert top[0] > 200
    assert top[2] < 60


def test_transparent_picture_lies_on_white(caller: Caller) -> None:
    """Proves that transparency becomes white, and not black or noise."""
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(file, "PNG")
    frame = caller.watch(caller.create_openai(file.getvalue())).frames[0]
    assert min(colour(frame)) > 240


def test_data_uri_is_the_picture(caller: Caller) -> None:
    """Proves that a picture inside the JSON is shown, and that two share the clip."""
    images = [data_uri(caller.png("red")), data_uri(caller.png("blue"))]
    frames = caller.watch(caller.create_unified(images=images)).frames
    red, blue = colour(frames[0]), colour(frames[-1])
    assert red[0] > 200
    assert red[2] < 60
    assert blue[2] > 200
    assert blue[0] < 60


def test_prompt_is_drawn_where_there_is_no_picture(caller: Caller) -> None:
    """Proves that text alone gives a clip that shows the text, different for each prompt."""
    one = caller.watch(caller.create_unified(prompt="A red balloon over the sea"))
    other = caller.watch(caller.create_unified(prompt="A blue balloon over the sea"))
    upper = (0, 0, one.size[0], one.size[1] * 2 // 3)
    assert difference(one.frames[0].crop(upper), other.frames[0].crop(upper)) > 1


def test_extreme_shape_is_cropped_not_stretched(caller: Caller) -> None:
    """Proves that a ribbon of 4000x40 pixels still gives a clip of the requested shape."""
    clip = caller.watch(caller.create_openai(caller.png("green", (4000, 40))))
    assert clip.size == (320, 180)


def test_same_request_same_bytes(caller: Caller) -> None:
    """Proves that rendering is deterministic, so that a test can compare digests."""
    one = caller.video(caller.create_openai(prompt="twice"))
    assert caller.video(caller.create_openai(prompt="twice")) == one


def test_index_comes_first(caller: Caller) -> None:
    """Proves that the clip can start playing before it is there whole (moov before mdat)."""
    mp4 = caller.video(caller.create_openai())
    assert 0 < mp4.index(b"moov") < mp4.index(b"mdat")
