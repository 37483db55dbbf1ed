"""The merged OpenAPI document as the sandbox's law: every request is checked against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import unquote

from openapi_schema_validator import OAS30WriteValidator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4
from ruamel.yaml import YAML

_DOCUMENT = "urn:chainhub:openapi"
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_LONGEST_MESSAGE = 200


class _Validator(Protocol):
    """As much of a JSON Schema validator as is needed here."""

    def iter_errors(self, instance: object) -> Iterator[Any]: ...


class RuleBroken(Exception):
    """A request that the document does not allow.

    Attributes:
        field: where, as in `images[0]`; empty for the body as a whole.
        rule: the broken keyword, as in `required`.
    """

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(f"{field}: {message} (rule: {rule})" if field else message)
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document.

    Attributes:
        operation_id: its name in the document.
        method: in capitals.
        path: the template, as in `/v1/videos/{id}`.
        media_type: of the request body; None where there is none.
        file_fields: the body's fields that are files.
        fields: all of the body's documented fields.
    """

    operation_id: str
    method: str
    path: str
    media_type: str | None
    file_fields: frozenset[str]
    fields: frozenset[str]
    _body: _Validator | None
    _parameters: tuple[tuple[str, str, bool, _Validator], ...]

    def check_parameters(self, path: Mapping[str, str], query: Iterable[tuple[str, str]]) -> None:
        """Checks path and query parameters.

        Raises:
            RuleBroken: one is missing, given twice, or not what its schema says.
        """
        given: dict[tuple[str, str], str] = {("path", name): path[name] for name in path}
        for name, value in query:
            if ("query", name) in given:
                raise RuleBroken(name, "once", "the query parameter is given more than once")
            given["query", name] = value
        for place, name, required, validator in self._parameters:
            value_given = given.get((place, name))
            if value_given is None:
                if required:
                    raise RuleBroken(name, "required", f"the {place} parameter is missing")
                continue
            _check(validator, value_given, name)

    def check_body(self, body: object) -> None:
        """Checks a parsed body; files are given as empty bytes.

        Raises:
            RuleBroken: the body is not what its schema says.
        """
        if self._body is not None:
            _check(self._body, body, "")


def _check(validator: _Validator, value: object, name: str) -> None:
    # The outermost broken rule says most about what is wrong.
    error = min(validator.iter_errors(value), key=lambda e: len(e.absolute_path), default=None)
    if error is None:
        return
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in error.validator_value if name not in error.instance]
        raise RuleBroken(_place(error, missing[0]), "required", "the field is missing")
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


class Contract:
    """The operations of an OpenAPI 3.0 document.

    Args:
        document: the parsed document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._registry: Registry[Any] = Registry().with_resource(
            _DOCUMENT, DRAFT4.create_resource(dict(document))
        )
        found = (
            self._operation(path, method, item)
            for path, item in document["paths"].items()
            for method in item
            if method in _METHODS
        )
        self._operations = {operation.operation_id: operation for operation in found}

    def __getitem__(self, operation_id: str) -> Operation:
        return self._operations[operation_id]

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        here = f"#/paths/{_escaped(path)}/{method}"
        operation = item[method]
        media_type: str | None = None
        body: _Validator | None = None
        properties: Mapping[str, Any] = {}
        if "requestBody" in operation:
            at, request_body = self._follow(f"{here}/requestBody", operation["requestBody"])
            media_type = next(iter(request_body["content"]))
            at = f"{at}/content/{_escaped(media_type)}/schema"
            body = self._validator(at)
            _, schema = self._follow(at, request_body["content"][media_type]["schema"])
            properties = schema.get("properties", {})
        resolved = {name: self._follow("", schema)[1] for name, schema in properties.items()}
        return Operation(
            operation_id=operation["operationId"],
            method=method.upper(),
            path=path,
            media_type=media_type,
            file_fields=frozenset(
                name for name, schema in resolved.items() if schema.get("format") == "binary"
            ),
            fields=frozenset(properties),
            _body=body,
            _parameters=tuple(
                self._parameter(f"{place}/parameters/{index}", parameter)
                for place, holder in ((here.rpartition("/")[0], item), (here, operation))
                for index, parameter in enumerate(holder.get("parameters", ()))
            ),
        )

    def _parameter(
        self, at: str, parameter: Mapping[str, Any]
    ) -> tuple[str, str, bool, _Validator]:
        at, parameter = self._follow(at, parameter)
        required = bool(parameter.get("required", False))
        return parameter["in"], parameter["name"], required, self._validator(f"{at}/schema")

    def _validator(self, pointer: str) -> _Validator:
        validator: _Validator = OAS30WriteValidator(
            {"$ref": f"{_DOCUMENT}{pointer}"},
            registry=self._registry,
            format_checker=oas30_format_checker,
        )
        return validator

    def _follow(self, at: str, node: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Follows local references to the place they mean."""
        while "$ref" in node:
            at = node["$ref"]
            node = self._document
            for step in at.removeprefix("#/").split("/"):
                node = node[unquote(step).replace("~1", "/").replace("~0", "~")]
        return at, node


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


@cache
def load_contract() -> Contract:
    """The document that the generated client was built from, read once a process."""
    text = (files("chainhub_api") / "openapi.yaml").read_text(encoding="utf-8")
    # The pure reader knows YAML 1.2, in which an unquoted 3:2 is text and not a number.
    return Contract(YAML(typ="safe", pure=True).load(text))
