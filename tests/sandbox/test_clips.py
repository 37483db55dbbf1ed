"""The clips are real: the requested shape and length, the caller's picture, a visible label."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageChops, ImageStat

from tests.support.sandbox_caller import KITTEN, Caller, data_uri, png


def colour(image: Image.Image) -> tuple[int, int, int]:
    """The mean colour of the upper two thirds, where no label is."""
    upper = image.crop((0, 0, image.width, image.height * 2 // 3))
    red, green, blue = (round(mean) for mean in ImageStat.Stat(upper).mean)
    return red, green, blue


def difference(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> float:
    """The mean absolute difference of a part of two pictures, from 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.crop(box), other.crop(box))).mean) / 3


def picture(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def test_full_size_clip_moves_over_the_picture(full_caller: Caller) -> None:
    """2 seconds of 1280x720 are an H.264 file of just that, whose middle frame is the caller's picture."""
    clip = full_caller.watch(full_caller.create_openai(), every=24)
    assert (clip.codec, clip.pixel_format, clip.size) == ("h264", "yuv420p", (1280, 720))
    assert (clip.seconds, clip.fps, clip.count) == (2.0, 24, 48)
    first, middle = clip.frames
    shown = (0, 0, 1280, 600)
    assert difference(middle, first, shown) > 5
    # Halfway the pan is centred: there the frame is the picture, enlarged by 16 percent.
    wide, tall = round(1280 / 1.16), round(720 / 1.16)
    left, top = (1280 - wide) // 2, (720 - tall) // 2
    with Image.open(io.BytesIO(KITTEN)) as opened:
        kitten = opened.convert("RGB").crop((left, top, left + wide, top + tall))
    expected = kitten.resize((1280, 720))
    assert difference(middle, expected, shown) < 6
    assert difference(middle, expected.transpose(Image.Transpose.FLIP_TOP_BOTTOM), shown) > 50


def test_label_is_visible_and_names_the_request(full_caller: Caller) -> None:
    """The label is amber on dark, and changes with model and prompt."""
    plain, other = (
        full_caller.watch(full_caller.create_openai(png("white"), seconds="1", **changes)).frames[0]
        for changes in ({}, {"prompt": "Another", "model": "veo_3_1-fast"})
    )
    label = (0, 640, 1280, 710)
    assert ImageStat.Stat(plain.crop(label).convert("L")).mean[0] < 120
    amber = plain.getpixel((24, 676))
    assert isinstance(amber, tuple)
    assert amber[0] > 220
    assert amber[2] < 70
    assert difference(plain, other, label) > 1
    assert colour(plain) == colour(other)


def test_shapes_and_lengths(caller: Caller) -> None:
    """Both ways of saying a size, and a ratio with a size, give that shape, a quarter of it in fast mode."""
    wanted = {
        "1280x720": (320, 180),
        "16x9": (320, 180),
        "720x1280": (180, 320),
        "9x16": (180, 320),
    }
    for size, pixels in wanted.items():
        clip = caller.watch(caller.create_openai(size=size), every=100)
        assert (clip.size, clip.seconds) == (pixels, 2.0), size
    shapes = {
        ("3:2", "720P"): (270, 180),
        ("2:3", "720P"): (180, 270),
        ("1:1", "720P"): (180, 180),
        ("3:2", "1080P"): (404, 270),
        ("1:1", "1080P"): (270, 270),
    }
    for (ratio, size), pixels in shapes.items():
        clip = caller.watch(caller.create_unified(aspect_ratio=ratio, size=size), every=100)
        assert (clip.size, clip.seconds) == (pixels, 6.0), (ratio, size)


def test_picture_formats(caller: Caller) -> None:
    """A picture in each usual format ends up in the clip with its colours."""
    for file_format in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        blue = png("#2060e0", (300, 200), file_format)
        seen = colour(caller.watch(caller.create_openai(blue)).frames[2])
        wanted = (0x20, 0x60, 0xE0)
        assert all(abs(a - b) < 12 for a, b in zip(seen, wanted, strict=True)), file_format


def test_unusual_pictures(caller: Caller) -> None:
    """What is upside down by its EXIF stands upright, transparency is white, and a ribbon is cropped, not stretched."""
    photo = Image.new("RGB", (320, 180), "blue")
    photo.paste((255, 0, 0), (0, 90, 320, 180))
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = picture(photo, "JPEG", exif=exif, quality=95)
    top = caller.watch(caller.create_openai(turned)).frames[0].getpixel((160, 20))
    assert isinstance(top, tuple)
    assert top[0] > 200
    assert top[2] < 60
    clear = picture(Image.new("RGBA", (64, 64), (255, 0, 0, 0)))
    assert min(colour(caller.watch(caller.create_openai(clear)).frames[0])) > 240
    ribbon = caller.watch(caller.create_openai(png("green", (4000, 40))))
    assert ribbon.size == (320, 180)
    # Only the progress line moves over one colour: a frozen clip would be noticed.
    neighbours = zip(ribbon.frames, ribbon.frames[1:], strict=False)
    assert all(one.tobytes() != other.tobytes() for one, other in neighbours)


def test_data_uris_share_the_clip(caller: Caller) -> None:
    """Pictures inside the JSON are shown one after the other."""
    images = [data_uri(png(name)) for name in ("red", "blue")]
    frames = caller.watch(caller.create_unified(images=images)).frames
    red, blue = colour(frames[0]), colour(frames[-1])
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


def test_prompt_is_drawn_where_there_is_no_picture(caller: Caller) -> None:
    """Text alone gives a clip that shows the text, different for each prompt."""
    one, other = (
        caller.watch(caller.create_unified(prompt=f"A {balloon} balloon over the sea"), every=144)
        for balloon in ("red", "blue")
    )
    upper = (0, 0, one.size[0], one.size[1] * 2 // 3)
    assert difference(one.frames[0], other.frames[0], upper) > 1


def test_same_request_same_bytes(caller: Caller) -> None:
    """Rendering is deterministic, and the index comes first, so that a clip plays before it is there whole."""
    one, other = (caller.video(caller.create_openai(prompt="twice")) for _ in range(2))
    assert one == other
    assert 0 < one.index(b"moov") < one.index(b"mdat")
