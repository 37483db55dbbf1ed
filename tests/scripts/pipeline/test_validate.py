"""Checking the finished document."""

import pytest
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.report import PipelineError
from pipeline.validate import validate
from pipeline.walk import check_shape

SOUND = """\
openapi: 3.0.1
info: {title: T, version: 1.0.0}
paths:
  /a:
    get:
      operationId: one
      responses:
        '200':
          description: d
          content:
            application/json:
              schema: {$ref: '#/components/schemas/S'}
              example: {n: 1}
components:
  schemas:
    S: {type: object, required: [n], properties: {n: {type: integer}}}
"""


def problems(text: str) -> list[str]:
    """Validate a document; return what is wrong with it."""
    try:
        validate(parse(Excerpt("p.md", text))[0])
    except PipelineError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_sound_document_passes() -> None:
    """The document the others are made from has no problem."""
    assert problems(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("description: d", "describe: d", "p.md:8", "'description' is a required property"),
        ("3.0.1", "3.1.0", "p.md:1", "is not 3.0.x"),
        ("schemas/S'", "schemas/T'", "p.md:12", "#/components/schemas/T leads nowhere"),
        (
            "components:",
            "  /b: {get: {operationId: one, responses: {}}}\ncomponents:",
            "p.md:14",
            "one",
        ),
        ("type: integer", "type: 7", "p.md:16", "not OpenAPI 3.0"),
    ],
)
def test_a_defect_is_named_with_the_line_of_its_source(
    old: str, new: str, place: str, reason: str
) -> None:
    """The place is that of the page or overlay that the defect came from."""
    assert old in SOUND
    found = problems(SOUND.replace(old, new))
    assert found
    assert found[0].startswith(f"{place}: error: ")
    assert reason in found[0]
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 3\n", "p.md:1: error: `openapi` is not a version in text"),
        ("openapi: 3.0.1\npaths: []\n", "p.md:2: error: /paths is []"),
        ("openapi: 3.0.1\npaths: {/a: x}\n", "p.md:2: error: /paths/~1a is 'x'"),
        ("openapi: 3.0.1\npaths: {/a: {get: []}}\n", "/paths/~1a/get is []"),
        ("openapi: 3.0.1\npaths: {/a: {get: {parameters: [x]}}}\n", "/parameters/0 is 'x'"),
        (
            "openapi: 3.0.1\ncomponents: {schemas: {A: {properties: [x]}}}\n",
            "/A/properties is ['x']",
        ),
        ("openapi: 3.0.1\ncomponents: {schemas: {A: {allOf: {}}}}\n", "not a list"),
    ],
)
def test_a_page_that_is_not_built_like_openapi_is_refused_early(text: str, message: str) -> None:
    """A part of the wrong kind is named before a step trips over it."""
    with pytest.raises(PipelineError) as caught:
        check_shape(parse(Excerpt("p.md", text))[0])
    assert message in str(caught.value)
