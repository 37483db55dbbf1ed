"""What is wrong locally is refused before anything is sent, in one line that says what would be right."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from chainhub_video import (
    ChainHub,
    ConfigurationError,
    InvalidRequest,
    PollPolicy,
    RetryPolicy,
    VideoTask,
)
from chainhub_video.models import model_row

from tests.support.answering import page, reset, say, tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png

BOTH: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "no prompt": ({"prompt": ""}, ["prompt", "empty"]),
    "a blank prompt": ({"prompt": " \n"}, ["prompt", "empty"]),
    "bytes as prompt": ({"prompt": b"x"}, ["prompt", "text", "bytes"]),
    "None as prompt": ({"prompt": None}, ["prompt", "text", "NoneType"]),
    "half a character": ({"prompt": "a\ud800"}, ["prompt", "surrogate", "position 1"]),
    "no model": ({"model": ""}, ["model", "empty"]),
    "an unknown model": ({"model": "sora"}, ["'sora'", "veo_3_1", "grok-video-3", "format="]),
    "an unknown format": ({"format": "soap"}, ["format", "'soap'", "openai", "unified"]),
    "seconds as text": ({"seconds": "eight"}, ["seconds", "'eight'", "whole number"]),
    "no seconds": ({"seconds": 0}, ["seconds", "0", "above 0"]),
    "negative seconds": ({"seconds": -8}, ["seconds", "-8"]),
    "half seconds": ({"seconds": 7.5}, ["seconds", "7.5"]),
    "true seconds": ({"seconds": True}, ["seconds", "True"]),
    "a size of three": ({"size": (1, 2, 3)}, ["size", "(1, 2, 3)", "pixels"]),
    "a size of nothing": ({"size": (0, 720)}, ["size", "(0, 720)"]),
    "a size of numbers": ({"size": 720}, ["size", "720"]),
    "an empty size": ({"size": ""}, ["size", "empty"]),
    "an unknown size": ({"size": "4x4"}, ["size", "'4x4'", "one of"]),
    "an unknown ratio": ({"aspect_ratio": "7:5"}, ["aspect_ratio", "'7:5'", "one of"]),
    "a number as ratio": ({"aspect_ratio": 1.5}, ["aspect_ratio", "text", "float"]),
    "a number as watermark": ({"watermark": 0}, ["watermark"]),
    "images as one path": ({"image": None, "images": "kitten.png"}, ["images", "list", "image="]),
    "images as bytes": ({"image": None, "images": b"x"}, ["images", "list"]),
    "a missing file": ({"image": "no/such.png"}, ["no/such.png", "does not exist"]),
    "a number as image": ({"image": 7}, ["image", "int", "path"]),
    "None among images": ({"image": None, "images": [None]}, ["image", "NoneType"]),
    "no picture": ({"image": b"hello world, this is text"}, ["not a picture", "PNG"]),
    "an empty picture": ({"image": b""}, ["empty", "PNG"]),
    "a text file": ({"image": io.StringIO("x")}, ["text", '"rb"']),
    "an ftp link": ({"image": "ftp://example.com/x.png"}, ["ftp://", "http, https and file://"]),
    "a file that is no picture": ({"image": f"file://{__file__}"}, ["file:///", "not a picture"]),
    "a file that is not there": ({"image": "file:///no/such.png"}, ["file:///", "does not exist"]),
    "another machine's file": ({"image": "file://nas/x.png"}, ["'nas'", "this machine"]),
    "a data URI of text": ({"image": "data:image/png,hello"}, ["data URI", "base64"]),
    "a data URI that is none": ({"image": "data:image/png;base64,####"}, ["base64", "decoded"]),
    "a data URI of no picture": ({"image": "data:image/png;base64,aGVsbG8="}, ["not a picture"]),
    "a field twice": ({"extra": {"prompt": "other"}}, ["extra", "'prompt'", "parameter of its own"]),
}  # fmt: skip
ONE: dict[str, tuple[Wire, Mapping[str, Any], list[str]]] = {
    "no size": (OPENAI, {"size": None}, ["size is missing", "1280x720, 720x1280"]),
    "no picture": (OPENAI, {"image": None}, ["veo_3_1", "image="]),
    "two pictures": (OPENAI, {"images": [png()]}, ["veo_3_1", "1 picture", "not 2"]),
    "ratio and size at odds": (
        OPENAI, {"size": "720x1280", "aspect_ratio": "16:9"}, ["contradicts", "1280x720"],
    ),
    "no ratio": (UNIFIED, {"aspect_ratio": None}, ["aspect_ratio is missing", "2:3, 3:2, 1:1"]),
    "seconds": (UNIFIED, {"seconds": 8}, ["seconds", "'8'", "takes none", "extra="]),
    "watermark": (UNIFIED, {"watermark": True}, ["watermark", "'true'", "takes none"]),
    "a local picture": (UNIFIED, {"image": png()}, ["inline_images=True", "image_host="]),
}  # fmt: skip


def _refused(wire: Wire, hub: Any, gateway: Gateway, changes: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidRequest) as raised:
        wire.create(hub, **changes)
    assert gateway.arrived == []
    assert gateway.connections == 0
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("case", BOTH)
def test_a_mistake_in_either_format(hub: Any, wire: Wire, gateway: Gateway, case: str) -> None:
    """The message names the field, the value and what is allowed, and the gateway sees nothing at all."""
    changes, words = BOTH[case]
    message = _refused(wire, hub, gateway, changes)
    for word in words:
        assert word in message


@pytest.mark.parametrize("case", ONE)
def test_a_mistake_in_one_format(hub: Any, gateway: Gateway, case: str) -> None:
    """What only one format or model forbids is told with what it would take."""
    wire, changes, words = ONE[case]
    message = _refused(wire, hub, gateway, changes)
    for word in words:
        assert word in message


def test_a_folder_is_no_picture(hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path) -> None:
    """A folder, a pipe's path and a name that cannot be one are told apart from a missing file."""
    assert "is a folder" in _refused(wire, hub, gateway, {"image": tmp_path})
    assert "not an ordinary file" in _refused(wire, hub, gateway, {"image": "/dev/null"})
    assert "cannot be read" in _refused(wire, hub, gateway, {"image": "nul\0.png"})
    assert "cannot be read" in _refused(wire, hub, gateway, {"image": "x" * 5000})


