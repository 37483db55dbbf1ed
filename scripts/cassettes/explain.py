"""Say in words what is wrong with a value: each error of its schema, with the promise it broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from openapi_core.validation.request.exceptions import MissingRequiredParameter
from openapi_core.validation.response.exceptions import MissingRequiredHeader
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from pipeline.report import cut, one_line
from pipeline.walk import Path

from .document import Document
from .values import dotted, kind, short

_LONGEST = 160
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a truth value",
    "array": "a list",
    "object": "an object",
}
_LIMITS = ("format", "pattern", "minLength", "maxLength", "minimum", "maximum")


class Broken(NamedTuple):
    """A promise that was broken, before it is said where.

    Attributes:
        field: The field or part it is about; `body` for the whole.
        what: What is wrong with it, in words that follow its name.
        promise: The part of the document that says otherwise.
        demand: What that says, in words that follow it.
        item: The item of the list there that is meant, if it is one.
        details: More lines about it.
    """

    field: str
    what: str
    promise: Path
    demand: str
    item: str = ""
    details: tuple[str, ...] = ()


def core_error(document: Document, error: Any, at: Path, field: str) -> Iterator[Broken]:
    """Explain what openapi-core found wrong with a parameter or a header.

    Args:
        document: The document.
        error: Its error.
        at: Where the parameter or header is in the document.
        field: What it is called in messages.

    Yields:
        One for each broken promise.
    """
    if isinstance(error, (MissingRequiredParameter, MissingRequiredHeader)):
        yield Broken(field, "is missing", (*at, "required"), "demands it")
    elif isinstance(error.__cause__, InvalidSchemaValue):
        yield from schema_errors(document, error.__cause__, (*at, "schema"), field)
    else:
        told = cut(one_line(str(error.__cause__ or error)), 120)
        yield Broken(field, f"cannot be understood ({told})", at, "describes it")


def schema_errors(
    document: Document, found: InvalidSchemaValue, schema: Path, prefix: str = ""
) -> Iterator[Broken]:
    """Explain what a schema's validator found.

    Args:
        document: The document.
        found: Its errors.
        schema: Where the schema is.
        prefix: What stands before the names of the fields, as for a parameter.

    Yields:
        One for each error.
    """
    schema = document.resolve(schema)
    errors: Iterable[Any] = found.schema_errors
    for error in errors:
        yield _explain(document, error, (*schema, *error.absolute_schema_path), prefix)


def _explain(document: Document, error: Any, promise: Path, prefix: str) -> Broken:
    steps: Path = (*([prefix] if prefix else []), *error.absolute_path)
    name = str(steps[-1]) if steps else ""
    where, seen, rule = dotted(steps) or "body", short(error.instance, name), error.validator_value
    match error.validator:
        case "required":
            missing = error.message.partition(" is a required")[0].strip("'")
            at = dotted((*steps, missing))
            return Broken(at, "is missing", promise, "demands it", missing, (f"seen: {seen}",))
        case "type":
            words = rule if isinstance(rule := document.at(promise), list) else [rule]
            wanted = " or ".join(_TYPES.get(str(word), str(word)) for word in words)
            return Broken(where, f"is {kind(error.instance)}, {seen}", promise, f"says {wanted}")
        case "enum":
            allowed = cut(", ".join(short(word, name) for word in rule), _LONGEST)
            return Broken(where, f"is {seen}", promise, f"allows only {allowed}")
        case "additionalProperties":
            unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
            told = f"holds {cut(', '.join(unknown), _LONGEST)}"
            return Broken(where, told, promise, "allows no other fields")
        case "anyOf" | "oneOf" if error.context:
            demand = f"has {len(rule)} alternatives, and it fits none"
            details = tuple(_alternatives(document, error, promise, prefix))
            told = f"is {kind(error.instance)}, {seen}"
            return Broken(where, told, promise, demand, details=details)
        case limit if limit in _LIMITS:
            return Broken(where, f"is {seen}", promise, f"says {short(rule)}")
    reason = cut(one_line(error.message), _LONGEST)
    return Broken(where, f"is {seen}", promise, f"is broken: {reason}")


def _alternatives(document: Document, error: Any, promise: Path, prefix: str) -> Iterator[str]:
    """Say for each alternative what is nearest to the surface that keeps the value out of it."""
    for number in range(len(error.validator_value)):
        causes = [inner for inner in error.context if inner.schema_path[0] == number]
        for inner in causes[:3]:
            found = _explain(document, inner, (*promise, *inner.relative_schema_path), prefix)
            at = document.promise(found.promise, found.item)
            yield f"alternative {number + 1}: {found.field} {found.what}; {at} {found.demand}"
