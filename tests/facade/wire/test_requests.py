"""Every field of a create and what becomes of it on the wire, in both formats and through both drivers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from chainhub_video import InvalidRequest, VideoRequest
from chainhub_video.models import MODELS

from tests.support.answering import Arrived, tell
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png

ANY = {"format": "openai", "model": "veo-9", "seconds": 4}  # a model whose row sets no limits
ANY_UNIFIED = {"format": "unified", "model": "grok-9", "size": "720P"}

NO_JSON = ""
try:
    json.dumps(float("nan"), allow_nan=False)
except ValueError as error:
    NO_JSON = str(error)  # the words of Python, which differ between its versions

# What is passed, and the fields that must arrive. A field that must not arrive is None.
FORM: dict[str, tuple[Mapping[str, Any], Mapping[str, str | None]]] = {
    "seconds int": ({"seconds": 4}, {"seconds": "4"}),
    "seconds str": ({"seconds": "4"}, {"seconds": "4"}),
    "seconds with blanks": ({"seconds": " 4 "}, {"seconds": "4"}),
    "seconds of the model": ({}, {"seconds": "8"}),
    "size as text": ({"size": "720x1280", "fit": "cover"}, {"size": "720x1280"}),
    "size as a tuple": ({"size": (720, 1280), "fit": "cover"}, {"size": "720x1280"}),
    "size as a list": ({"size": [720, 1280], "fit": "cover"}, {"size": "720x1280"}),
    "size as the page's example": ({"size": "16x9"}, {"size": "16x9"}),
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
    "no watermark said": ({}, {"watermark": None}),
    "watermark": ({"watermark": True}, {"watermark": "true"}),
    "no watermark": ({"watermark": False}, {"watermark": "false"}),
    "watermark as text": ({"watermark": "my logo"}, {"watermark": "my logo"}),
    "extra text": ({"extra": {"style": "noir"}}, {"style": "noir"}),
    "extra number": ({"extra": {"seed": 7}}, {"seed": "7"}),
    "extra truth": ({"extra": {"enhance": True}}, {"enhance": "true"}),
    "extra nothing": ({"extra": {"enhance": None}}, {"enhance": "null"}),
    "extra object": ({"extra": {"camera": {"zoom": [1, 2.5]}}}, {"camera": '{"zoom": [1, 2.5]}'}),
    "extra ratio": ({"extra": {"aspect_ratio": "21:9"}}, {"aspect_ratio": "21:9"}),
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
    "size of the model": ({}, {"size": "720P"}),
    "size as text": ({"size": "1080P"}, {"size": "1080P"}),
    "size as a tuple": ({**ANY_UNIFIED, "size": (720, 480)}, {"size": "720x480"}),
    "ratio": ({"aspect_ratio": "2:3"}, {"aspect_ratio": "2:3"}),
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
    "extra seconds": ({"extra": {"seconds": 6, "watermark": "false"}}, {"seconds": 6, "watermark": "false"}),
    "another format's model": (
        {"format": "unified", "model": "veo_3_1", "size": "4K", "aspect_ratio": "1:1"},
        {"model": "veo_3_1", "size": "4K", "aspect_ratio": "1:1"},
    ),
}  # fmt: skip


def _sent(wire: Wire, hub: Any, gateway: Gateway, **changes: Any) -> Arrived:
    gateway.on("create", tell(wire.created()))
    wire.create(hub, **changes)
    (create,) = gateway.of("create")
    return create


@pytest.mark.parametrize("case", FORM)
def test_what_the_form_carries(hub: Any, gateway: Gateway, case: str) -> None:
    """Each argument becomes the text that the multipart form wants, and nothing that was not said is sent."""
    changes, expected = FORM[case]
    parts = _sent(OPENAI, hub, gateway, **changes).parts
    told = {name: parts[name].decode() if name in parts else None for name in expected}
    assert told == expected
    documented = {"model", "prompt", "seconds", "size", "input_reference", "watermark"}
    assert set(parts) <= documented | set(changes.get("extra", ()))


@pytest.mark.parametrize("case", JSON)
def test_what_the_json_carries(hub: Any, gateway: Gateway, case: str) -> None:
    """Each argument becomes the JSON value that the unified format wants, and nothing that was not said is sent."""
    changes, expected = JSON[case]
    document = _sent(UNIFIED, hub, gateway, **changes).json
    assert {name: document[name] for name in expected} == expected
    documented = {"model", "prompt", "aspect_ratio", "size", "images"}
    assert set(document) == documented | set(changes.get("extra", ()))


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


@pytest.mark.parametrize("case", PROMPTS)
def test_any_prompt_arrives_as_it_is(hub: Any, wire: Wire, gateway: Gateway, case: str) -> None:
    """A prompt is the user's: no character of it is lost, changed or understood as anything else."""
    create = _sent(wire, hub, gateway, prompt=PROMPTS[case])
    prompt = create.parts["prompt"].decode() if wire is OPENAI else create.json["prompt"]
    assert prompt == PROMPTS[case]


@pytest.mark.parametrize("count", [0, 2, 3])
def test_the_form_holds_one_picture(hub: Any, gateway: Gateway, count: int) -> None:
    """Even for a model without a row, a form without exactly one picture is refused before anything is sent."""
    with pytest.raises(InvalidRequest, match=r"picture|images"):
        OPENAI.create(hub, **ANY, image=None, images=[png()] * count)
    assert gateway.arrived == []


