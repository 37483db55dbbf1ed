"""Step 8: check the document against OpenAPI 3.0, and its names against what the generated code can keep apart.

A name that the generator's templates use themselves is reserved, like a keyword: a property of that name gets an
underscore in Python (`cls_`), and stays what it is on the wire. Names that would still be one are refused here, with
the line of the page.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from openapi_python_client import strings
from openapi_python_client.strings import ClassName, PythonIdentifier
from openapi_spec_validator import OpenAPIV30SpecValidator

from pipeline.report import Place, Problem, cut, refuse, shorten, stop
from pipeline.tree import YamlMapping, place_at, plain
from pipeline.walk import Path, leads_to, operations, references, schemas, shown

_NEXT = "correct it by an action in openapi/overlay.yaml"
_LEAVE_OUT = "leave one of them out of the document by an action in openapi/overlay.yaml"

# Where jsonschema-rs is installed as well, it would be taken, and it does not say what is wrong inside of a oneOf.
os.environ["OPENAPI_SPEC_VALIDATOR_SCHEMA_VALIDATOR_BACKEND"] = "jsonschema"
_PREFIX = "field_"
_COMPOUND = {"items", "anyOf", "oneOf", "nullable", "format", "enum", "$ref", "properties"}
_LOCALS = {
    # of models
    "additional_keys", "additional_properties", "cls", "d", "field_dict", "files",
    "from_dict", "json", "prop", "prop_dict", "prop_name", "src_dict", "to_dict", "to_multipart",
    # of operations
    "cookies", "headers", "k", "kwargs", "params", "response", "v",
    # of both: what the modules import
    "cast", "errors", "httpx", "isoparse", "quote", "types",
}  # fmt: skip


def validate(document: YamlMapping) -> None:
    """Check a finished document.

    Args:
        document: The document.

    Raises:
        PipelineError: It is not OpenAPI 3.0, a reference leads nowhere, or two operations share
            an id.
    """
    version = str(document.get("openapi", ""))
    if not version.startswith("3.0."):
        place = document.place_of("openapi")
        raise stop(place, f"OpenAPI version {version!r} is not 3.0.x", "export the page as 3.0")
    whole = plain(document)
    check_references(document)
    refuse(_ids(document))
    refuse(_structure(document, whole))


def check_references(document: YamlMapping) -> None:
    """Check that every reference leads to a part of the document; none is ever fetched.

    Args:
        document: The document.

    Raises:
        PipelineError: A reference leads nowhere, or out of the document.
    """
    refuse(
        Problem(place_at(document, path), f"the reference {target} leads nowhere", _NEXT)
        for path, target in references(document)
        if leads_to(document, target) is None
    )


def _structure(document: YamlMapping, whole: Any) -> Iterator[Problem]:
    """Check the document against the schema of OpenAPI 3.0."""
    try:
        errors = list(OpenAPIV30SpecValidator(whole).iter_errors())
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The validator stumbles over some documents instead of refusing them.
        yield Problem(document.place, f"not OpenAPI 3.0: {error!r}", _NEXT)
        return
    for found in errors:
        deepest = _deepest(found)
        path: Path = tuple(deepest.absolute_path)
        place = place_at(document, path)
        reason = f"not OpenAPI 3.0: {cut(deepest.message, 200)} at {shown(path)}"
        yield Problem(place, reason, _NEXT)


def _deepest(error: Any) -> Any:
    """Find the cause of an error among the alternatives that were tried."""
    cause = error
    while cause.context:
        # That something is no reference is hardly ever what is wrong with it. The order in which the alternatives
        # come differs from run to run, so of equal causes the first one in the document is told.
        cause = min(cause.context, key=_how_unlikely)
    return cause


def _how_unlikely(error: Any) -> tuple[int, bool, list[str]]:
    """Order the alternatives of an error: the deepest first, and of equal ones the first in the document."""
    path = list(map(str, error.absolute_path))
    return -len(error.path), "$ref" in error.message, path


def _ids(document: YamlMapping) -> Iterator[Problem]:
    """Check that no two operations share an id."""
    seen: dict[str, Place] = {}
    for operation in operations(document):
        name = operation.node.get("operationId")
        place = operation.node.place_of("operationId")
        if name in seen:
            yield Problem(place, f"operation id {name} is also given in {seen[name]}", _NEXT)
        seen.setdefault(name, place)


def reserve() -> None:
    """Have the generator not use the names of its templates' locals and members as they are."""
    strings.RESERVED_WORDS |= _LOCALS


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
    refuse(problems)


def _properties(document: YamlMapping, path: Path, properties: Any) -> Iterator[Problem]:
    """Check the properties of one schema."""
    named = _python_names(list(properties))
    module = path[2] if path[:2] == ("components", "schemas") and len(path) == 4 else None
    seen: dict[str, str] = {}
    for name, schema in properties.items():
        at = place_at(document, (*path, name))
        own = named[name]
        if any(unicodedata.category(char)[0] == "C" for char in name):
            told = f"the property {shorten(name)} holds a control character"
            yield Problem(at, told, _LEAVE_OUT)
        first = seen.setdefault(own, name)
        if first != name:
            yield _clash(at, "property", name, first, own)
        # Of these, the generated code builds the value from parts.
        if isinstance(schema, dict) and not _COMPOUND.isdisjoint(schema):
            # Loops and alternatives have names of their own, made from that of the property.
            derived = re.compile(rf"{re.escape(own)}(_item|_type_\d+)+(_data|_element)?")
            for other in properties:
                if derived.fullmatch(named[other]):
                    yield _clash(at, "property", name, other, named[other])
            if module is not None and PythonIdentifier(str(module), _PREFIX) == own:
                told = f"the property {name} has the name of its schema {module}, {shown(path[:3])}"
                yield Problem(at, told, "give the schema another name")


def _components(document: YamlMapping) -> Iterator[Problem]:
    """Check that no two components become one class."""
    named = (document.get("components") or {}).get("schemas") or {}
    seen: dict[str, str] = {}
    for name in named:
        own = str(ClassName(name, _PREFIX))
        first = seen.setdefault(own.lower(), name)
        if first != name:
            place = place_at(document, ("components", "schemas", name))
            yield _clash(place, "schema", name, first, own)


def _parameters(document: YamlMapping) -> Iterator[Problem]:
    """Check the parameters of operations against each other and against the body."""
    for operation in operations(document):
        given = [p for p in operation.node.get("parameters") or [] if "name" in p]
        for at, parameter in enumerate(given):
            place = place_at(document, (*operation.path, "parameters", at))
            name = str(parameter["name"])
            if PythonIdentifier(name, _PREFIX) == "body" and "requestBody" in operation.node:
                told = f"{operation} has a parameter named {name} besides its body"
                yield Problem(place, told, _LEAVE_OUT)
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
    return Problem(place, told, _LEAVE_OUT)
