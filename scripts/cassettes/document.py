"""Read an OpenAPI document, and find each part of it with its pointer and the line it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import truediv
from pathlib import Path as File
from typing import Any, NamedTuple
from urllib.parse import unquote

from jsonschema_path import SchemaPath
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.validation import request as requests
from openapi_core.validation import response as responses
from openapi_core.validation import schemas
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from pipeline.page import Excerpt, decode, read_file
from pipeline.parse import parse
from pipeline.report import Place, Problem, cut, one_line, refuse, stop
from pipeline.tree import YamlMapping, place_at, plain
from pipeline.walk import Operation, Path, from_pointer, leads_to, operations, references, shown

_OURS = File(__file__).resolve().parents[2] / "openapi/openapi.yaml"
_NEXT = "give an OpenAPI 3.0 or 3.1 document as one file"
# What openapi-core offers for a version: parameters, security, headers; schemas as written and read.
_RULES: dict[str, tuple[Any, ...]] = {
    "3.0": (
        requests.V30RequestParametersValidator,
        requests.V30RequestSecurityValidator,
        responses.V30ResponseHeadersValidator,
        schemas.oas30_write_schema_validators_factory,
        schemas.oas30_read_schema_validators_factory,
        OpenAPIV30SpecValidator,
    ),
    "3.1": (
        requests.V31RequestParametersValidator,
        requests.V31RequestSecurityValidator,
        responses.V31ResponseHeadersValidator,
        schemas.oas31_schema_validators_factory,
        schemas.oas31_schema_validators_factory,
        OpenAPIV31SpecValidator,
    ),
}


class Promise(NamedTuple):
    """A part of the document that was broken.

    Attributes:
        pointer: Where it is in the document.
        place: Where it is written.
    """

    pointer: str
    place: Place

    def __str__(self) -> str:
        return f"{self.pointer} ({self.place})"


class Document:
    """An OpenAPI document to hold recordings against.

    Args:
        tree: The document with its places.
        name: How it is called in reports; its path, if it is a file.

    Raises:
        PipelineError: It is of another version, or has no paths.
    """

    def __init__(self, tree: YamlMapping, name: str) -> None:
        version = str(tree.get("openapi", tree.get("swagger", "")))
        rules = _RULES.get(".".join(version.split(".")[:2]))
        if rules is None:
            told = f"OpenAPI version {version!r} is neither 3.0 nor 3.1"
            told = told if version else "it does not say `openapi`"
            raise stop(tree.place_of("openapi"), told, _NEXT)
        if not isinstance(tree.get("paths"), YamlMapping) or not tree["paths"]:
            raise stop(tree.place_of("paths"), "the document has no paths", _NEXT)
        self.tree = tree
        self.name = name
        self.ours = File(name).resolve() == _OURS
        self.operations = list(operations(tree))
        # Recordings are made at any address, so nothing may depend on the servers.
        self.spec = SchemaPath.from_dict(_without_servers(plain(tree)))
        parameters, security, headers, self.write, self.read, self._validator = rules
        self.parameters = parameters(self.spec)
        self.security = security(self.spec)
        self.headers = headers(self.spec)
        self.finder = APICallPathFinder(self.spec)

    @classmethod
    def load(cls, path: File) -> Document:
        """Read a document, in YAML or JSON, and check it.

        Args:
            path: The file.

        Raises:
            PipelineError: It cannot be read, or is no OpenAPI document in one file.
        """
        name = str(path)
        text, _ = decode(read_file(path, name), name)
        document = cls(parse(Excerpt(name, text))[0], name)
        refuse(document._lost_references())
        refuse(document._defects())
        return document

    def _lost_references(self) -> Iterator[Problem]:
        for path, target in references(self.tree):
            if leads_to(self.tree, target) is None:
                inside = target[:1] == "#"
                told = f"the reference {target} leads {'nowhere' if inside else 'to another file'}"
                step = _NEXT if inside else "put all of the document into one file"
                yield Problem(place_at(self.tree, path), told, step)

    def _defects(self) -> Iterator[Problem]:
        try:
            errors = list(self._validator(plain(self.tree)).iter_errors())
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # The validator stumbles over some documents instead of refusing them.
            yield Problem(self.tree.place, f"not OpenAPI: {one_line(repr(error))}", _NEXT)
            return
        for defect in errors[:10]:
            place = place_at(self.tree, tuple(defect.absolute_path))
            yield Problem(place, f"not OpenAPI: {cut(one_line(defect.message), 200)}", _NEXT)

    def resolve(self, path: Path) -> Path:
        """Follow every reference on the way to a part, and return the way without references."""
        return self._follow(path)[0]

    def at(self, path: Path) -> Any:
        """Return a part, references followed; None if it is not there."""
        return self._follow(path)[1]

    def _follow(self, path: Path) -> tuple[Path, Any]:
        at, node = self._target((), self.tree)
        for step in path:
            at, node = self._target((*at, step), _child(node, step))
        return at, node

    def _target(self, at: Path, node: Any) -> tuple[Path, Any]:
        """Follow the references that a part consists of; after twenty, it is a circle."""
        for _ in range(20):
            target = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(target, str):
                break
            at, node = (), self.tree
            for name in from_pointer(unquote(target)):
                step = int(name) if isinstance(node, list) else name
                at, node = (*at, step), _child(node, step)
        return at, node

    def promise(self, path: Path, item: str = "") -> Promise:
        """Name a part.

        Args:
            path: The keys and positions that lead there.
            item: The item of the list there whose line is meant; the list's own if empty.
        """
        whole: Path = (*self.resolve(path[:-1]), path[-1])
        node = self.at(path)
        listed = item and isinstance(node, list) and item in node
        exact: Path = (*whole, node.index(item)) if listed else whole
        return Promise(f"#{shown(whole)}", place_at(self.tree, exact))

    def schema(self, path: Path) -> SchemaPath:
        """Return a schema for openapi-core."""
        whole: SchemaPath = reduce(truediv, self.resolve(path), self.spec)
        return whole


def title(operation: Operation) -> str:
    """Name an operation for people: its id with method and path, or those alone."""
    name = operation.node.get("operationId")
    return f"{name} ({operation})" if name else str(operation)


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return node.get(step) if isinstance(node, dict) else None


def _without_servers(document: dict[str, Any]) -> dict[str, Any]:
    document.pop("servers", None)
    for item in document["paths"].values():
        for holder in (item, *item.values()):
            if isinstance(holder, dict):
                holder.pop("servers", None)
    return document
