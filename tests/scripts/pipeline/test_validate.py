"""Checking the finished document: OpenAPI 3.0, and names that the generated code could not keep apart."""

from pipeline.validate import guard, validate
from pipeline.walk import check_shape

from .reading import parsed, refusal

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


def test_a_sound_document_passes() -> None:
    """The document the others are made from has no problem."""
    validate(parsed(SOUND))


DEFECTS = [
    ("description: d", "describe: d", "p.md:8", "'description' is a required property"),
    ("3.0.1", "3.1.0", "p.md:1", "is not 3.0.x"),
    ("schemas/S'", "schemas/T'", "p.md:12", "#/components/schemas/T leads nowhere"),
    ("components:", "  /b: {get: {operationId: one, responses: {}}}\ncomponents:", "p.md:14", "one"),
    ("type: integer", "type: 7", "p.md:16", "not OpenAPI 3.0"),
]  # fmt: skip


def test_a_defect_is_named_with_the_line_of_its_source() -> None:
    """The place is that of the page or overlay that the defect came from."""
    for old, new, place, reason in DEFECTS:
        assert old in SOUND
        first, *_ = refusal(validate, parsed(SOUND.replace(old, new))).splitlines()
        assert first.startswith(f"{place}: error: ")
        assert reason in first


MISSHAPEN = [
    ("openapi: 3\n", "p.md:1: error: `openapi` is not a version in text"),
    ("openapi: 3.0.1\npaths: []\n", "p.md:2: error: /paths is []"),
    ("openapi: 3.0.1\npaths: {/a: x}\n", "p.md:2: error: /paths/~1a is 'x'"),
    ("openapi: 3.0.1\npaths: {/a: {get: []}}\n", "/paths/~1a/get is []"),
    ("openapi: 3.0.1\npaths: {/a: {get: {operationId: 3}}}\n", "`operationId` is not text"),
    ("openapi: 3.0.1\npaths: {/a: {get: {parameters: [x]}}}\n", "/parameters/0 is 'x'"),
    ("openapi: 3.0.1\ncomponents: {schemas: {A: {properties: [x]}}}\n", "/A/properties is ['x']"),
    ("openapi: 3.0.1\ncomponents: {schemas: {A: {allOf: {}}}}\n", "not a list"),
    ("openapi: 3.0.1\ncomponents: {x-own: 3}\n", "/components/x-own is 3, not a mapping"),
]  # fmt: skip


def test_a_page_that_is_not_built_like_openapi_is_refused_early() -> None:
    """A part of the wrong kind is named before a step trips over it."""
    for text, message in MISSHAPEN:
        assert message in refusal(check_shape, parsed(text))


NAMED = """\
openapi: 3.0.1
info: {{title: T, version: 1.0.0}}
paths:
  /a/{{cls}}:
    post:
      operationId: one
      tags: [t]
      parameters:
{parameters}
      requestBody:
        required: true
        content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}
      responses:
        '200':
          description: d
          content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}
components:
  schemas:
    Thing:
      type: object
      required: [d, class]
      properties:
{properties}
    Inner:
      type: object
      properties: {{d: {{type: integer}}, cls: {{type: integer}}}}
      additionalProperties: {{type: integer}}
"""


def named(properties: str, parameters: str) -> str:
    """Write a document whose one schema and operation have these properties and parameters."""
    path = "        - {name: cls, in: path, required: true, schema: {type: string}}\n"
    return NAMED.format(properties=properties, parameters=path + parameters)


ONE = "        - {name: q, in: query, schema: {type: string}}\n"
FIELD = "        a: {type: string}\n"


CLASHES = [
    ("        a-b: {type: string}\n        a.b: {type: string}\n        a b: {type: string}\n", ONE,
     "26: error: the property 'a.b' and 'a-b' would both be ab in Python"),
    ("        '!': {type: string}\n        '?': {type: string}\n", ONE,
     "26: error: the property '?' and '!' would both be field_ in Python"),
    ('        "a\\x07": {type: string}\n', ONE, "25: error: the property 'a\\x07' holds a control character"),
    ("        x: {type: array, items: {}}\n        x_item: {type: string}\n", ONE,
     "25: error: the property 'x' and 'x_item' would both be x_item in Python"),
    ("        thing: {type: string, nullable: true}\n", ONE,
     "25: error: the property thing has the name of its schema Thing"),
    (FIELD + "    thing: {type: object}\n", ONE,
     "26: error: the schema 'thing' and 'Thing' would both be Thing in Python"),
    (FIELD, ONE.replace("q", "body", 1),
     "10: error: POST /a/{cls} has a parameter named body besides its body"),
    (FIELD, ONE.replace("q", "x-y", 1) + ONE.replace("q", "x y", 1),
     "11: error: the parameter 'x y' and 'x-y' would both be x_y in Python"),
]  # fmt: skip


def test_names_that_cannot_be_kept_apart_are_refused() -> None:
    """Each clash ends in the line of the second name, before anything is generated."""
    for properties, parameters, told in CLASHES:
        assert f"p.md:{told}" in refusal(guard, parsed(named(properties, parameters)))


def test_of_equal_defects_the_first_is_named() -> None:
    """The same document is refused with the same words in every run."""
    wrong = "examples: {a: {value: 1, x: 1}, b: {value: 2, y: 1}, c: {value: 3, z: 1}}"
    (found,) = refusal(validate, parsed(SOUND.replace("example: {n: 1}", wrong))).splitlines()
    assert "'x' does not match" in found
