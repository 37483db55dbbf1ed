"""The models of the vendor's other pages: their fields, the clips they make, and the ids of their tasks."""

from __future__ import annotations

import re
from typing import Any, cast

import httpx
import pytest
from chainhub_sandbox.models import MODELS

from tests.support.places import ROOT
from tests.support.sandbox_caller import MINE, Caller, png, watch

from .test_refusals import refused
from .test_tasks import UUID

ULID = r"task_0[0-9a-hjkmnp-tv-z]{25}"


def documented() -> dict[str, set[str]]:
    """The models that docs/sandbox.md names, by the path of their create; `veo2` and its `-fast` are two."""
    named: dict[str, set[str]] = {}
    page = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
    for path, cell in re.findall(r"^\| `(/v1/\S+)` \| ([^|]+) \|", page, re.MULTILINE):
        for family in cell.split("; "):
            first, *others = re.findall(r"`(.+?)`", family)
            whole = (f"{first}{name}" if name.startswith("-") else name for name in others)
            named.setdefault(path, set()).update([first, *whole])
    return named


def form(caller: Caller, **fields: str) -> httpx.Response:
    """POST /v1/videos for sora-2 with these fields and no others."""
    return caller.form(*{"model": "sora-2", "prompt": "A kitten", **fields}.items())


def document(caller: Caller, model: str, **fields: Any) -> httpx.Response:
    """POST /v1/video/create with these fields and no others."""
    body = {"model": model, "prompt": "A kitten", **fields}
    return caller.http.post("/v1/video/create", json=body)


def clip(caller: Caller, created: httpx.Response) -> tuple[int, int, float]:
    """Width, height and seconds of a finished clip; the sandbox of the tests makes it a quarter as large."""
    seen = watch(caller.video(created), every=1000)
    return seen.size[0] * 4, seen.size[1] * 4, round(seen.seconds, 3)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, (720, 1280, 4)),
        ({"size": "1280x720", "seconds": "8"}, (1280, 720, 8)),
        ({"size": "1024x1792", "seconds": "10"}, (1024, 1792, 10)),
        ({"size": "1792x1024", "seconds": "25"}, (1792, 1024, 25)),
        (
            {
                "model": "sora-2-pro",
                "seconds": "12",
                "watermark": "false",
                "private": "true",
                "style": "anime",
                "character_url": "https://pictures.example/cat.mp4",
                "character_timestamps": "1,3",
                "metadata": "{}",
                "another_field": "is let through",
            },
            (720, 1280, 12),
        ),
    ],
)
def test_sora_form(caller: Caller, fields: dict[str, str], wanted: tuple[int, int, float]) -> None:
    """Sora's form needs model and prompt only; the clip has the size and length asked for."""
    created = form(caller, **fields)
    assert clip(caller, created) == wanted
    model = fields.get("model", "sora-2")
    assert re.fullmatch(UUID if model == "sora-2-pro" else f"sora-2:{ULID}", created.json()["id"])
    assert created.json()["model"] == model
    assert created.json()["size"] == f"{wanted[0]}x{wanted[1]}"
    assert created.json()["seconds"] == f"{wanted[2]:g}"


def test_sora_form_with_a_picture(caller: Caller) -> None:
    """Sora takes a reference picture as a file, and it is in the clip."""
    fields = {"model": "sora-2", "prompt": "Red", "size": "1280x720"}
    created = caller.form(*fields.items(), picture=png("red"))
    frame = caller.watch(created).frames[0]
    red, green, blue = (band.getpixel((160, 60)) for band in frame.split())
    assert cast("int", red) > 200 > 80 > max(cast("int", green), cast("int", blue))


def test_wrong_sora_forms(caller: Caller) -> None:
    """A wrong value of sora's form is refused with its field and what it may be."""
    values = {
        ("seconds", "5"): "'12'",
        ("size", "16x9"): "1792x1024",
        ("watermark", "no"): "true",
        ("private", "1"): "true",
        ("style", "noir"): "anime",
        ("character_timestamps", "1,4.5"): "1 to 3 apart",
        ("character_timestamps", "1,1.5"): "1 to 3 apart",
        ("character_timestamps", "3,1"): "1 to 3 apart",
        ("character_timestamps", "now"): "as in 1,3",
        ("input_reference", MINE): "must be a file",
        ("prompt", " "): "blank",
    }
    for (field, value), words in values.items():
        error = refused(form(caller, **{field: value}), 400, field, words)
        assert error["param"] == field


