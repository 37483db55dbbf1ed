"""Read a body, and hold it against what the document says of its media type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from pipeline.report import one_line
from pipeline.walk import Path

from .document import Document
from .explain import Broken, schema_errors
from .interactions import Answer, Request, media_type
from .multipart import FORM, Part, parts_of
from .values import Upload, dotted

_FIELDS = "application/x-www-form-urlencoded"


@dataclass
class Held:
    """What came of a body.

    Attributes:
        broken: The promises it broke.
        schema: Where its schema is; None if it has none, or the body could not be understood.
        value: What it says.
        note: What is no broken promise, and somebody should know.
    """

    broken: list[Broken] = field(default_factory=list[Broken])
    schema: Path | None = None
    value: Any = None
    note: str = ""


def hold(document: Document, content: Path, message: Request | Answer) -> Held:
    """Hold the body of a request or an answer against the document.

    Args:
        document: The document.
        content: Where its media types are.
        message: The request or answer; its body is not empty.
    """
    body, kind = message.body, media_type(message.content_type)
    documented = document.at(content) or {}
    key = _media_key(documented, kind)
    if key is None:
        told = f"is {kind}" if kind else "has no media type"
        demand = f"lists {', '.join(documented) or 'none'}"
        return Held([Broken("body", told, content, demand)])
    schema = document.resolve((*content, key, "schema"))
    parts: list[Part] = []
    value: Any = None
    try:
        if kind in (FORM, _FIELDS):
            parts = parts_of(message) if kind == FORM else _fields(body)
            value = _form_value(parts, document, schema)
        elif kind == "application/json" or kind.endswith("+json"):
            value = _json(body)
        elif kind.startswith("text/"):
            value = body.decode(errors="replace")
        else:
            odd = kind == "video/mp4" and body[4:8] != b"ftyp"
            note = f"{len(body)} bytes of {kind} that do not begin as MP4 does"
            return Held(note=note if odd else "")
    except ValueError as error:
        what = "form" if kind in (FORM, _FIELDS) else "JSON"
        told = f"is no {what}: {one_line(str(error))}"
        return Held([Broken("body", told, document.resolve((*content, key)), f"says {key}")])
    if document.at(schema) is None:
        return Held()
    broken = [*_parts(document, schema, parts)]
    factory = document.write if isinstance(message, Request) else document.read
    try:
        factory.create(document.spec, document.schema(schema)).validate(value)
    except InvalidSchemaValue as error:
        broken += schema_errors(document, error, schema)
    return Held(broken, schema, value)


def _media_key(documented: dict[str, Any], kind: str) -> str | None:
    """Find the documented media type, the exact one before a range."""
    keys = {media_type(key): key for key in documented}
    ranges = (key for pattern, key in keys.items() if fnmatch(kind, pattern))
    return keys.get(kind) or next(ranges, None)


def _json(body: bytes) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number of JSON")

    try:
        return json.loads(body, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def _fields(body: bytes) -> list[Part]:
    pairs = parse_qsl(body.decode(), keep_blank_values=True)
    return [Part(name, None, "", value.encode()) for name, value in pairs]


def _form_value(parts: Sequence[Part], document: Document, schema: Path) -> dict[str, Any]:
    """Turn the parts of a form into the object that its schema speaks of.

    In a form everything is text; numbers, truth values, objects and lists are told by the schema.
    """
    value: dict[str, Any] = {}
    for part in parts:
        at: Path = (*schema, "properties", part.name)
        type_ = (document.at(at) or {}).get("type")
        if type_ == "array":
            items = document.at((*at, "items")) or {}
            value.setdefault(part.name, []).append(_cast(part, items.get("type")))
        else:
            value[part.name] = _cast(part, type_)
    return value


def _cast(part: Part, type_: object) -> Any:
    if part.filename is not None:
        return Upload(part.media_type or "application/octet-stream", len(part.content))
    if type_ in ("integer", "number", "boolean", "object"):
        try:
            return _json(part.content)
        except ValueError:
            pass  # it is text, which its schema will not take
    return part.content.decode(errors="replace")


def _parts(document: Document, schema: Path, parts: Sequence[Part]) -> Iterator[Broken]:
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
        if wants_file != (part.filename is not None):
            sent = "text" if wants_file else _cast(part, None).told
            told, rule = ("a file", "format") if wants_file else ("text", "type")
            yield Broken(dotted((part.name,)), f"is sent as {sent}", (*at, rule), f"says {told}")