REFUSED: dict[str, tuple[Wire, Mapping[str, Any], str]] = {
    "no size": (OPENAI, {**ANY, "size": None}, "size is missing, and the openai format requires it"),
    "no seconds": (
        OPENAI, {**ANY, "seconds": None}, "seconds is missing, and the openai format requires it",
    ),
    "no ratio": (
        UNIFIED, {**ANY_UNIFIED, "aspect_ratio": None},
        "aspect_ratio is missing, and the unified format requires it",
    ),
    "no size for an unknown model": (
        UNIFIED, {**ANY_UNIFIED, "size": None}, "size is missing, and the unified format requires it",
    ),
    "a ratio that the form cannot say": (
        OPENAI, {**ANY, "aspect_ratio": "16:9"},
        ("aspect_ratio is '16:9', and the openai format has no such field: leave it out, or pass it "
        "with extra= if your model takes it"),
    ),
    "a contradiction": (
        OPENAI, {"size": "720x1280", "aspect_ratio": "16:9"},
        ("size '720x1280' contradicts aspect_ratio '16:9', which is '1280x720' for veo_3_1: give one "
        "of the two"),
    ),
    "a ratio of another model": (
        OPENAI, {"aspect_ratio": "3:2"}, "aspect_ratio is '3:2', and veo_3_1 takes one of: 16:9, 9:16",
    ),
    "a size of another model": (
        UNIFIED, {"size": (1280, 720)}, "size is '1280x720', and grok-video-3 takes one of: 720P, 1080P",
    ),
    "extra that is no mapping": (UNIFIED, {"extra": 5}, "extra must be a mapping of fields, not int"),
    "extra that is text": (UNIFIED, {"extra": "a=b"}, "extra must be a mapping of fields, not str"),
    "extra with a number for a name": (UNIFIED, {"extra": {5: 1}}, "a field of extra must be text, not int"),
    "extra without a name": (UNIFIED, {"extra": {" ": 1}}, "a field of extra is empty"),
    "extra NaN": (
        OPENAI, {"extra": {"a": float("nan")}},
        f"extra 'a' cannot be sent: {NO_JSON}",
    ),
    "extra set": (
        OPENAI, {"extra": {"a": {1}}},
        "extra 'a' cannot be sent: Object of type set is not JSON serializable",
    ),
    "huge seconds": (
        OPENAI, {"seconds": 10**5000},
        "seconds is a number of thousands of digits, and must be a whole number above 0",
    ),
    "seconds in other digits": (
        OPENAI, {"seconds": "٨"}, "seconds is '٨', and must be a whole number above 0",
    ),
    "a true size": (
        OPENAI, {"size": (True, True)},
        "size is (True, True), and must be text or (width, height) in pixels",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_the_exact_words_of_a_refusal(hub: Any, gateway: Gateway, case: str) -> None:
    """A refusal names the field, the value and what is allowed, word for word, and nothing is sent."""
    wire, changes, words = REFUSED[case]
    with pytest.raises(InvalidRequest) as raised:
        wire.create(hub, **changes)
    assert str(raised.value) == words
    assert gateway.arrived == []


@pytest.mark.parametrize(
    "field", ["prompt", "model", "size", "aspect_ratio", "watermark", "seconds", "extra", "image"]
)
def test_half_a_character_is_refused_everywhere(
    hub: Any, wire: Wire, gateway: Gateway, field: str
) -> None:
    """A lone surrogate, which no wire format can carry, is refused locally in whatever argument it hides."""
    value: Any = {"extra": {"a": ["\ud800"]}, "image": "https://e.com/\ud800"}.get(field, "\ud800")
    with pytest.raises(InvalidRequest):
        wire.create(hub, **{"format": wire.name, field: value})
    assert gateway.arrived == []


def test_extra_that_holds_itself_is_refused(hub: Any, gateway: Gateway) -> None:
    """A value that contains itself, or is nested without measure, ends in words and not in a recursion."""
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (circle, deep):
        with pytest.raises(InvalidRequest, match="cannot be sent"):
            UNIFIED.create(hub, extra={"a": value})
    assert gateway.arrived == []


def test_the_callers_own_mapping_is_not_kept(hub: Any, gateway: Gateway) -> None:
    """What was passed as `extra` is copied: a later change of it does not reach a request, nor a request it."""
    extra = {"seed": 1}
    request = VideoRequest(prompt="x", model="m", format="unified", extra=extra)
    assert _sent(UNIFIED, hub, gateway, extra=extra).json["seed"] == 1
    assert extra == {"seed": 1}
    assert "seed" in repr(request)


def test_each_row_of_the_table_has_its_source() -> None:
    """Every known model says from which page its facts come, and its default size is one that it takes."""
    for model in MODELS:
        assert "openapi/sources/" in model.source or "the vendor's pages" in model.source
        for meaning in model.means.values():
            assert meaning.get("size", "large") in (*model.sizes, "small", "large")
            assert meaning.get("aspect_ratio", "16:9") in model.aspect_ratios
        assert json.dumps(model.name).strip('"') == model.name
