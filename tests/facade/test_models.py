"""Each known model: its row, what goes over the wire for each parameter, and what is refused."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import MODELS, InvalidRequest, Model
from chainhub_video.models import model_row
from PIL import Image

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.drivers import ASYNCIO, BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import png

Case = tuple[Mapping[str, Any], Mapping[str, Any]]  # what is passed, and the fields that arrive

VEO = ("veo2", "veo2-fast", "veo2-fast-frames", "veo2-fast-components", "veo2-pro", "veo2-pro-components",
       "veo3", "veo3-fast", "veo3-fast-frames", "veo3-frames", "veo3-pro", "veo3-pro-frames",
       "veo3.1", "veo3.1-fast", "veo3.1-pro")  # fmt: skip
MOST_PICTURES = {"veo2-fast-frames": 2, "veo3-pro-frames": 1}
TALL = png((720, 1280))
LINKS = [f"https://pictures.example/{number}.png" for number in range(4)]
CHARACTER = {
    "character_url": "https://pictures.example/cat.mp4",
    "character_timestamps": "1,3",
}


def _veo_form() -> list[Case]:
    picture = {"image": png(), "size": "1280x720"}
    sent = {"size": "1280x720", "seconds": "8", "input_reference": png()}
    tall = {"image": TALL}
    return [
        (picture, sent),
        ({**tall, "size": "720x1280"}, {**sent, "size": "720x1280", "input_reference": TALL}),
        ({**tall, "size": (720, 1280)}, {**sent, "size": "720x1280", "input_reference": TALL}),
        ({**picture, "size": "16x9"}, {**sent, "size": "16x9"}),
        ({**picture, "size": "9x16"}, {**sent, "size": "9x16"}),
        ({"image": png(), "aspect_ratio": "16:9"}, sent),
        ({**tall, "aspect_ratio": "9:16"}, {**sent, "size": "720x1280", "input_reference": TALL}),
        ({**picture, "seconds": 6}, {**sent, "seconds": "6"}),
        ({**picture, "watermark": True}, {**sent, "watermark": "true"}),
        ({**picture, "watermark": False}, {**sent, "watermark": "false"}),
    ]


def _grok() -> list[Case]:
    sent = {"aspect_ratio": "3:2", "size": "720P", "images": []}
    return [
        *(({"aspect_ratio": ratio}, {**sent, "aspect_ratio": ratio}) for ratio in ("2:3", "3:2", "1:1")),
        ({"aspect_ratio": "3:2", "size": "1080P"}, {**sent, "size": "1080P"}),
        ({"aspect_ratio": "3:2", "images": LINKS}, {**sent, "images": LINKS}),
    ]  # fmt: skip


def _sora_form() -> list[Case]:
    sizes = ("720x1280", "1280x720", "1024x1792", "1792x1024")
    return [
        ({}, {}),
        *(({"size": size}, {"size": size}) for size in sizes),
        ({"aspect_ratio": "9:16"}, {"size": "720x1280"}),
        ({"aspect_ratio": "16:9"}, {"size": "1280x720"}),
        *(({"seconds": int(n)}, {"seconds": n}) for n in ("4", "8", "10", "12", "15", "25")),
        ({"watermark": True}, {"watermark": "true"}),
        ({"watermark": False}, {"watermark": "false"}),
        ({"image": png()}, {"input_reference": png()}),
        ({"extra": {"private": True, "style": "anime"}}, {"private": "true", "style": "anime"}),
        ({"extra": CHARACTER}, CHARACTER),
        (
            {"extra": {"character_from_task": "sora-2:task_1", "character_create": False}},
            {"character_from_task": "sora-2:task_1", "character_create": "false"},
        ),
        ({"extra": {"metadata": {"n": 7}}}, {"metadata": '{"n": 7}'}),
    ]


def _sora_json(size: str, pixels: Mapping[str, str], seconds: tuple[int, ...]) -> list[Case]:
    said = {"aspect_ratio": "16:9", "seconds": seconds[0]}
    sent = {
        "images": [], "size": size, "orientation": "landscape", "duration": seconds[0],
    }  # fmt: skip
    classed = {"small": "720P", "large": "1080P"}[size]
    return [
        (said, sent),
        ({**said, "aspect_ratio": "9:16"}, {**sent, "orientation": "portrait"}),
        ({**said, "size": size}, sent),
        ({**said, "size": classed}, sent),
        *(
            ({"size": word, "seconds": seconds[0]}, {**sent, "orientation": orientation})
            for word, orientation in pixels.items()
        ),
        *(({**said, "seconds": n}, {**sent, "duration": n}) for n in seconds),
        ({**said, "seconds": str(seconds[-1])}, {**sent, "duration": seconds[-1]}),
        ({**said, "watermark": True}, {**sent, "watermark": True}),
        ({**said, "watermark": False}, {**sent, "watermark": False}),
        ({**said, "images": LINKS}, {**sent, "images": LINKS}),
        (
            {**said, "extra": {"private": True, **CHARACTER}},
            {**sent, "private": True, **CHARACTER},
        ),
    ]


def _veo_json(name: str) -> list[Case]:
    options = {"enhance_prompt": True, "enable_upsample": False}
    pictures = LINKS[: MOST_PICTURES.get(name)]
    ratios = () if name.startswith("veo2") else ("16:9", "9:16")
    return [
        ({}, {"images": []}),
        ({"images": pictures}, {"images": pictures}),
        *(({"aspect_ratio": each}, {"images": [], "aspect_ratio": each}) for each in ratios),
        ({"extra": options}, {"images": [], **options}),
    ]


# What a refusal advises works: a parameter that the model has not is sent as it is, under its own name.
WITHOUT_PARAMETER: list[tuple[str, Mapping[str, Any]]] = [
    ("veo2", {"aspect_ratio": "16:9"}),
    ("veo3", {"size": "1080P", "seconds": 8, "watermark": False}),
    ("veo2-pro", {"aspect_ratio": "9:16", "size": [1, 2]}),
]


SMALL = {"1280x720": "landscape", "720x1280": "portrait"}
LARGE = {
    "1920x1080": "landscape", "1080x1920": "portrait", "1792x1024": "landscape", "1024x1792": "portrait",
}  # fmt: skip
CASES: Mapping[tuple[str, str], list[Case]] = {
    ("veo_3_1", "openai"): _veo_form(),
    ("veo_3_1-fast", "openai"): _veo_form(),
    ("grok-video-3", "unified"): _grok(),
    ("sora-2", "openai"): _sora_form(),
    ("sora-2-pro", "openai"): _sora_form(),
    ("sora-2", "unified"): _sora_json("small", SMALL, (10,)),
    ("sora-2-pro", "unified"): _sora_json("large", LARGE, (15, 25)),
    **{(name, "unified"): _veo_json(name) for name in VEO},
}
ROWS = [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in CASES]


def test_the_rows_are_those_of_the_vendors_pages() -> None:
    """There is one row for each model on each call, with its source; a sora without `format=` is the form's."""
    assert [(row.name, row.format) for row in MODELS] == list(CASES)
    for name in ("sora-2", "sora-2-pro"):
        row = model_row(name)
        assert row is not None
        assert row.format == "openai"
    for row in MODELS:
        assert "openapi/sources/" in row.source or "the vendor's pages" in row.source
        for meaning in row.means.values():
            assert meaning.get("size", "large") in (*row.sizes, "small", "large")
            assert meaning.get("aspect_ratio", "16:9") in row.aspect_ratios


