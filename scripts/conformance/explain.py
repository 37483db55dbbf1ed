"""Says what is wrong with a value, in words: each error of its schema, with the promise it broke."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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
    "null": "null",
}


@dataclass(frozen=True)
class Broken:
    """A promise that was broken, before it is said where.

    Args:
        field: The field or part it is about.
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


def schema_errors(
    document: Document, schema: Path, errors: Iterable[Any], prefix: str = ""
) -> Iterator[Broken]:
    """Explain what a schema's validator found.

    Args:
        document: The document.
        schema: Where the schema is.
        errors: The errors.
        prefix: What stands before the names of the fields, as for a parameter.

    Yields:
        One for each error.
    """
    for error in errors:
        promise = (*schema, *error.absolute_schema_path)
        yield _explain(document, error, promise, prefix)


def _explain(document: Document, error: Any, promise: Path, prefix: str) -> Broken:
    steps = [*([prefix] if prefix else []), *error.absolute_path]
    name = str(steps[-1]) if steps else ""
    where = dotted(steps) or "body"
    seen = short(error.instance, name)
    match error.validator:
        case "required":
            missing = _missing(error)
            details = (f"seen: {seen}",)
            at = dotted([*steps, missing])
            return Broken(at, "is missing", promise, "demands it", missing, details)
        case "type":
            wanted = _type(document.at(promise))
            return Broken(where, f"is {kind(error.instance)}, {seen}", promise, f"says {wanted}")
        case "enum":
            allowed = ", ".join(short(word, name) for word in error.validator_value)
            return Broken(where, f"is {seen}", promise, f"allows only {cut(allowed, _LONGEST)}")
        case "additionalProperties":
            unknown = ", ".join(
                sorted(set(error.instance) - set(error.schema.get("properties", {})))
            )
            return Broken(
                where, f"holds {cut(unknown, _LONGEST)}", promise, "allows no other fields"
            )
        case "anyOf" | "oneOf" if error.context:
            return Broken(
                where,
                f"is {kind(error.instance)}, {seen}",
                promise,
                f"has {len(error.validator_value)} alternatives, and it fits none",
                details=tuple(_alternatives(document, error, promise, prefix)),
            )
        case "format" | "pattern" | "minLength" | "maxLength" | "minimum" | "maximum":
            demand = f"says {short(error.validator_value)}"
            return Broken(where, f"is {seen}", promise, demand)
    reason = cut(one_line(error.message), _LONGEST)
    return Broken(where, f"is {seen}", promise, f"is broken: {reason}")


def _alternatives(document: Document, error: Any, promise: Path, prefix: str) -> Iterator[str]:
    """Say for each alternative what is nearest to the surface that keeps the value out of it."""
    for number in range(len(error.validator_value)):
        causes = [inner for inner in error.context if inner.schema_path[0] == number]
        for inner in causes[:3]:
            path = (*promise, *inner.relative_schema_path)
            found = _explain(document, inner, path, prefix)
            at = document.promise(found.promise, found.item)
            yield f"alternative {number + 1}: {found.field} {found.what}; {at} {found.demand}"


def _missing(error: Any) -> str:
    for name in error.validator_value:
        if error.message.startswith(f"{name!r} "):
            return str(name)
    quoted = re.search(r"'([^']*)'", error.message)
    return quoted[1] if quoted else "a field"


def _type(wanted: object) -> str:
    words = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(_TYPES.get(str(word), str(word)) for word in words)
