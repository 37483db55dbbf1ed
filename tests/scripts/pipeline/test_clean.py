"""Taking out what is ignored and mending what does not exist."""

from typing import Any

import pytest
from pipeline.clean import clean
from pipeline.report import PipelineError

from .reading import parsed

OPERATION = """\
paths:
  /x:
    get:
{}
      responses: {{}}
"""


def cleaned(operation: str) -> tuple[Any, list[str]]:
    """Clean a document with one operation; return it and the places of the changes."""
    document, changes = clean(parsed(OPERATION.format(operation)))
    return document["paths"]["/x"]["get"], [str(change.place) for change in changes]


def test_ignored_header_parameters_are_dropped_and_others_stay() -> None:
    """Content-Type, Accept and Authorization go in any letter case; other parameters stay."""
    operation, places = cleaned(
        "      parameters:\n"
        "        - {name: content-type, in: header}\n"
        "        - {name: accept, in: query}\n"
        "        - {name: Authorization, in: header}\n"
        "        - {name: X-Own, in: header}\n"
        "        - {name: ACCEPT, in: header}"
    )
    assert [item["name"] for item in operation["parameters"]] == ["accept", "X-Own"]
    assert places == ["p.md:5", "p.md:7", "p.md:9"]


BODIES = [
    ("{content: {multipart/form-data: {schema: {type: object, properties: {}}}}}", True),
    ("{content: {}}", True),
    ("{content: {application/json: {schema: {type: object, properties: {a: {}}}}}}", False),
    ("{content: {application/json: {schema: {$ref: '#/x'}}}}", False),
]  # fmt: skip


def test_only_empty_bodies_of_queries_are_dropped() -> None:
    """A GET loses a request body that describes nothing, and keeps one that does."""
    for body, dropped in BODIES:
        operation, places = cleaned(f"      requestBody: {body}")
        assert ("requestBody" not in operation) is dropped
        assert ("p.md:4" in places) is dropped


TYPES = [
    ("'null'", {}),
    ("[string, 'null']", {"type": "string", "nullable": True}),
    ("null", {}),
    ("any", {}),
    ("file", {"type": "string", "format": "binary"}),
    ("int", {"type": "integer"}),
    ("string", {"type": "string"}),
]  # fmt: skip


def test_types_that_do_not_exist_are_mended() -> None:
    """Each type that OpenAPI 3.0 lacks becomes what it means there."""
    for kind, schema in TYPES:
        operation, places = cleaned(
            f"      parameters:\n        - name: type\n          schema:\n            type: {kind}"
        )
        assert operation["parameters"][0]["schema"] == schema
        assert places == ([] if kind == "string" else ["p.md:7"])


def test_an_unknown_type_is_an_error_with_its_line() -> None:
    """A type nobody can guess stops the build."""
    with pytest.raises(PipelineError, match=r"^p\.md:5: error: schema type 'thing'"):
        cleaned("      parameters:\n        - {name: a, schema: {type: thing}}")


def test_stray_blanks_go_from_names_and_stay_in_examples() -> None:
    """Blanks around tags, summaries and keys are trimmed; what the service sends is not touched."""
    operation, places = cleaned(
        "      summary: ' a '\n"
        "      tags: ['b ']\n"
        "      requestBody:\n"
        "        content:\n"
        "          application/json:\n"
        "            example: {title: ' c ', ' k ': 1}\n"
        "            schema:\n"
        "              required: [' d']\n"
        "              properties: {' d': {description: 'e '}}"
    )
    media = operation["requestBody"]["content"]["application/json"]
    assert (operation["summary"], operation["tags"]) == ("a", ["b"])
    assert media["example"] == {"title": " c ", " k ": 1}
    assert media["schema"] == {"required": ["d"], "properties": {"d": {"description": "e"}}}
    assert sorted(places) == ["p.md:11", "p.md:12", "p.md:12", "p.md:4", "p.md:5"]


def test_notes_of_the_exporter_are_dropped_and_told() -> None:
    """The exporter's own marks go, one report for each kind; other extensions stay."""
    operation, places = cleaned(
        "      x-apifox-folder: a\n      x-run-in-apifox: b\n      x-own: c"
    )
    assert operation == {"x-own": "c", "responses": {}}
    assert places == ["p.md:4", "p.md:5"]


def test_what_is_dropped_several_times_is_told_with_all_lines() -> None:
    """One report for one kind of note names each line."""
    text = OPERATION.format("      x-apifox-a: 1\n      tags: [{x-apifox-a: 2}, {x-apifox-a: 3}]")
    changes = [change.told for change in clean(parsed(text))[1]]
    assert changes == [
        "x-apifox-a is a note of the exporter, not of the API; dropped (lines 4, 5, 5)"
    ]


def test_the_input_is_not_changed() -> None:
    """Cleaning works on a copy."""
    document = parsed(OPERATION.format("      summary: ' a '"))
    clean(document)
    assert document["paths"]["/x"]["get"]["summary"] == " a "