@BLOCKING
@pytest.mark.parametrize(("name", "format_"), ROWS)
def test_what_goes_over_the_wire(hub: Any, gateway: Gateway, name: str, format_: str) -> None:
    """For each word of each parameter exactly these fields arrive: with their types in JSON, and as bytes in a form."""
    gateway.on("create", tell({"id": "video_1", "status": "queued"}))
    cases = [*CASES[name, format_]]
    cases += [
        ({"extra": extra}, {"images": [], **extra})
        for each, extra in WITHOUT_PARAMETER
        if each == name
    ]
    for said, sent in cases:
        hub.videos.create("A kitten", model=name, format=format_, **said)
        arrived = gateway.of("create")[-1]
        fields = {"model": name, "prompt": "A kitten", **sent}
        if format_ == "unified":
            assert arrived.target == "/v1/video/create"
            # Written out, since `1 == True`, and a gateway knows the difference.
            assert json.dumps(arrived.json, sort_keys=True) == json.dumps(fields, sort_keys=True), (
                said
            )
        else:
            assert arrived.target == "/v1/videos"
            as_bytes = {k: v if isinstance(v, bytes) else v.encode() for k, v in fields.items()}
            assert arrived.parts == as_bytes, said
    assert gateway.count("create") == len(cases)


@ASYNCIO
@pytest.mark.parametrize(("name", "format_"), ROWS)
def test_the_sandbox_takes_all_of_it(
    colour: Colour, sandbox: Sandbox, name: str, format_: str
) -> None:
    """A gateway with the fields and limits of the vendor's pages accepts, and charges, each of these requests."""
    hub = colour.hub(sandbox.url, api_key="sandbox")
    for said, _ in CASES[name, format_]:
        paid = sandbox.paid
        task = hub.videos.create("A kitten", model=name, format=format_, **said)
        assert (sandbox.paid, task.model) == (paid + 1, name)


