"""Reads bodies: JSON, forms by their parts, text, or files left as they are."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from pipeline.report import one_line
from pipeline.walk import Path
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from .document import Document
from .values import Upload

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Unreadable(Exception):
    """A body that is not what its media type says."""


@dataclass(frozen=True)
class Part:
    """One part of a form.

    Args:
        name: Of the field.
        content: As it was sent.
        file: Its media type, if it was sent as a file; empty otherwise.
    """

    name: str
    content: bytes
    file: str = ""


def media_type(content_type: str | None) -> str:
    """Return the media type of a header's value, in small letters and without parameters.

    Args:
        content_type: The value; None if there was no such header.
    """
    return parse_options_header(content_type or "")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Say whether a media type is JSON."""
    return kind == "application/json" or kind.endswith("+json")


def read_json(body: bytes) -> Any:
    """Read a body as JSON.

    Args:
        body: The bytes.

    Raises:
        Unreadable: It is none.
    """

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number of JSON")

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {one_line(str(error))}") from error


def read_form(content_type: str, body: bytes) -> list[Part]:
    """Take a form apart.

    Args:
        content_type: The header's whole value.
        body: The bytes.

    Returns:
        The parts in their order.

    Raises:
        Unreadable: It is no such form.
    """
    if media_type(content_type) == FORMS[1]:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True)
        except ValueError as error:
            raise Unreadable(f"no form: {one_line(str(error))}") from error
        return [Part(name, value.encode()) for name, value in pairs]
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise Unreadable("no form: its Content-Type has no boundary")
    try:
        return _parts(MultipartDecoder(boundary.encode()), body)
    except ValueError as error:
        raise Unreadable(f"no form: {one_line(str(error))}") from error


def _parts(decoder: MultipartDecoder, body: bytes) -> list[Part]:
    parts: list[Part] = []
    decoder.receive_data(body)
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        match event:
            case File():
                kind = event.headers.get("Content-Type", "application/octet-stream")
                parts.append(Part(event.name, b"", kind))
            case Field():
                parts.append(Part(event.name, b""))
            case Data():
                last = parts.pop()
                parts.append(Part(last.name, last.content + event.data, last.file))
    return parts


def form_value(parts: list[Part], document: Document, schema: Path) -> dict[str, Any]:
    """Turn the parts of a form into the object that its schema speaks of.

    In a form everything is text; numbers, truth values, objects and lists are told by the schema.

    Args:
        parts: The parts.
        document: The document.
        schema: Where the schema of the form is.

    Returns:
        The object; a file is an `Upload` in it.
    """
    value: dict[str, Any] = {}
    for part in parts:
        at: Path = (*schema, "properties", part.name)
        property_ = document.at(at) or {}
        if property_.get("type") == "array":
            items = document.at((*at, "items")) or {}
            value.setdefault(part.name, []).append(_cast(part, items.get("type")))
        else:
            value[part.name] = _cast(part, property_.get("type"))
    return value


def _cast(part: Part, type_: object) -> Any:
    if part.file:
        return Upload(part.file, len(part.content))
    text = part.content.decode(errors="replace")
    if type_ in ("integer", "number", "boolean", "object"):
        try:
            return read_json(part.content)
        except Unreadable:
            return text
    return text
