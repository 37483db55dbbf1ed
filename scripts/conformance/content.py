"""Holds a body against what the document says of its media type."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from pipeline.walk import Path

from .bodies import FORMS, Part, Unreadable, form_value, is_json, media_type, read_form, read_json
from .document import Document
from .explain import Broken, schema_errors
from .values import Upload, dotted


@dataclass
class Held:
    """What came of a body.

    Args:
        broken: The promises it broke.
        schema: Where its schema is; None if it has none, or the body could not be understood.
        value: What it says.
        note: What is no broken promise, and somebody should know.
    """

    broken: list[Broken] = field(default_factory=list[Broken])
    schema: Path | None = None
    value: Any = None
    note: str = ""


def hold(document: Document, content: Path, content_type: str, body: bytes, *, sent: bool) -> Held:
    """Hold a body against the document.

    Args:
        document: The document.
        content: Where its media types are.
        content_type: The header's whole value.
        body: The bytes; there are some.
        sent: Whether it is a request's.

    Returns:
        What came of it.
    """
    held = Held()
    kind = media_type(content_type)
    documented = document.at(content) or {}
    key = _media_key(documented, kind)
    if key is None:
        told = f"is {kind}" if kind else "has no media type"
        demand = f"lists {', '.join(documented) or 'none'}"
        held.broken.append(Broken("body", told, content, demand))
        return held
    at = document.resolve((*content, key))
    schema = (*at, "schema")
    try:
        parts = read_form(content_type, body) if kind in FORMS else []
        value: Any
        if parts:
            value = form_value(parts, document, schema)
        elif is_json(kind):
            value = read_json(body)
        elif kind.startswith("text/"):
            value = body.decode(errors="replace")
        else:
            if kind == "video/mp4" and body[4:8] != b"ftyp":
                held.note = f"{len(body)} bytes of {kind} that do not begin as MP4 does"
            return held
    except Unreadable as error:
        held.broken.append(Broken("body", f"is {error}", at, f"says {key}"))
        return held
    if document.at(schema) is None:
        return held
    held.schema, held.value = document.resolve(schema), value
    held.broken += _parts(document, schema, parts)
    held.broken += check(document, schema, value, sent=sent)
    return held


def check(
    document: Document, schema: Path, value: Any, *, sent: bool, prefix: str = ""
) -> list[Broken]:
    """Hold a value against a schema.

    Args:
        document: The document.
        schema: Where the schema is.
        value: The value.
        sent: Whether it is a request's.
        prefix: What stands before the names of the fields.

    Returns:
        Every promise it broke.
    """
    factory = document.write if sent else document.read
    try:
        factory.create(document.spec, document.schema(schema)).validate(value)
    except InvalidSchemaValue as error:
        return list(schema_errors(document, document.resolve(schema), error.schema_errors, prefix))
    return []


def _media_key(documented: dict[str, Any], kind: str) -> str | None:
    """Find the documented media type, the exact one before a range."""
    keys = {key.partition(";")[0].strip().lower(): key for key in documented}
    ranges = (key for pattern, key in keys.items() if fnmatch(kind, pattern))
    return keys.get(kind) or next(ranges, None)


def _parts(document: Document, schema: Path, parts: list[Part]) -> Iterator[Broken]:
    """Check that files are sent as files, and text as text: no schema can tell."""
    for part in parts:
        at: Path = (*schema, "properties", part.name)
        property_ = document.at(at)
        if not isinstance(property_, dict) or "type" not in property_:
            continue
        if property_["type"] == "array":
            at = (*at, "items")
            property_ = document.at(at) or {}
        wants_file = property_.get("format") == "binary"
        if bool(part.file) != wants_file:
            sent = Upload(part.file, len(part.content)).told if part.file else "text"
            told = "a file" if wants_file else "text"
            rule = "format" if wants_file else "type"
            yield Broken(dotted((part.name,)), f"is sent as {sent}", (*at, rule), f"says {told}")
