"""Naming what has no name."""

from pipeline.lift import lift, mechanical_id
from pipeline.tree import YamlMapping

from .reading import parsed

TEXT = """\
paths:
  /v1/x/{id}:
    get:
      responses:
        '200':
          content:
            application/json:
              schema:
                type: object
                properties:
                  detail: {type: object, properties: {a: {type: string}}}
                  rows: {type: array, items: {type: object, properties: {b: {type: string}}}}
                  free: {type: object}
        '404':
          content:
            application/json:
              schema: {type: object, properties: {c: {type: string}}}
    post:
      operationId: doThing
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {a: {type: string}}}
          multipart/form-data:
            schema: {type: object, properties: {f: {type: string, format: binary}}}
      responses:
        '201':
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DoThingResponse'}
components:
  schemas:
    DoThingResponse: {type: object, properties: {inner: {type: object, properties: {z: {}}}}}
"""


def document() -> YamlMapping:
    """Parse the document above."""
    return parsed(TEXT)


def test_inline_schemas_become_components_named_after_their_operation() -> None:
    """Requests, answers, nested objects and items get names; references and free objects stay."""
    result, changes = lift(document())
    schemas = result["components"]["schemas"]
    assert list(schemas) == [
        "DoThingResponse", "GetV1XByIdResponse", "GetV1XByIdResponseDetail", "GetV1XByIdResponseRowsItem",
        "GetV1XById404Response", "DoThingRequest", "DoThingRequestFormData", "DoThingResponseInner",
    ]  # fmt: skip
    assert schemas["GetV1XByIdResponse"]["properties"] == {
        "detail": {"$ref": "#/components/schemas/GetV1XByIdResponseDetail"},
        "rows": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/GetV1XByIdResponseRowsItem"},
        },
        "free": {"type": "object"},
    }
    assert str(changes[0]) == "p.md:3: lift: GET /v1/x/{id} has no id; named getV1XById"


def test_a_name_that_is_taken_by_another_schema_gets_a_number() -> None:
    """Two different schemas never share a name; two equal ones do."""
    text = TEXT.replace("{$ref: '#/components/schemas/DoThingResponse'}", "{properties: {q: {}}}")
    result, _ = lift(parsed(text))
    answer = result["paths"]["/v1/x/{id}"]["post"]["responses"]["201"]["content"][
        "application/json"
    ]
    assert answer["schema"] == {"$ref": "#/components/schemas/DoThingResponse2"}


def test_lifting_twice_changes_nothing() -> None:
    """What has names keeps them."""
    once, _ = lift(document())
    twice, changes = lift(once)
    assert (twice, changes) == (once, [])


IDS = [
    ("get", "/v1/videos/{id}/content", "getV1VideosByIdContent"),
    ("POST", "/mj/submit/blend-2", "postMjSubmitBlend2"),
    ("get", "/", "get"),
]  # fmt: skip


def test_mechanical_ids_are_names() -> None:
    """An id made from method and URL is one word in camel case."""
    for method, url, name in IDS:
        assert mechanical_id(method, url) == name
