"""What would make the generated client refuse an answer is opened, and what is sent stays as it is."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pipeline.answers import mend_enums, open_answers
from pipeline.build import Assembled, assemble, read_inputs
from pipeline.report import Change
from pipeline.roundtrip import imported

from .reading import parsed, refusal
from .small import LIFECYCLE, page, small_repository, write_package

REQUEST = """\
properties:
  model: {type: string, enum: [m]}
  mode: {type: string, nullable: true, enum: [fast]}
  quality: {$ref: '#/components/schemas/Quality'}"""
ANSWER = """\
status: {type: string, description: The state, enum: [queued, done]}
code: {type: integer, enum: [1, 2]}
quality: {$ref: '#/components/schemas/Quality'}
reason: {type: string, nullable: true, enum: [moderation]}
kind: {allOf: [{$ref: '#/components/schemas/Kind'}]}
either: {oneOf: [{type: string, enum: [a]}, {type: integer}]}
list: {type: array, items: {type: string, enum: [a]}}
map: {type: object, additionalProperties: {type: string, enum: [a]}}
deep: {type: object, properties: {inner: {type: array, items: {$ref: '#/components/schemas/Kind'}}}}
at: {type: string, format: date-time}
trace: {type: string, format: uuid}"""
COMPONENTS = """\
components:
  schemas:
    Quality: {type: string, enum: [low, high]}
    Kind: {type: string, enum: [video]}
"""
EXAMPLE = """\
              example:
                status: queued
                code: 1
                quality: low
                reason: null
                kind: video
                either: a
                list: [a]
                map: {x: a}
                deep: {inner: [video]}
                at: '2025-01-01T00:00:00Z'
                trace: 5B3A5C1E-0000-4000-8000-000000000000
"""
NEW = {
    "status": "paused", "code": 7, "quality": "ultra", "reason": "new", "kind": "picture", "either": "b",
    "list": ["b", "c"], "map": {"x": "b"}, "deep": {"inner": ["picture"]}, "at": 1735689600, "trace": "none",
}  # fmt: skip


def with_example(text: str, example: str) -> str:
    """Put the lines of an example at the end of a page's answer."""
    before, note, after = text.rpartition("      x-run-in-apifox")
    return before + example + note + after


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one page whose request and answer have closed schemas of every kind."""
    text = page("A", REQUEST, "model: m\nmode: null\nquality: high", ANSWER)
    root = tmp_path_factory.mktemp("repository")
    pages = {"a": with_example(text, EXAMPLE)}
    return small_repository(root, pages, lifecycle=LIFECYCLE + COMPONENTS)


@pytest.fixture(scope="module")
def assembled(repository: Path) -> Assembled:
    """Its document."""
    return assemble(read_inputs(repository, []))


@pytest.fixture(scope="module")
def client(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Its client, generated and imported."""
    package = tmp_path_factory.mktemp("built") / "package"
    write_package(repository, package)
    with imported(package) as module:
        yield module


def test_a_new_word_in_an_answer_is_no_error(client: ModuleType) -> None:
    """At any depth, a word or spelling that no page knows yet is read, and given back as it came."""
    answer = {"id": "a", **NEW}
    assert client.models.CreateResponse.from_dict(answer).to_dict() == answer


def test_the_documented_null_is_no_error(client: ModuleType) -> None:
    """A nullable enum takes null: in an answer, which is open, and in a request, which is closed."""
    assert client.models.CreateResponse.from_dict({"reason": None}).to_dict() == {"reason": None}
    request = client.models.CreateRequest
    assert request.from_dict({"mode": None}).to_dict() == {"mode": None}
    assert request.from_dict({"mode": "fast"}).to_dict() == {"mode": "fast"}


def test_what_is_sent_stays_closed(client: ModuleType) -> None:
    """An enum that only requests use is a class of words; one that answers share is open."""
    request = client.models.CreateRequest
    with pytest.raises(ValueError, match="new"):
        request.from_dict({"model": "new"})
    assert request.from_dict({"quality": "ultra"}).to_dict() == {"quality": "ultra"}


def test_the_words_stay_in_the_document(assembled: Assembled) -> None:
    """Nothing that the page says is lost: the words are told to people and to tools, formats to people."""
    schemas = assembled.document["components"]["schemas"]
    answer = schemas["CreateResponse"]["properties"]
    assert answer["status"] == {
        "type": "string",
        "description": "The state. Known words, to which others may be added: queued, done.",
        "x-extensible-enum": ["queued", "done"],
    }
    assert answer["reason"]["nullable"] is True
    assert answer["reason"]["x-extensible-enum"] == ["moderation"]
    assert answer["at"] == {
        "type": "string",
        "description": "As a rule a text of the format date-time.",
    }
    assert schemas["CreateRequest"]["properties"]["model"]["enum"] == ["m"]
    assert schemas["CreateRequest"]["properties"]["mode"]["enum"] == ["fast", None]


