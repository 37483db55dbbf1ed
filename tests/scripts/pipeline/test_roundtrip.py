"""Every documented example goes through the generated client and comes back unchanged, or stops the build."""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
from pipeline.build import Assembled, assemble, build, read_inputs
from pipeline.roundtrip import FILE, NOTHING, check_examples, compose
from pipeline.tree import YamlMapping

from tests.support.places import ROOT

from .reading import refusal
from .small import page, small_repository
from .test_answers import with_example

CREATED = "models/create_video_response.py"
UNIFIED = "models/create_unified_video_request.py"


@pytest.fixture(scope="module")
def document() -> YamlMapping:
    """The repository's document."""
    assembled: Assembled = assemble(read_inputs(ROOT, []))
    return assembled.document


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the generated package, to be spoilt."""
    folder = tmp_path / "chainhub_api"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    shutil.copytree(ROOT / "generated/chainhub_api", folder, ignore=ignored)
    return folder


def test_all_examples_come_back(document: YamlMapping, package: Path) -> None:
    """The examples of all five operations, of every status, are unchanged; the package's folder is, too."""
    before = sorted(package.rglob("*"))
    assert check_examples(document, package) >= 30
    assert sorted(package.rglob("*")) == before


# A file of the package, what in it is replaced or None for all of it, by what, and what is told.
SPOILT = [
    (CREATED, 'field_dict["progress"] = progress', "pass",
     ("openapi/sources/create-video-openai-format.md:95: error: example of POST /v1/videos, answer 200 (at "
     "/paths/~1v1~1videos/post/responses/200/content/application~1json/example): the generated client "
     "gives /progress back as nothing in place of 0. Next: correct the example")),
    (CREATED, 'd.pop("progress", UNSET)', 'str(d.pop("progress", UNSET))',
     "gives /progress back as '0' in place of 0"),
    (UNIFIED, '"images": images,', '"images": images[:0],',
     ("example of POST /v1/video/create, request (at /paths/~1v1~1video~1create/post/requestBody/content/"
     "application~1json/example): the generated client gives /images back as [] in place of")),
    (UNIFIED, '"size": size,', '"size": size, "more": 1,',
     "gives /more back as 1, which the example does not have"),
    ("models/create_video_request.py", 'd.pop("size")', 'd.pop("pixels")',
     ("example of POST /v1/videos, request (at /paths/~1v1~1videos/post/requestBody/content/"
     "multipart~1form-data/schema): the generated client refuses it: KeyError('pixels')")),
    ("models/error_response.py", 'error = d.pop("error", UNSET)', 'error = int(d.pop("error", 0))',
     ("example of GET /v1/video/query, answer 5XX (at /components/responses/Error/content/application~1json/"
     "examples/unauthorized/value): the generated client refuses it: TypeError")),
    ("models/video_link.py", 'field_dict["id"] = id', "pass",
     ("(at /paths/~1v1~1videos~1{id}~1content/get/responses/200/content/application~1json/example): "
     "the generated client gives /id back as")),
    ("api/openai/retrieve_video.py", "response.status_code == 200", "response.status_code == 201",
     "example of GET /v1/videos/{id}, answer 200"),
    # Code that does not run is told like any other problem.
    ("client.py", None, "raise OSError('no')\n", "cannot be imported: OSError('no')"),
    ("models/video_link.py", None, "class\n", "cannot be imported: SyntaxError"),
    ("api/openai/create_video.py", None, "import nowhere_at_all\n", "POST /v1/videos cannot be imported"),
]  # fmt: skip


def test_an_example_that_does_not_come_back_is_named(document: YamlMapping, package: Path) -> None:
    """A field that is lost, changed, added or refused is told with operation, status and path."""
    for file, old, new, expected in SPOILT:
        path = package / file
        sound = path.read_text()
        assert old is None or old in sound
        path.write_text(sound.replace(old, new) if old else new)
        assert expected in refusal(check_examples, document, package), (file, new)
        path.write_text(sound)


