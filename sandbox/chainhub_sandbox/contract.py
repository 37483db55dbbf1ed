"""The merged OpenAPI document: check every request against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files
from typing import Any

from openapi_schema_validator import OAS30WriteValidator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4
from ruamel.yaml import YAML

Schema = Mapping[str, Any]

_DOCUMENT = "urn:chainhub:openapi"
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_LONGEST_MESSAGE = 200


class RuleBroken(Exception):
    """A request that the document does not allow.

    Args:
        field: where, as in `images[0]`; empty for the body as a whole.
        rule: the broken keyword, as in `required`.
        message: what is wrong.
    """

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(f"{field}: {message} (rule: {rule})" if field else message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document.

    Attributes:
        method: in capitals.
        path: the template, as in `/v1/videos/{id}`.
        media_type: of the request body; None where there is none.
        fields: the body's documented fields.
        file_fields: those of them that are files.
    """

    method: str
    path: str
    media_type: str | None
    fields: frozenset[str]
    file_fields: frozenset[str]
    _body: Any
    _parameters: Sequence[tuple[str, str, bool, Any]]
    _by_model: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def with_models(self, schemas: Mapping[str, Schema]) -> Operation:
        """Return the operation with schemas of its body for models that the document does not know."""
        names = (schema["properties"].keys() for schema in schemas.values())
        validators = {model: _validator(schema) for model, schema in schemas.items()}
        return replace(self, fields=self.fields.union(*names), _by_model=validators)

    def check_parameters(self, path: Mapping[str, str], query: Iterable[tuple[str, str]]) -> None:
        """Check path and query parameters.

        Raises:
            RuleBroken: one is missing, given twice, or not what its schema says.
        """
        given = {("path", name): value for name, value in path.items()}
        for name, value in query:
            if ("query", name) in given:
                raise RuleBroken(name, "once", "the query parameter is given more than once")
            given["query", name] = value
        for place, name, required, validator in self._parameters:
            if (place, name) in given:
                _check(validator, given[place, name], name)
            elif required:
                raise RuleBroken(name, "required", f"the {place} parameter is missing")

    def check_body(self, body: object) -> None:
        """Check a parsed body, by its model's own schema if there is one; files are given as empty bytes.

        Raises:
            RuleBroken: the body is not what its schema says.
        """
        model: Any = body.get("model") if isinstance(body, dict) else None
        own = self._by_model.get(model) if isinstance(model, str) else None
        _check(own or self._body, body, "")


_validator = partial(OAS30WriteValidator, format_checker=oas30_format_checker)


def _check(validator: Any, value: object, name: str) -> None:
    # The outermost broken rule says most about what is wrong.
    error = min(validator.iter_errors(value), key=lambda e: len(e.absolute_path), default=None)
    if error is None:
        return
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = next(each for each in error.validator_value if each not in error.instance)
        raise RuleBroken(_place(error, missing), "required", "the field is missing")
    message = error.message
    if len(message) > _LONGEST_MESSAGE:
        # The library quotes the whole value, which may be megabytes of picture.
        message = f"{message[:80]} … {message[-60:]}"
    raise RuleBroken(name or _place(error), str(error.validator), message)


def _place(error: Any, *more: str) -> str:
    place = ""
    for step in (*error.absolute_path, *more):
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else step
    return place or "body"


@cache
def load_contract() -> Mapping[str, Operation]:
    """Return the operations of the document that the client is generated from, by id."""
    text = (files("chainhub_api") / "openapi.yaml").read_text(encoding="utf-8")
    # The pure reader knows YAML 1.2, in which an unquoted 3:2 is text and not a number.
    document = _absolute(YAML(typ="safe", pure=True).load(text))
    resource = DRAFT4.create_resource(document)
    registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
    return {
        item[method]["operationId"]: _operation(path, method, item, registry)
        for path, item in document["paths"].items()
        for method in _METHODS & item.keys()
    }


def _absolute(node: Any) -> Any:
    """Return a document whose references begin with its own URI."""
    if isinstance(node, list):
        return [_absolute(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{_DOCUMENT}{value}" if key == "$ref" else _absolute(value)
        for key, value in node.items()
    }


def _operation(path: str, method: str, item: Any, registry: Registry[Any]) -> Operation:
    def resolve(node: Any) -> Any:
        while "$ref" in node:
            node = registry.resolver().lookup(node["$ref"]).contents
        return node

    validator = partial(_validator, registry=registry)
    media_type: str | None = None
    schema: Any = {}
    if "requestBody" in item[method]:
        media_type, body = next(iter(resolve(item[method]["requestBody"])["content"].items()))
        schema = resolve(body["schema"])
    fields = {name: resolve(field) for name, field in schema.get("properties", {}).items()}
    parameters = map(resolve, [*item.get("parameters", ()), *item[method].get("parameters", ())])
    return Operation(
        method.upper(),
        path,
        media_type,
        frozenset(fields),
        frozenset(name for name, field in fields.items() if field.get("format") == "binary"),
        validator(schema),
        [
            (p["in"], p["name"], p.get("required", False), validator(p["schema"]))
            for p in parameters
        ],
    )
