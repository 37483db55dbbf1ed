"""What the fields of a create become on the wire, in both formats and through both drivers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.answering import Arrived, tell
from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire

ANY = {"format": "openai", "model": "veo-9", "seconds": 4}  # a model whose row sets no limits
ANY_UNIFIED = {"format": "unified", "model": "grok-9", "size": "720P"}

# What is passed, and the fields that must arrive. A field that must not arrive is None.
FORM: dict[str, tuple[Mapping[str, Any], Mapping[str, str | None]]] = {
    "seconds with blanks": ({"seconds": " 4 "}, {"seconds": "4", "watermark": None}),
    "seconds of the model": ({}, {"seconds": "8"}),
    "size as a list": ({"size": [720, 1280], "fit": "cover"}, {"size": "720x1280"}),
    "raw size": ({**ANY, "size": "4K, please"}, {"size": "4K, please"}),
    "odd pixels": ({**ANY, "size": (1919, 1081), "fit": "cover"}, {"size": "1919x1081"}),
    "ratio instead of size": (
        {"size": None, "aspect_ratio": "9:16", "fit": "cover"},
        {"size": "720x1280", "aspect_ratio": None},
    ),
    "ratio that agrees": (
        {"aspect_ratio": "16:9"}, {"size": "1280x720", "aspect_ratio": None},
    ),
    "ratio that agrees with the example": (
        {"size": "16x9", "aspect_ratio": "16:9"}, {"size": "16x9", "aspect_ratio": None},
    ),
    "watermark as text": ({"watermark": "my logo"}, {"watermark": "my logo"}),
    "extra in text": (
        {
            **ANY,
            "extra": {
                "style": "noir", "seed": 7, "enhance": True, "off": None, "camera": {"zoom": [1, 2.5, "é"]},
                "aspect_ratio": "21:9",
            },
        },
        {
            "style": "noir", "seed": "7", "enhance": "true", "off": "null", "camera": '{"zoom": [1, 2.5, "é"]}',
            "aspect_ratio": "21:9",
        },
    ),
    "extra that breaks out": (
        {"extra": {"x": '\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\ny'}},
        {"model": "veo_3_1"},
    ),
    "another format's model": (
        {"format": "openai", "model": "grok-video-3", "size": "720P", "seconds": 6},
        {"model": "grok-video-3", "size": "720P", "seconds": "6"},
    ),
}  # fmt: skip
JSON: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "size as a tuple": ({**ANY_UNIFIED, "size": (720, 480)}, {"size": "720x480"}),
    "ratio of an unknown model": (
        {**ANY_UNIFIED, "aspect_ratio": "21:9"}, {"aspect_ratio": "21:9", "model": "grok-9"},
    ),
    "no picture": ({"image": None}, {"images": []}),
    "several pictures": (
        {"images": ["https://e.com/2.png", " https://e.com/3.png "]},
        {"images": ["https://example.com/kitten.png", "https://e.com/2.png", "https://e.com/3.png"]},
    ),
    "a tuple of pictures": (
        {"image": None, "images": ("HTTP://e.com/a",)}, {"images": ["HTTP://e.com/a"]},
    ),
    "extra keeps its types": (
        {"extra": {"seed": 7, "on": True, "off": None, "deep": {"a": [1.5, "ü"]}}},
        {"seed": 7, "on": True, "off": None, "deep": {"a": [1.5, "ü"]}},
    ),
    "extra of an unknown model": (
        {**ANY_UNIFIED, "extra": {"seconds": 6, "watermark": "false"}}, {"seconds": 6, "watermark": "false"},
    ),
    "another format's model": (
        {"format": "unified", "model": "veo_3_1", "size": "4K", "aspect_ratio": "1:1"},
        {"model": "veo_3_1", "size": "4K", "aspect_ratio": "1:1"},
    ),
}  # fmt: skip


def _sent(wire: Wire, hub: Any, gateway: Gateway, **changes: Any) -> Arrived:
    gateway.on("create", tell(wire.created()))
    wire.create(hub, **changes)
    return gateway.of("create")[-1]


def test_what_the_form_carries(hub: Any, gateway: Gateway) -> None:
    """Each argument becomes the text that the multipart form wants, and nothing that was not said is sent."""
    for case, (changes, expected) in FORM.items():
        parts = _sent(OPENAI, hub, gateway, **changes).parts
        told = {name: parts[name].decode() if name in parts else None for name in expected}
        assert told == expected, case
        documented = {"model", "prompt", "seconds", "size", "input_reference", "watermark"}
        assert set(parts) <= documented | set(changes.get("extra", ())), case
    assert gateway.count("create") == len(FORM)


def test_what_the_json_carries(hub: Any, gateway: Gateway) -> None:
    """Each argument becomes the JSON value that the unified format wants, and nothing that was not said is sent."""
    for case, (changes, expected) in JSON.items():
        document = _sent(UNIFIED, hub, gateway, **changes).json
        assert {name: document[name] for name in expected} == expected, case
        documented = {"model", "prompt", "aspect_ratio", "size", "images"}
        assert set(document) == documented | set(changes.get("extra", ())), case
    assert gateway.count("create") == len(JSON)


PROMPTS = {
    "a megabyte": "kitten " * 150_000,
    "line breaks": "a\r\nb\nc\rd\x00e\x1b[31m\t",
    "only odd characters": "\x00",
    "emoji": "🐈\u200d⬛ 👩🏽\u200d🚀 ﷽",
    "right to left": "قطة \u202e kitten",
    "a boundary": "--+++--\r\n--",
    "JSON": '{"model": "other"}\\u0000\\',
    "blanks around": "  kitten  ",
}


def test_any_prompt_arrives_as_it_is(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A prompt is the user's: no character of it is lost, changed or understood as anything else."""
    for case, prompt in PROMPTS.items():
        create = _sent(wire, hub, gateway, prompt=prompt)
        sent = create.parts["prompt"].decode() if wire is OPENAI else create.json["prompt"]
        assert sent == prompt, case


@BLOCKING
def test_the_callers_own_mapping_is_not_kept(hub: Any, gateway: Gateway) -> None:
    """What was passed as `extra` is copied: a request does not change it."""
    extra = {"seed": 1}
    assert _sent(UNIFIED, hub, gateway, extra=extra).json["seed"] == 1
    assert extra == {"seed": 1}