def test_everything_that_was_opened_is_told(assembled: Assembled) -> None:
    """The report names file, line, place and words of each, and says where requests are concerned."""
    opened = [change for change in assembled.changes if change.step == "answers"]
    assert len(opened) == 10
    assert (
        "openapi/sources/a.md:39: answers: an answer must not be refused for a new word; the enum is opened ["
        in str(opened[0])
    )
    assert '    - enum: ["queued", "done"]' in str(opened[0])
    (shared,) = [change for change in opened if "requests share the schema" in change.reason]
    assert str(shared.place).startswith("openapi/lifecycle.yaml:")
    mended = [change.reason for change in assembled.changes if change.step == "enums"]
    assert mended == ["nullable, and its enum lacks null; added, as OpenAPI 3.0.3 asks"] * 2


def opened(text: str) -> tuple[Any, list[Change]]:
    """Mend and open a document."""
    return open_answers(mend_enums(parsed(text))[0])


RESPONSES = [
    "default: {description: d, content: {application/json: {schema: {enum: [a]}}}}",
    "4XX: {description: d, headers: {H: {schema: {enum: [a]}}}}",
    "200: {$ref: '#/components/responses/R'}",
    "200: {description: d, headers: {H: {$ref: '#/components/headers/H'}}}",
    "200: {description: d, content: {application/json: {schema: {anyOf: [{enum: [a]}]}}}}",
]  # fmt: skip


def test_answers_of_every_status_and_place_are_opened() -> None:
    """Errors, ranges, headers and shared answers are answers as well."""
    for responses in RESPONSES:
        document, changes = opened(
            f"paths: {{/a: {{get: {{responses: {{{responses}}}}}}}}}\n"
            "components:\n"
            "  responses: {R: {content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}}\n"
            "  headers: {H: {schema: {enum: [a]}}}\n"
            "  schemas: {S: {properties: {a: {enum: [a]}, s: {$ref: '#/components/schemas/S'}}}}\n"
        )
        assert "'enum'" not in str(document)
        assert changes


def test_what_is_refused_by_name_is_not_opened() -> None:
    """Words under `not` are those that never come: without them nothing at all would be allowed."""
    document, changes = opened(
        "components: {responses: {R: {content: {application/json: {schema: {not: {enum: [a]}, "
        "properties: {not: {enum: [b]}}}}}}}}\n"
    )
    schema = document["components"]["responses"]["R"]["content"]["application/json"]["schema"]
    assert schema["not"] == {"enum": ["a"]}
    assert "enum" not in schema["properties"]["not"]
    assert len(changes) == 1


ENUMS = [
    ("{type: string, nullable: true, enum: [a]}", {"type": "string", "nullable": True, "enum": ["a", None]}),
    ("{type: string, enum: [a, null]}", {"type": "string", "enum": ["a", None], "nullable": True}),
    ("{type: string, nullable: true, enum: [a, null]}", None),
    ("{enum: [a, null]}", None),
    ("{$ref: '#/components/schemas/S', enum: [a]}", {"$ref": "#/components/schemas/S"}),
    ("{type: string, nullable: false, enum: [a]}", None),
    ("{type: string, enum: none}", None),
]  # fmt: skip


def test_enum_and_nullable_say_the_same_of_null() -> None:
    """An enum that says only half of it is mended and told; any other one stays as it is."""
    for schema, expected in ENUMS:
        before = parsed(f"components: {{schemas: {{S: {schema}}}}}\n")
        document, changes = mend_enums(before)
        found = document["components"]["schemas"]["S"]
        assert found == (expected or before["components"]["schemas"]["S"])
        assert len(changes) == (expected is not None)


def test_a_null_that_nothing_allows_is_refused_with_its_place(tmp_path: Path) -> None:
    """Without `nullable` the enum is not mended, and the example is named that contradicts it."""
    text = page("A", "properties: {}", answer="status: {type: string, enum: [a]}")
    text = with_example(text, "              example:\n                status: null\n")
    refused = refusal(assemble, read_inputs(small_repository(tmp_path, {"a": text}), []))
    assert refused.startswith("openapi/sources/a.md:3")
    assert "the example contradicts its schema" in refused
