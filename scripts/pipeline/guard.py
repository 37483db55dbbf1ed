"""Between validate and generate: names that the generator could not keep apart.

What it can be taught is in `generator`; what is left is refused here, with the line of the page.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from openapi_python_client.strings import ClassName, PythonIdentifier

from pipeline.generator import reserve
from pipeline.report import PipelineError, Place, Problem, shorten
from pipeline.tree import YamlMapping, place_at
from pipeline.walk import Path, operations, schemas, shown

_PREFIX = "field_"
_NEXT = "leave one of them out of the document by an action in openapi/overlay.yaml"
_COMPOUND = {"items", "anyOf", "oneOf", "nullable", "format", "enum", "$ref", "properties"}


def guard(document: YamlMapping) -> None:
    """Check the names of a finished document.

    Args:
        document: The document.

    Raises:
        PipelineError: Names that differ in the document would be one in Python, or would overwrite
            what the generated code needs.
    """
    reserve()
    problems = [*_components(document), *_parameters(document)]
    for path, schema in schemas(document):
        properties = schema.get("properties")
        if properties:
            problems += _properties(document, (*path, "properties"), properties)
    if problems:
        raise PipelineError(*problems)


def _properties(document: YamlMapping, path: Path, properties: Any) -> Iterator[Problem]:
    """Check the properties of one schema."""
    named = _python_names(list(properties))
    module = path[2] if path[:2] == ("components", "schemas") and len(path) == 4 else None
    for name, schema in properties.items():
        at = place_at(document, (*path, name))
        own = named[name]
        if any(unicodedata.category(char)[0] == "C" for char in name):
            told = f"the property {shorten(name)} holds a control character"
            yield Problem(at, told, _NEXT)
        others = [other for other in properties if other != name and named[other] == own]
        if others and list(properties).index(others[0]) < list(properties).index(name):
            yield _clash(at, "property", name, others[0], own)
        if _is_compound(schema):
            # Loops and alternatives have names of their own, made from that of the property.
            derived = re.compile(rf"{re.escape(own)}(_item|_type_\d+)+(_data|_element)?")
            for other in properties:
                if derived.fullmatch(named[other]):
                    yield _clash(at, "property", name, other, named[other])
            if module is not None and PythonIdentifier(str(module), _PREFIX) == own:
                told = f"the property {name} has the name of its schema {module}, {shown(path[:3])}"
                yield Problem(at, told, "give the schema another name")


def _is_compound(schema: Any) -> bool:
    """Say whether the generated code builds a property's value from parts."""
    return isinstance(schema, dict) and not _COMPOUND.isdisjoint(schema)


def _components(document: YamlMapping) -> Iterator[Problem]:
    """Check that no two components become one class."""
    named = (document.get("components") or {}).get("schemas") or {}
    seen: dict[str, str] = {}
    for name in named:
        own = str(ClassName(name, _PREFIX)).lower()
        if own in seen:
            place = place_at(document, ("components", "schemas", name))
            yield _clash(place, "schema", name, seen[own], str(ClassName(name, _PREFIX)))
        seen.setdefault(own, name)


def _parameters(document: YamlMapping) -> Iterator[Problem]:
    """Check the parameters of operations against each other and against the body."""
    for operation in operations(document):
        given = [p for p in operation.node.get("parameters") or [] if "name" in p]
        for at, parameter in enumerate(given):
            place = place_at(document, (*operation.path, "parameters", at))
            name = str(parameter["name"])
            if PythonIdentifier(name, _PREFIX) == "body" and "requestBody" in operation.node:
                told = f"{operation} has a parameter named {name} besides its body"
                yield Problem(place, told, _NEXT)
            same = [
                str(other["name"])
                for other in given[:at]
                if other.get("in") == parameter.get("in")
                and len(set(_python_names([name, str(other["name"])]).values())) == 1
            ]
            if same:
                yield _clash(place, "parameter", name, same[0], PythonIdentifier(name, _PREFIX))


def _python_names(names: list[str]) -> dict[str, str]:
    """Name things as the generator does: snake case, or as they are where that is the same."""
    snake = {name: str(PythonIdentifier(name, _PREFIX)) for name in names}
    taken = list(snake.values())
    return {
        name: own
        if taken.count(own) == 1
        else str(PythonIdentifier(name, _PREFIX, skip_snake_case=True))
        for name, own in snake.items()
    }


def _clash(place: Place, kind: str, name: str, other: str, own: str) -> Problem:
    told = f"the {kind} {shorten(name)} and {shorten(other)} would both be {own} in Python"
    return Problem(place, told, _NEXT)