def test_a_closed_file_is_no_picture(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path
) -> None:
    """A file that the caller has closed already is told as such."""
    (tmp_path / "x.png").write_bytes(png())
    with (tmp_path / "x.png").open("rb") as file:
        pass
    assert "closed" in _refused(wire, hub, gateway, {"image": file})


@pytest.mark.parametrize("kind", ["404", "HTML", "endless redirect", "no place"])
def test_a_link_to_no_picture(hub: Any, gateway: Gateway, elsewhere: Gateway, kind: str) -> None:
    """A link for the form that gives no picture is refused with the link, and without its query."""
    elsewhere.on(
        "/x.png",
        {
            "404": say(404),
            "HTML": page(200),
            "endless redirect": say(302, headers={"Location": "/x.png"}),
            "no place": say(302),
        }[kind],
    )
    message = _refused(OPENAI, hub, gateway, {"image": f"{elsewhere.url}/x.png?sig=s3cret"})
    assert f"{elsewhere.url}/x.png" in message
    assert "s3cret" not in message


def test_a_link_that_breaks_is_no_create(hub: Any, gateway: Gateway, elsewhere: Gateway) -> None:
    """If the picture's host breaks off, the error says that nothing was sent to the gateway."""
    elsewhere.on("/x.png", reset())
    with pytest.raises(Exception, match="nothing was sent to the gateway"):
        OPENAI.create(hub, image=f"{elsewhere.url}/x.png")
    assert gateway.arrived == []


@pytest.mark.parametrize("returned", [None, "", "not a link", "ftp://h/x.png", 7, b"https://h/x"])
def test_an_image_host_that_gives_no_link(
    colour: Colour, gateway: Gateway, returned: object
) -> None:
    """What the caller's host returns must be an http(s) link."""
    hub = colour.hub(gateway.url, image_host=lambda _name, _stream: returned)
    message = _refused(UNIFIED, hub, gateway, {"image": png()})
    assert "ftp" in message or ("image_host" in message and repr(returned) in message)


def test_a_picture_too_large_to_carry(colour: Colour, gateway: Gateway) -> None:
    """A picture that no JSON should hold is refused with its size and the limit."""
    hub = colour.hub(gateway.url, inline_images=True)
    message = _refused(UNIFIED, hub, gateway, {"image": png() + bytes(10_000_000)})
    assert "inline_images carries at most 10,000,000" in message