# A model, its format, what is passed, and the whole message.
REFUSED: list[tuple[str, str, Mapping[str, Any], str]] = [
    ("sora-2", "openai", {"size": "16x9"},
     "size is '16x9', and sora-2 takes one of: 720x1280, 1280x720, 1024x1792, 1792x1024"),
    ("sora-2", "openai", {"aspect_ratio": "1:1"}, "aspect_ratio is '1:1', and sora-2 takes one of: 9:16, 16:9"),
    ("sora-2", "openai", {"seconds": 5}, "seconds is '5', and sora-2 takes one of: 4, 8, 10, 12, 15, 25"),
    ("sora-2", "openai", {"images": [TALL] * 2}, "sora-2 takes 1 picture, not 2"),
    ("sora-2", "openai", {"size": "1280x720", "aspect_ratio": "9:16"},
     ("size '1280x720' contradicts aspect_ratio '9:16', which is '720x1280' for sora-2: give one of the two")),
    ("sora-2", "openai", {"extra": {"seconds": 8}}, "extra holds 'seconds', which has a parameter of its own"),
    ("sora-2", "unified", {}, "aspect_ratio is missing, and sora-2 needs one of: 16:9, 9:16"),
    ("sora-2", "unified", {"aspect_ratio": "3:2"}, "aspect_ratio is '3:2', and sora-2 takes one of: 16:9, 9:16"),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "size": "1792x1024"},
     "size is '1792x1024', and sora-2 takes one of: small, 1280x720, 720x1280, 720P"),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "size": "720x1280"},
     ("aspect_ratio '16:9' contradicts size '720x1280', which is '9:16' for sora-2: give one of the two")),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "seconds": 15},
     "seconds is '15', and sora-2 takes one of: 10"),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "watermark": "my logo"},
     "watermark is 'my logo', and sora-2 takes one of: true, false"),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "extra": {"duration": 15}},
     "extra holds 'duration', and sora-2 has seconds= for it"),
    ("sora-2", "unified", {"aspect_ratio": "16:9", "extra": {"orientation": "portrait"}},
     "extra holds 'orientation', and sora-2 has aspect_ratio= for it"),
    ("sora-2-pro", "unified", {"aspect_ratio": "16:9"},
     "seconds is missing, and sora-2-pro needs one of: 15, 25"),
    ("sora-2-pro", "unified", {"size": "1280x720", "seconds": 15},
     ("size is '1280x720', and sora-2-pro takes one of: large, 1920x1080, 1080x1920, 1792x1024, 1024x1792, "
      "1080P")),
    ("veo2", "unified", {"aspect_ratio": "16:9"},
     ("aspect_ratio is '16:9', and veo2 takes none in the unified format: leave it out, or pass it with extra=")),
    ("veo2-fast-frames", "unified", {"images": LINKS[:3]}, "veo2-fast-frames takes 2 pictures, not 3"),
    ("veo3-pro-frames", "unified", {"images": LINKS[:2]}, "veo3-pro-frames takes 1 picture, not 2"),
    ("veo3", "unified", {"aspect_ratio": "1:1"}, "aspect_ratio is '1:1', and veo3 takes one of: 16:9, 9:16"),
    ("veo3", "unified", {"size": "720P"},
     "size is '720P', and veo3 takes none in the unified format: leave it out, or pass it with extra="),
    ("veo3.1", "unified", {"seconds": 8},
     "seconds is '8', and veo3.1 takes none in the unified format: leave it out, or pass it with extra="),
    ("veo3.1-pro", "unified", {"watermark": False},
     "watermark is 'false', and veo3.1-pro takes none in the unified format: leave it out, or pass it with extra="),
    ("veo3", "unified", {"image": TALL, "fit": "cover"},
     "fit is 'cover', and veo3 has no size to bring pictures to: leave it out"),
    ("veo_3_1", "openai", {"image": TALL, "size": "1024x1792"},
     "size is '1024x1792', and veo_3_1 takes one of: 1280x720, 720x1280, 16x9, 9x16"),
    ("grok-video-3", "unified", {"aspect_ratio": "16:9"},
     "aspect_ratio is '16:9', and grok-video-3 takes one of: 2:3, 3:2, 1:1"),
]  # fmt: skip


