"""Step 8: check the document against OpenAPI 3.0, and its examples against their schemas."""

from collections.abc import Iterator
from typing import Any

from jsonschema.exceptions import best_match  # type: ignore[import-untyped] # ships no types
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from pipeline.parse import YamlMapping, place_at
from pipeline.render import plain
from pipeline.report import PipelineError, Place, Problem, shorten, stop
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
    problems = [*_structure(document, whole), *_ids(document)]
    if not problems:
        problems = list(_examples(document, whole))
    if problems:
        raise PipelineError(*problems)


def _structure(document: YamlMapping, whole: Any) -> Iterator[Problem]:
    """Check the document against the schema of OpenAPI 3.0."""
    for error in OpenAPIV30SpecValidator(whole).iter_errors():
        deepest = best_match([error]) or error
        path: Path = tuple(deepest.absolute_path)
        yield Problem(
            place_at(document, path), f"not OpenAPI 3.0: {deepest.message} at {shown(path)}", _NEXT
        )


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
