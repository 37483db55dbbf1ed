"""Step 8: check the document against OpenAPI 3.0."""

import os
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV30SpecValidator

from pipeline.render import plain
from pipeline.report import PipelineError, Place, Problem, cut, stop
from pipeline.tree import YamlMapping, place_at
from pipeline.walk import Path, leads_to, operations, references, shown

_NEXT = "correct it by an action in openapi/overlay.yaml"

# Where jsonschema-rs is installed as well, it would be taken, and it does not say what is wrong inside of a oneOf.
os.environ["OPENAPI_SPEC_VALIDATOR_SCHEMA_VALIDATOR_BACKEND"] = "jsonschema"


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
    problems = list(_ids(document))
    if not problems:
        problems = list(_structure(document, whole))
    if problems:
        raise PipelineError(*problems)


def check_references(document: YamlMapping) -> None:
    """Check that every reference leads to a part of the document; none is ever fetched.

    Args:
        document: The document.

    Raises:
        PipelineError: A reference leads nowhere, or out of the document.
    """
    problems = [
        Problem(place_at(document, path), f"the reference {target} leads nowhere", _NEXT)
        for path, target in references(document)
        if leads_to(document, target) is None
    ]
    if problems:
        raise PipelineError(*problems)


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