@BLOCKING
def test_what_a_model_does_not_take(hub: Any, gateway: Gateway) -> None:
    """A refusal names the field, the value as it was given and what is allowed, and nothing is sent."""
    for name, format_, said, words in REFUSED:
        with pytest.raises(InvalidRequest) as raised:
            hub.videos.create("A kitten", model=name, format=format_, **said)
        assert str(raised.value) == words
    assert gateway.connections == 0


# A model, its format, what is passed, the pixels of the picture that is sent, and the fields beside it.
FITTED: list[tuple[str, str, Mapping[str, Any], tuple[int, int], Mapping[str, str]]] = [
    ("sora-2", "openai", {}, (720, 1280), {"size": "720x1280"}),
    ("sora-2", "openai", {"aspect_ratio": "16:9"}, (1280, 720), {"size": "1280x720"}),
    ("sora-2", "unified", {"size": "1280x720"}, (1280, 720), {"size": "small", "orientation": "landscape"}),
    ("sora-2", "unified", {"aspect_ratio": "9:16"}, (720, 1280), {"size": "small", "orientation": "portrait"}),
    ("sora-2-pro", "unified", {"aspect_ratio": "16:9", "seconds": 15}, (1920, 1080), {"size": "large"}),
]  # fmt: skip


@BLOCKING
def test_fit_knows_the_pixels_of_a_model(colour: Colour, gateway: Gateway) -> None:
    """A picture is brought to the pixels that size and shape stand for, and the request says that size."""
    gateway.on("create", tell({"id": "video_1", "status": "queued"}))
    hub = colour.hub(gateway.url, inline_images=True)
    for name, format_, said, pixels, sent in FITTED:
        hub.videos.create(
            "A kitten", model=name, format=format_, image=png((300, 300)), fit="cover", **said
        )
        arrived = gateway.of("create")[-1]
        if format_ == "openai":
            told = {"size": arrived.parts["size"].decode()}
            picture = arrived.parts["input_reference"]
        else:
            told = {field: arrived.json[field] for field in sent}
            picture = base64.b64decode(arrived.json["images"][0].partition(",")[2])
        assert told == sent, (name, said)
        with Image.open(io.BytesIO(picture)) as image:
            assert image.size == pixels, (name, said)


def test_the_table_cannot_be_changed() -> None:
    """It is a tuple of frozen rows, and neither a row's mappings nor those they were made from change it."""
    assert type(MODELS) is tuple
    for row in MODELS:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            row.name = "other"  # type: ignore[misc]  # it must not be possible
        for mapping in (row.means, row.wire_fields, row.wire_words, *row.means.values()):
            with pytest.raises(TypeError, match="does not support item assignment"):
                mapping["size"] = "4K"  # type: ignore[index]  # it must not be possible
        assert isinstance(hash(row), int)
    words, meanings = {"16:9": "wide"}, {"720P": {"size": "small"}}
    row = Model(name="m", format="unified", wire_words=words, means=meanings, source="a test")
    words["16:9"] = "tall"
    meanings["720P"]["size"] = "large"
    assert (row.wire_words, row.means) == ({"16:9": "wide"}, {"720P": {"size": "small"}})
