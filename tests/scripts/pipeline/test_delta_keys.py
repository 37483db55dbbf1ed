"""Every key of OpenAPI 3.0, by the list of the specification itself: its absence and its change are told."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator.schemas import schema_v30
from pipeline.delta import NOT_COMPARED, compare_documents
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.tree import plain
from pipeline.walk import METHODS

# A document in which each object of OpenAPI has each of its keys; it need not make sense beyond that.
FULL: Any = plain(
    parse(
        Excerpt(
            "full.yaml",
            """\
openapi: 3.0.3
info:
  title: T
  version: '1'
  description: d
  termsOfService: t
  contact: {name: n, url: u, email: e}
  license: {name: n, url: u}
externalDocs: {url: u, description: d}
tags:
  - {name: t, description: d, externalDocs: {url: u}}
servers:
  - url: https://a.example/{region}
    description: d
    variables: {region: {default: eu, enum: [eu], description: d}}
security:
  - key: []
paths:
  /a:
    summary: s
    description: d
    servers: [{url: https://b.example}]
    parameters:
      - name: p
        in: query
        description: d
        required: true
        deprecated: true
        allowEmptyValue: true
        style: form
        explode: true
        allowReserved: true
        example: e
        examples: {one: {value: e}}
        schema: {type: string}
        content: {application/json: {schema: {type: string}}}
    post:
      tags: [t]
      summary: s
      description: d
      externalDocs: {url: u}
      operationId: one
      deprecated: true
      servers: [{url: https://c.example}]
      security: [{oauth: [write]}]
      parameters: [{$ref: '#/components/parameters/P'}]
      requestBody: {$ref: '#/components/requestBodies/B'}
      callbacks: {done: {$ref: '#/components/callbacks/C'}}
      responses:
        default: {description: d}
        '200': {$ref: '#/components/responses/R'}
    get: &call {responses: {'200': {description: d}}}
    put: *call
    delete: *call
    options: *call
    head: *call
    patch: *call
    trace: *call
  /b:
    get: *call
  /c:
    $ref: '#/x-paths/shared'
x-paths:
  shared: {get: {operationId: shared, responses: {'200': {description: d}}}}
components:
  schemas:
    S:
      title: t
      multipleOf: 2
      maximum: 9
      exclusiveMaximum: true
      minimum: 1
      exclusiveMinimum: true
      maxLength: 9
      minLength: 1
      pattern: p
      maxItems: 9
      minItems: 1
      uniqueItems: true
      maxProperties: 9
      minProperties: 1
      required: [a]
      enum: [e]
      type: object
      not: {type: integer}
      allOf: [{type: object}]
      oneOf: [{type: object}]
      anyOf: [{type: object}]
      items: {type: string}
      properties: {a: {type: string}}
      additionalProperties: {type: string}
      description: d
      format: f
      default: {}
      nullable: true
      discriminator: {propertyName: a, mapping: {one: '#/components/schemas/S'}}
      readOnly: true
      writeOnly: true
      example: {}
      externalDocs: {url: u}
      deprecated: true
      xml: {name: n, namespace: ns, prefix: p, attribute: true, wrapped: true}
  responses:
    R:
      description: d
      headers: {H: {$ref: '#/components/headers/H'}}
      content:
        application/json:
          schema: {$ref: '#/components/schemas/S'}
          example: e
          examples: {one: {$ref: '#/components/examples/E'}}
          encoding: &encoding
            a: {contentType: c, headers: {H: {schema: {type: string}}}, style: form, explode: true, allowReserved: true}
      links: {next: {$ref: '#/components/links/L'}}
  parameters:
    P: {name: q, in: query, schema: {type: string}}
  examples:
    E: {summary: s, description: d, value: v, externalValue: u}
  requestBodies:
    B:
      description: d
      required: true
      content:
        application/json:
          schema: {$ref: '#/components/schemas/S'}
          encoding: *encoding
  headers:
    H:
      description: d
      required: true
      deprecated: true
      allowEmptyValue: true
      style: simple
      explode: true
      allowReserved: true
      example: e
      examples: {one: {value: e}}
      schema: {type: string}
      content: {application/json: {schema: {type: string}}}
  securitySchemes:
    key: {type: apiKey, name: k, in: header, description: d}
    bearer: {type: http, scheme: bearer, bearerFormat: f, description: d}
    oauth:
      type: oauth2
      description: d
      flows:
        implicit: {authorizationUrl: a, refreshUrl: r, scopes: {write: w}}
        password: {tokenUrl: t, refreshUrl: r, scopes: {write: w}}
        clientCredentials: {tokenUrl: t, refreshUrl: r, scopes: {write: w}}
        authorizationCode: {authorizationUrl: a, tokenUrl: t, refreshUrl: r, scopes: {write: w}}
    connect: {type: openIdConnect, openIdConnectUrl: u, description: d}
  links:
    L:
      operationId: one
      operationRef: r
      parameters: {p: v}
      requestBody: b
      description: d
      server: {url: u}
  callbacks:
    C:
      '{$request.body#/url}': {post: {responses: {'200': {description: d}}}}
""",
        )
    )[0]
)
COMPONENTS = ("components",)
FLOWS = (*COMPONENTS, "securitySchemes", "oauth", "flows")
ANSWER = (*COMPONENTS, "responses", "R")
MEDIA = (*ANSWER, "content", "application/json")
# Where the document above has each object of the specification.
PLACES: dict[str, tuple[str | int, ...]] = {
    "OpenAPI": (),
    "Reference": ("paths", "/a", "post", "parameters", 0),
    "Info": ("info",),
    "Contact": ("info", "contact"),
    "License": ("info", "license"),
    "Server": ("servers", 0),
    "ServerVariable": ("servers", 0, "variables", "region"),
    "Components": COMPONENTS,
    "Schema": (*COMPONENTS, "schemas", "S"),
    "Discriminator": (*COMPONENTS, "schemas", "S", "discriminator"),
    "XML": (*COMPONENTS, "schemas", "S", "xml"),
    "Response": ANSWER,
    "MediaType": MEDIA,
    "Example": (*COMPONENTS, "examples", "E"),
    "Header": (*COMPONENTS, "headers", "H"),
    "Paths": ("paths",),
    "PathItem": ("paths", "/a"),
    "Operation": ("paths", "/a", "post"),
    "Responses": ("paths", "/a", "post", "responses"),
    "SecurityRequirement": ("security", 0),
    "Tag": ("tags", 0),
    "ExternalDocumentation": ("externalDocs",),
    "Parameter": ("paths", "/a", "parameters", 0),
    "RequestBody": (*COMPONENTS, "requestBodies", "B"),
    "APIKeySecurityScheme": (*COMPONENTS, "securitySchemes", "key"),
    "HTTPSecurityScheme": (*COMPONENTS, "securitySchemes", "bearer"),
    "OAuth2SecurityScheme": (*COMPONENTS, "securitySchemes", "oauth"),
    "OpenIdConnectSecurityScheme": (*COMPONENTS, "securitySchemes", "connect"),
    "OAuthFlows": FLOWS,
    "ImplicitOAuthFlow": (*FLOWS, "implicit"),
    "PasswordOAuthFlow": (*FLOWS, "password"),
    "ClientCredentialsFlow": (*FLOWS, "clientCredentials"),
    "AuthorizationCodeOAuthFlow": (*FLOWS, "authorizationCode"),
    "Link": (*COMPONENTS, "links", "L"),
    "Callback": (*COMPONENTS, "callbacks", "C"),
    "Encoding": (*COMPONENTS, "requestBodies", "B", "content", "application/json", "encoding", "a"),
}
# Keys that the specification gives as a pattern, or as any name, with the ones that the document above has.
PATTERNS = {
    r"^\$ref$": ["$ref"],
    r"^\/": ["/a", "/b", "/c"],
    r"^(get|put|post|delete|options|head|patch|trace)$": sorted(METHODS),
    r"^[1-5](?:\d{2}|XX)$": ["200"],
}
ANY_NAME = {"SecurityRequirement": ["key"], "Callback": ["{$request.body#/url}"]}
# Definitions that only say which of others may stand there; they have no key of their own.
ALTERNATIVES = {"ExampleXORExamples", "SchemaXORContent", "ParameterLocation", "SecurityScheme"}
# Where the same key stands elsewhere.
ELSEWHERE = {("PathItem", "$ref"): ("paths", "/c")}


def definitions() -> dict[str, Any]:
    """Give the objects of OpenAPI 3.0 as the specification's own schema defines them."""
    listed = dict(schema_v30["definitions"])
    assert {name for name, d in listed.items() if not keys(name, d)} == ALTERNATIVES
    return {"OpenAPI": schema_v30} | {n: d for n, d in listed.items() if n not in ALTERNATIVES}


def keys(name: str, definition: Any) -> list[str]:
    """List the keys of an object, the vendor's extensions aside."""
    listed = [*definition.get("properties", {}), *ANY_NAME.get(name, [])]
    for pattern in definition.get("patternProperties", {}):
        listed += PATTERNS[pattern] if pattern != "^x-" else []
    return listed


CASES = [
    (name, key) for name, definition in definitions().items() for key in keys(name, definition)
]


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    """Give the part of a document at a path."""
    for step in path:
        document = document[step]
    return document


def other(value: Any) -> Any:
    """Give another value of the same kind."""
    if isinstance(value, bool):
        return not value
    return (
        value + 1
        if isinstance(value, int)
        else value + "x"
        if isinstance(value, str)
        else type(value)()
    )


def variants(name: str, key: str) -> Iterator[Any]:
    """Give the full document once without a key, and once with another value under it."""
    place = ELSEWHERE.get((name, key), PLACES[name])
    for change in ("gone", "other"):
        document = copy.deepcopy(FULL)
        holder = at(document, place)
        assert key in holder, "the full document lacks the key"
        if change == "gone":
            del holder[key]
        else:
            holder[key] = other(holder[key])
        if holder.get(key) != at(FULL, place)[key]:
            yield document


@pytest.mark.parametrize(("name", "key"), CASES)
def test_every_key_of_the_specification_is_compared(name: str, key: str) -> None:
    """Whatever a page drops, adds or changes, the review tells it, with one of three verdicts."""
    for document in variants(name, key):
        for old, new in ((FULL, document), (document, FULL)):
            found = compare_documents(old, new)
            assert found
            for difference in found:
                verdicts = (
                    "breaking for the caller",
                    "breaking for the reader",
                    "compatible",
                    "note",
                )
                assert difference.verdict in verdicts


@pytest.mark.parametrize(
    "name", [n for n, d in definitions().items() if "^x-" in d.get("patternProperties", {})]
)
def test_extensions_are_listed_as_not_compared(name: str) -> None:
    """What is listed as not compared makes no difference, in any object of the specification."""
    assert "*.x-" in NOT_COMPARED
    document = copy.deepcopy(FULL)
    at(document, PLACES[name])["x-own"] = "x"
    assert compare_documents(FULL, document) == []


@pytest.mark.parametrize("kind", sorted({*FULL["components"]} - {"securitySchemes"}))
def test_unused_components_are_listed_as_not_compared(kind: str) -> None:
    """A component that no operation leads to makes no difference."""
    assert list(NOT_COMPARED) == ["*.x-", "Components, unused"]
    document = copy.deepcopy(FULL)
    document["components"][kind]["Unused"] = {"description": "d"}
    assert compare_documents(FULL, document) == []


def test_the_full_document_is_the_same_as_itself() -> None:
    """The comparison finds nothing where nothing changed, and ends although schemas contain themselves."""
    assert compare_documents(FULL, copy.deepcopy(FULL)) == []
