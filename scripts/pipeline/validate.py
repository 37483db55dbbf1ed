"""Step 8: check the document against OpenAPI 3.0, and its examples against their schemas."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from pipeline.render import plain
from pipeline.report import PipelineError, Place, Problem, shorten, stop
from pipeline.tree import YamlMapping, place_at
from pipeline.walk import Path, operations, schema_holders, shown

_NEXT = "correct it by an action in openapi/overlay.yaml"


def validate(document: YamlMapping) -> None:
    """Check a finished document.

    Args:
        document: The document.

    Raises:
        PipelineError: It is not OpenAPI 3.0, an example contradicts its schema, or two operations
            share an id.
    """
    version = str(document.get("openapi", ""))
    if not version.startswith("3.0."):
        place = document.place_of("openapi")
        raise stop(place, f"OpenAPI version {version!r} is not 3.0.x", "export the page as 3.0")
    whole = plain(document)
    problems = [*_references(document, document), *_ids(document)]
    if not problems:
        problems = list(_structure(document, whole))
    if not problems:
        problems = list(_examples(document, whole))
    if problems:
        raise PipelineError(*problems)


def _references(document: YamlMapping, node: Any, path: Path = ()) -> Iterator[Problem]:
    """Check that every reference leads to a part of the document."""
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and not _leads_somewhere(document, target):
            place = place_at(document, (*path, "$ref"))
            yield Problem(place, f"the reference {target} leads nowhere", _NEXT)
        for key, value in node.items():
            yield from _references(document, value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _references(document, value, (*path, at))


def _leads_somewhere(document: YamlMapping, target: str) -> bool:
    """Say whether a reference names a part of this document."""
    node: Any = document
    start, *steps = target.split("/")
    for step in steps:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return start == "#" and bool(steps)


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
        reason = f"not OpenAPI 3.0: {shorten(deepest.message, 200)} at {shown(path)}"
        yield Problem(place, reason, _NEXT)


def _deepest(error: Any) -> Any:
    """Find the cause of an error among the alternatives that were tried."""
    cause = error
    while cause.context:
        # That something is no reference is hardly ever what is wrong with it.
        cause = max(cause.context, key=lambda inner: (len(inner.path), "$ref" not in inner.message))
    return cause


def _ids(document: YamlMapping) -> Iterator[Problem]:
    """Check that no two operations share an id."""
    seen: dict[str, Place] = {}
    for operation in operations(document):
        name = operation.node.get("operationId")
        place = operation.node.place_of("operationId")
        if name in seen:
            yield Problem(place, f"operation id {name} is also given in {seen[name]}", _NEXT)
        seen.setdefault(name, place)


def _examples(document: YamlMapping, whole: Any) -> Iterator[Problem]:
    """Check every example of a parameter or body against its schema."""
    for path, holder in schema_holders(document):
        if "schema" not in holder:
            continue
        schema = {**plain(holder["schema"]), "components": whole.get("components", {})}
        validator = OAS30Validator(schema)
        for steps, example in _given(holder):
            for error in validator.iter_errors(plain(example)):
                place = place_at(document, (*path, *steps, *error.absolute_path))
                reason = f"the example contradicts its schema: {shorten(error.message, 160)}"
                yield Problem(place, reason, _NEXT)


def _given(holder: Any) -> Iterator[tuple[Path, Any]]:
    """List the examples of a parameter or media type with their paths."""
    if "example" in holder:
        yield ("example",), holder["example"]
    for name, example in (holder.get("examples") or {}).items():
        if isinstance(example, dict) and "value" in example:
            yield ("examples", name, "value"), example["value"]