@pytest.mark.parametrize(
    ("model", "fields", "wanted"),
    [
        ("sora-2", {}, (720, 1280, 10)),
        ("sora-2", {"orientation": "landscape", "size": "small"}, (1280, 720, 10)),
        ("sora-2-pro", {"duration": 15, "images": [MINE]}, (1080, 1920, 15)),
        ("sora-2-pro", {"duration": 25, "orientation": "landscape"}, (1920, 1080, 25)),
        ("sora-2", {"watermark": False, "private": True}, (720, 1280, 10)),
        ("veo2", {}, (1280, 720, 8)),
        ("veo2-fast-frames", {"images": [MINE, MINE]}, (1280, 720, 8)),
        ("veo3", {"aspect_ratio": "9:16", "enhance_prompt": True}, (720, 1280, 8)),
        ("veo3-pro-frames", {"images": [MINE], "aspect_ratio": "16:9"}, (1280, 720, 8)),
        ("veo3.1-pro", {"enable_upsample": True, "aspect_ratio": "9:16"}, (1080, 1920, 8)),
        ("veo3.1", {"another_field": "is let through"}, (1280, 720, 8)),
    ],
)
def test_unified_clips(
    caller: Caller, model: str, fields: dict[str, Any], wanted: tuple[int, int, float]
) -> None:
    """The clip follows orientation, aspect ratio, size and duration, and the answer's ratio its shape."""
    created = document(caller, model, **fields)
    assert clip(caller, created) == wanted
    state = caller.query(created.json()["id"]).json()
    assert state["ratio"] == ("16:9" if wanted[0] > wanted[1] else "9:16")
    assert state["model"] == model


def test_the_documentation_names_every_model() -> None:
    """The table of docs/sandbox.md has the models of both creates, and no other ones."""
    paths = {"openai": "/v1/videos", "unified": "/v1/video/create"}
    assert documented() == {paths[name]: {*models} for name, models in MODELS.items()}


def test_unified_ids(caller: Caller) -> None:
    """Each further model is there, and its tasks have ids in the form that was seen of it."""
    veo = {model for model in documented()["/v1/video/create"] if model.startswith("veo")}
    forms = {"sora-2": f"sora-2:{ULID}", "sora-2-pro": UUID}
    forms |= {model: re.escape(model) + r":\d{10}-[0-9A-Za-z]{10}" for model in veo}
    for model, wanted in forms.items():
        created = document(caller, model)
        assert created.status_code == 200
        assert re.fullmatch(wanted, created.json()["id"])


def test_wrong_unified_values(caller: Caller) -> None:
    """Each further model's fields are checked by its own rules, and another model's are refused."""
    values: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        ("sora-2", {"duration": 15}, ("duration", "10")),
        ("sora-2", {"duration": "10"}, ("duration", "integer")),
        ("sora-2", {"size": "large"}, ("size", "small")),
        ("sora-2-pro", {"duration": 10}, ("duration", "15, 25")),
        ("sora-2", {"orientation": "square"}, ("orientation", "landscape")),
        ("sora-2", {"watermark": "false"}, ("watermark", "boolean")),
        ("sora-2", {"aspect_ratio": "16:9"}, ("aspect_ratio", "sora-2 has no such field")),
        ("sora-2", {"images": MINE}, ("images", "array")),
        ("sora-2", {"images": ["kitten.png"]}, ("images[0]", "data URI")),
        ("veo2", {"aspect_ratio": "16:9"}, ("aspect_ratio", "veo2 has no such field")),
        ("veo3", {"aspect_ratio": "1:1"}, ("aspect_ratio", "9:16")),
        ("veo3", {"duration": 8}, ("duration", "enhance_prompt")),
        ("veo3", {"enhance_prompt": "true"}, ("enhance_prompt", "boolean")),
        ("veo2-fast-frames", {"images": [MINE] * 3}, ("images", "maxItems")),
        ("veo3-pro-frames", {"images": [MINE] * 2}, ("images", "maxItems")),
        ("veo3", {"prompt": 5}, ("prompt", "string")),
    ]
    for model, fields, words in values:
        refused(document(caller, model, **fields), 400, *words)


def test_the_documents_models_keep_their_rules(caller: Caller) -> None:
    """Fields of further models change nothing for the three that the document knows."""
    created = caller.create_unified(duration=25, orientation="portrait", size="720P")
    assert clip(caller, created) == (1080, 720, 6)
