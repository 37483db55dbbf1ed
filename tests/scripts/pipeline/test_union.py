"""One operation that several pages define: refused with what differs, or united on request."""

from pathlib import Path
from typing import Any

import pytest
from pipeline.__main__ import main

from .reading import refusal
from .small import assembled, page, small_repository

GROK = page(
    "Create with grok",
    """\
properties:
  model: {type: string, enum: [grok-video-3], description: The grok model}
  prompt: {type: string}
  images: {type: array, items: {type: string}}
  size: {type: string}
required: [model, prompt, images]""",
    "model: grok-video-3\nprompt: p\nimages: []",
    number=11,
)
VEO = page(
    "Create with veo",
    """\
properties:
  model: {type: string, enum: [veo3, veo3-fast], description: The veo model}
  prompt: {type: string}
  images: {type: string, description: One link}
  enhance_prompt: {type: boolean}
required: [model, prompt]""",
    "model: veo3\nprompt: p\nimages: https://x.y/z.png\nenhance_prompt: true",
    number=22,
)
SORA = page(
    "Create with sora",
    """\
properties:
  model: {type: string, enum: [sora-2]}
  prompt: {type: string}
  duration: {type: integer}
  size: {type: string}
required: [model, prompt, duration]""",
    "model: sora-2\nprompt: p\nduration: 10",
    number=33,
)
PAGES = {"grok": GROK, "veo": VEO, "sora": SORA}
UNION = """\
operations:
  - operation: POST /v1/video/create
    combine: union
    description: Each model has a page of its own for this call.
"""
VARIANTS: list[dict[str, Any]] = [
    {"model": "grok-video-3", "prompt": "p", "images": ["a", "b"], "size": "720P"},
    {"model": "veo3", "prompt": "p", "images": "https://x.y/z.png", "enhance_prompt": True},
    {"model": "sora-2", "prompt": "p", "duration": 10},
]


def test_three_different_bodies_are_refused_with_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both places, the differing fields with the page that has them, and the way out are told."""
    root = small_repository(tmp_path, PAGES)
    assert main([], root) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "openapi/sources/sora.md:10: error: operation POST /v1/video/create conflicts with the "
        "definition in openapi/sources/grok.md:10: differing at /requestBody/content/"
    )
    for told in (
        "/properties/model/enum/0 ('grok-video-3' and 'sora-2')",
        "/properties/images (only in openapi/sources/grok.md)",
        "/properties/duration (only in openapi/sources/sora.md)",
        "choose `combine: union` for it in openapi/merge.yaml",
    ):
        assert told in lines[0]
    assert lines[1].startswith("openapi/sources/veo.md:10: error: ")
    assert "only in openapi/sources/veo.md" in lines[1]
    assert not (root / "openapi/openapi.yaml").exists()


def test_the_union_allows_what_any_page_allows(tmp_path: Path) -> None:
    """Properties and enums are united, required is intersected, types that differ become anyOf."""
    built = assembled(tmp_path, PAGES, merge=UNION)
    schema = built.document["components"]["schemas"]["CreateRequest"]
    properties = schema["properties"]
    assert list(properties) == [
        "model", "prompt", "images", "size", "duration", "enhance_prompt",
    ]  # fmt: skip
    assert schema["required"] == ["model", "prompt"]
    assert properties["model"] == {
        "type": "string",
        "enum": ["grok-video-3", "sora-2", "veo3", "veo3-fast"],
        "description": "grok: The grok model\nveo: The veo model",
    }
    assert properties["images"] == {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "string", "description": "One link"},
        ],
        "description": "One link",
    }
    media = built.document["paths"]["/v1/video/create"]["post"]["requestBody"]["content"]
    assert list(media["application/json"]["examples"]) == ["grok", "sora", "veo"]
    assert any("is the union of 3 pages: grok, sora, veo" in item.reason for item in built.changes)
    assert [line.split("  page ")[1] for line in sorted(built.origins) if "  page " in line] == [
        "11  title Create with grok", "33  title Create with sora", "22  title Create with veo",
    ]  # fmt: skip


def test_what_a_union_cannot_keep_is_told(tmp_path: Path) -> None:
    """A limit that not all pages have, and a summary that differs, are reported with the place."""
    one = page("A", "properties: {a: {type: string, maxLength: 3}}", "a: x")
    two = page("B", "properties: {a: {type: string}}", "a: x").replace("Create a video", "Other")
    united = assembled(tmp_path, {"a": one, "b": two}, merge=UNION)
    told = [str(item) for item in united.changes if "merge" in item.step]
    assert any("/properties/a/maxLength: not said by all pages alike" in line for line in told)
    assert any("/summary: the pages differ, the first holds: a 'Create a video'" in t for t in told)


CONTRADICTIONS = [
    ("n: {type: string}", "n: {type: integer}", "/properties/n: the pages contradict"),
    ("n: {type: string, enum: [a]}", "n: {type: string, enum: [b]}", "/n/enum: the pages"),
    ("n: {type: string}", "n: {type: string, format: uri}", "/n/format: the pages contradict"),
]  # fmt: skip


def test_answers_that_contradict_each_other_are_united_only_if_asked(tmp_path: Path) -> None:
    """A contradiction about an answer is refused, until the entry says that both are true."""
    for number, (first, second, told) in enumerate(CONTRADICTIONS):
        pages = {
            "a": page("A", "properties: {a: {type: string}}", "a: x", first),
            "b": page("B", "properties: {b: {type: string}}", "b: x", second),
        }
        words = refusal(assembled, tmp_path / f"{number}", pages, merge=UNION)
        assert words.startswith("openapi/sources/")
        assert told in words
        assert "add `responses: union`" in words
        asked = f"{UNION}    responses: union\n"
        united = assembled(tmp_path / f"{number} asked", pages, merge=asked)
        assert "CreateResponse" in united.document["components"]["schemas"]


ENTRIES = [
    ("{operation: POST /v1/none, combine: union, description: w}", "no two different definitions"),
    ("{operation: GET /v1/state, combine: union, description: w}", "no two different definitions"),
    ("{operation: POST /v1/video/create, combine: union}", "needs combine, description, operation"),
    ("{operation: POST /v1/video/create, combine: union, description: ' '}", "no reason"),
    ("{operation: POST /v1/video/create, combine: first, description: w}", "the only choice is union"),
    ("{operation: /v1/video/create, combine: union, description: w}", "is no operation"),
    ("text", "needs combine, description, operation"),
]  # fmt: skip


def test_an_entry_that_is_wrong_or_idle_is_an_error(tmp_path: Path) -> None:
    """A rule that has nothing to unite, or cannot be read, is named with its line."""
    for number, (entry, told) in enumerate(ENTRIES):
        merge = f"operations:\n  - {entry}\n"
        refused = refusal(assembled, tmp_path / str(number), {"grok": GROK}, merge=merge)
        assert refused.startswith("openapi/merge.yaml:2: error: ")
        assert told in refused
