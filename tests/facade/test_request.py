"""A request that cannot be right is refused before anything is sent, in one line that says what would be right."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from chainhub_video import InvalidRequest

from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png

ANY = {"format": "openai", "model": "veo-9", "seconds": 4}  # a model whose row sets no limits
ANY_UNIFIED = {"format": "unified", "model": "grok-9", "size": "720P"}

NO_JSON = ""
try:
    json.dumps(float("nan"), allow_nan=False)
except ValueError as error:
    NO_JSON = str(error)  # the words of Python, which differ between its versions

CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]

# What is passed to a create of either format, and words of the refusal.
BOTH: list[tuple[Mapping[str, Any], list[str]]] = [
    ({"prompt": ""}, ["prompt", "empty"]),
    ({"prompt": " \n"}, ["prompt", "empty"]),
    ({"prompt": b"x"}, ["prompt", "text", "bytes"]),
    ({"prompt": None}, ["prompt", "text", "NoneType"]),
    ({"prompt": "a\ud800"}, ["prompt", "surrogate", "position 1"]),
    ({"model": ""}, ["model", "empty"]),
    ({"model": "sora"}, ["'sora'", "veo_3_1", "grok-video-3", "format="]),
    ({"format": "soap"}, ["format", "'soap'", "openai", "unified"]),
    ({"seconds": "eight"}, ["seconds", "'eight'", "whole number"]),
    ({"seconds": 0}, ["seconds", "0", "above 0"]),
    ({"seconds": -8}, ["seconds", "-8"]),
    ({"seconds": 7.5}, ["seconds", "7.5"]),
    ({"seconds": True}, ["seconds", "True"]),
    ({"size": (1, 2, 3)}, ["size", "(1, 2, 3)", "pixels"]),
    ({"size": (0, 720)}, ["size", "(0, 720)"]),
    ({"size": 720}, ["size", "720"]),
    ({"size": ""}, ["size", "empty"]),
    ({"size": "4x4"}, ["size", "'4x4'", "one of"]),
    ({"aspect_ratio": "7:5"}, ["aspect_ratio", "'7:5'", "one of"]),
    ({"aspect_ratio": 1.5}, ["aspect_ratio", "text", "float"]),
    ({"watermark": 0}, ["watermark"]),
    ({"fit": "stretch"}, ["fit is 'stretch'", "cover, contain"]),
    ({"image": None, "images": "kitten.png"}, ["images", "list", "image="]),
    ({"image": None, "images": b"x"}, ["images", "list"]),
    ({"image": "no/such.png"}, ["no/such.png", "does not exist"]),
    ({"image": 7}, ["image", "int", "path"]),
    ({"image": None, "images": [None]}, ["image", "NoneType"]),
    ({"image": b"hello world, this is text"}, ["not a picture", "PNG"]),
    ({"image": b""}, ["empty", "PNG"]),
    ({"image": io.StringIO("x")}, ["text", '"rb"']),
    ({"image": "ftp://example.com/x.png"}, ["ftp://", "http, https and file://"]),
    ({"image": f"file://{__file__}"}, ["file:///", "not a picture"]),
    ({"image": "file:///no/such.png"}, ["file:///", "does not exist"]),
    ({"image": "file://nas/x.png"}, ["'nas'", "this machine"]),
    ({"image": "data:image/png,hello"}, ["data URI", "base64"]),
    ({"image": "data:image/png;base64,####"}, ["base64", "decoded"]),
    ({"image": "data:image/png;base64,aGVsbG8="}, ["not a picture"]),
    ({"image": "/dev/null"}, ["not an ordinary file"]),
    ({"image": "nul\0.png"}, ["cannot be read"]),
    ({"image": "x" * 5000}, ["cannot be read"]),
    ({"extra": {"prompt": "other"}}, ["extra", "'prompt'", "parameter of its own"]),
    ({"extra": {"a": CIRCLE}}, ["extra 'a' cannot be sent"]),
    ({"extra": {"a": DEEP}}, ["extra 'a' cannot be sent"]),
    # half a character, which no wire format can carry
    ({"model": "\ud800"}, ["model", "surrogate"]),
    ({"size": "\ud800"}, ["size", "surrogate"]),
    ({"aspect_ratio": "\ud800"}, ["aspect_ratio", "surrogate"]),
    ({"watermark": "\ud800"}, ["watermark", "surrogate"]),
    ({"seconds": "\ud800"}, ["seconds"]),
    ({"extra": {"a": ["\ud800"]}}, ["extra 'a' cannot be sent"]),
    ({"image": "https://e.com/\ud800"}, []),
]

# A format, what is passed, and the whole message.
EXACT: list[tuple[Wire, Mapping[str, Any], str]] = [
    (OPENAI, {"size": None},
     "size is missing, and veo_3_1 needs one of: 1280x720, 720x1280, 16x9, 9x16"),
    (OPENAI, {"image": None}, "veo_3_1 needs a picture: pass image="),
    (OPENAI, {"images": [png()]}, "veo_3_1 takes 1 picture, not 2"),
    (UNIFIED, {"aspect_ratio": None}, "aspect_ratio is missing, and grok-video-3 needs one of: 2:3, 3:2, 1:1"),
    (UNIFIED, {"seconds": 8},
     "seconds is '8', and grok-video-3 takes none in the unified format: leave it out, or pass it with extra="),
    (UNIFIED, {"watermark": True},
     "watermark is 'true', and grok-video-3 takes none in the unified format: leave it out, or pass it with extra="),
    (OPENAI, {**ANY, "size": None}, "size is missing, and the openai format requires it"),
    (OPENAI, {**ANY, "seconds": None}, "seconds is missing, and the openai format requires it"),
    (OPENAI, {**ANY, "image": None}, "images is missing, and the openai format requires it"),
    (OPENAI, {**ANY, "images": [png()]}, "the openai format takes one picture, not 2"),
    (UNIFIED, {**ANY_UNIFIED, "aspect_ratio": None},
     "aspect_ratio is missing, and the unified format requires it"),
    (UNIFIED, {**ANY_UNIFIED, "size": None}, "size is missing, and the unified format requires it"),
    (OPENAI, {**ANY, "aspect_ratio": "16:9"},
     ("aspect_ratio is '16:9', and the openai format has no such field: leave it out, or pass it "
      "with extra= if your model takes it")),
    (OPENAI, {"size": "720x1280", "aspect_ratio": "16:9"},
     ("size '720x1280' contradicts aspect_ratio '16:9', which is '1280x720' for veo_3_1: give one "
      "of the two")),
    (UNIFIED, {"size": (1280, 720)}, "size is '1280x720', and grok-video-3 takes one of: 720P, 1080P"),
    (UNIFIED, {"extra": 5}, "extra must be a mapping of fields, not int"),
    (UNIFIED, {"extra": "a=b"}, "extra must be a mapping of fields, not str"),
    (UNIFIED, {"extra": {5: 1}}, "a field of extra must be text, not int"),
    (UNIFIED, {"extra": {" ": 1}}, "a field of extra is empty"),
    (OPENAI, {"extra": {"a": float("nan")}}, f"extra 'a' cannot be sent: {NO_JSON}"),
    (OPENAI, {"extra": {"a": {1}}},
     "extra 'a' cannot be sent: Object of type set is not JSON serializable"),
    (OPENAI, {"seconds": 10**5000},
     "seconds is a number of thousands of digits, and must be a whole number above 0"),
    (OPENAI, {"seconds": "٨"}, "seconds is '٨', and must be a whole number above 0"),
    (OPENAI, {"size": (True, True)},
     "size is (True, True), and must be text or (width, height) in pixels"),
]  # fmt: skip


def _refusal(wire: Wire, hub: Any, changes: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidRequest) as raised:
        wire.create(hub, **changes)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_a_mistake_in_either_format(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The message names the field, the value and what is allowed, and the gateway sees nothing at all."""
    for changes, words in BOTH:
        message = _refusal(wire, hub, changes)
        assert [word for word in words if word not in message] == [], message
    assert gateway.connections == 0


@BLOCKING
def test_the_exact_words_of_a_refusal(hub: Any, gateway: Gateway) -> None:
    """A refusal names the field, the value and what is allowed, word for word, and nothing is sent."""
    for wire, changes, words in EXACT:
        assert _refusal(wire, hub, changes) == words
    assert gateway.connections == 0