def test_the_examples_of_the_document_count(document: YamlMapping, package: Path) -> None:
    """An example that lacks what its schema requires is refused by the class, and told at its line."""
    changed = copy.deepcopy(document)
    media = changed["paths"]["/v1/videos"]["post"]["responses"]["200"]["content"][
        "application/json"
    ]
    del media["example"]["id"]
    told = refusal(check_examples, changed, package)
    assert "answer 200" in told
    assert "refuses it: KeyError('id')" in told
    pointer = "/paths/~1v1~1videos/post/responses/200/content/application~1json/example"
    assert check_examples(changed, package, frozenset([pointer]))


def test_a_spelling_that_the_client_would_change_stops_the_build(tmp_path: Path) -> None:
    """A time in a request is written in another spelling than the page's: the build names page, line and path."""
    text = page(
        "A", "properties:\n  at: {type: string, format: date-time}", "at: '2025-01-01T00:00:00Z'"
    )
    root = small_repository(tmp_path, {"a": text})
    assert refusal(build, read_inputs(root, [])).startswith(
        "openapi/sources/a.md:24: error: example of POST /v1/video/create, request (at /paths/~1v1~1video~1create/"
        "post/requestBody/content/application~1json/example): the generated client gives /at back as "
        "'2025-01-01T00:00:00+00:00' in place of '2025-01-01T00:00:00Z'. Next: correct the example"
    )


def test_alternatives_without_a_name_are_read_as_the_operation_reads_them(tmp_path: Path) -> None:
    """Examples of alternatives, lists and maps go through the types that the generator made up for them."""
    text = page(
        "A",
        "oneOf:\n  - {type: object, required: [a], properties: {a: {type: string}}}\n"
        "  - {type: object, required: [b], properties: {b: {type: array, items: {type: string}}}}",
        "b: [x]",
        "parts: {type: array, items: {type: object, properties: {n: {type: integer, example: 1}}}}",
    )
    text = with_example(text, "              example: {parts: [{n: 1}, {m: 2}]}\n")
    built = build(read_inputs(small_repository(tmp_path, {"a": text}), []))
    assert built.examples == 5


TEXT = {"type": "string"}
DOCUMENT: Any = {
    "components": {
        "schemas": {
            "Word": {**TEXT, "example": "w"},
            "Loop": {
                "properties": {"loop": {"$ref": "#/components/schemas/Loop"}, "n": {"example": 1}}
            },
        }
    }
}


COMPOSED = [
    (TEXT, NOTHING),
    ({**TEXT, "example": "x"}, "x"),
    ({"$ref": "#/components/schemas/Word"}, "w"),
    ({"$ref": "#/components/schemas/Loop"}, {"n": 1}),
    ({"properties": {"a": {"example": 1}, "b": TEXT}}, {"a": 1}),
    ({"properties": {"a": {"example": 1}, "b": TEXT}, "required": ["b"]}, NOTHING),
    ({"properties": {"a": {"example": 1}, "f": {"format": "binary"}}, "required": ["f"]}, {"a": 1, "f": FILE}),
    ({"properties": {"f": {"format": "binary", "example": "cow.png"}}}, NOTHING),
    ({"properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}, {"a": "x"}),
    ({"properties": {"a": {"x-extensible-enum": ["x"]}}}, {"a": "x"}),
    ({"type": "array", "items": {"$ref": "#/components/schemas/Word"}}, ["w"]),
    ({"type": "array", "items": TEXT}, NOTHING),
    ({"oneOf": [TEXT, {"example": 2}]}, 2),
    ({"allOf": [{"properties": {"a": {"example": 1}}}, {"required": ["b"]}],
      "properties": {"b": {"example": 2}}}, {"b": 2, "a": 1}),
    ({"allOf": [{"properties": {"a": {"example": 1}}}, {"required": ["b"]}]}, NOTHING),
    ({"example": {"a": 0}, "properties": {"a": {"example": 1}}}, {"a": 0}),
]  # fmt: skip


def test_examples_are_put_together_from_those_of_properties() -> None:
    """What is documented property by property is one value, unless something required has no example."""
    for schema, expected in COMPOSED:
        assert compose(DOCUMENT, schema) == expected