@pytest.mark.parametrize("call", ["retrieve", "wait", "watch"])
def test_an_id_that_tells_no_format(hub: Any, gateway: Gateway, call: str) -> None:
    """An id of unknown make needs `format=`, and the message says so."""
    for given, words in (
        ("a-new-model:task_1", 'format="openai"'),
        (7, "a task or its id"),
        (None, "id"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            list(getattr(hub.videos, call)(given) or ())
    with pytest.raises(InvalidRequest, match="'soap'"):
        list(getattr(hub.videos, call)("video_1", format="soap") or ())
    assert gateway.arrived == []


def test_a_task_of_an_unknown_format(hub: Any, gateway: Gateway, tmp_path: Path) -> None:
    """A task that somebody made up with a format that there is not is refused, not a KeyError."""
    forged = VideoTask(id="x", format=cast("Any", "soap"))
    for call, arguments in (
        (hub.videos.retrieve, ()),
        (hub.videos.wait, ()),
        (hub.videos.download, (tmp_path / "x.mp4",)),
    ):
        with pytest.raises(InvalidRequest, match="'soap'"):
            call(forged, *arguments)
    assert gateway.arrived == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none(timeout: float) -> None:
    """A constructor's timeout must be above 0."""
    with pytest.raises(ConfigurationError, match="above 0 seconds"):
        ChainHub(api_key="the-key", timeout=timeout)


@pytest.mark.parametrize(
    ("policy", "options"),
    [
        (RetryPolicy, {"attempts": 0}), (RetryPolicy, {"first": -1}), (RetryPolicy, {"maximum": 0}),
        (RetryPolicy, {"jitter": -0.1}), (RetryPolicy, {"patience": float("nan")}),
        (PollPolicy, {"first": -1}), (PollPolicy, {"rate": 0}), (PollPolicy, {"patience": -1}),
        (PollPolicy, {"interval": 0}), (PollPolicy, {"jitter": 2}), (PollPolicy, {"minimum": -1}),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be(policy: Any, options: dict[str, float]) -> None:
    """Policies refuse values that make no sense, by name, when they are made."""
    with pytest.raises(ValueError, match=next(iter(options))):
        policy(**options)


@pytest.mark.parametrize("name", ["veo_3_1", "veo_3_1-fast", "grok-video-3"])
def test_each_known_model_takes_what_its_row_says(
    colour: Colour, gateway: Gateway, name: str
) -> None:
    """Every size and ratio of a model's row is accepted and sent, in the field that its format has."""
    model = model_row(name)
    assert model is not None
    gateway.on("create", tell({"id": "x", "status": "queued"}))
    hub = colour.hub(gateway.url, inline_images=True)
    for ratio in model.aspect_ratios:
        hub.videos.create("p", model=name, image=png(_pixels(ratio)), aspect_ratio=ratio)
    wire = OPENAI if model.format == "openai" else UNIFIED
    assert [arrived.target for arrived in gateway.arrived] == [wire.create_target] * len(
        model.aspect_ratios
    )
    if wire is OPENAI:
        sent = [arrived.parts["size"].decode() for arrived in gateway.arrived]
        assert sent == [model.means[ratio]["size"] for ratio in model.aspect_ratios]
    else:
        assert [a.json["aspect_ratio"] for a in gateway.arrived] == list(model.aspect_ratios)


def _pixels(ratio: str) -> tuple[int, int]:
    return (720, 1280) if ratio == "9:16" else (1280, 720)


def test_a_new_model_needs_only_its_format(hub: Any, gateway: Gateway) -> None:
    """A model that the table does not know goes through with `format=`, and the table's limits do not hold it."""
    gateway.on("create", tell({"id": "x", "status": "queued"}))
    hub.videos.create(
        "p", model="veo-9", format="openai", image=png((64, 32)), size="64x32", seconds=12
    )
    hub.videos.create(
        "p", model="veo_3_1", format="unified", size="8K", aspect_ratio="21:9", images=[]
    )
    first, second = gateway.arrived
    assert (first.parts["size"], first.parts["seconds"]) == (b"64x32", b"12")
    assert (second.json["size"], second.json["aspect_ratio"]) == ("8K", "21:9")
