"""Take multipart bodies apart, and put them together with a boundary that is always the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_string

from werkzeug.http import parse_options_header

from .interactions import Answer, Request, media_type

FORM = "multipart/form-data"
BOUNDARY = "recorded-boundary"
CONTENT_TYPE = f"{FORM}; boundary={BOUNDARY}"


class Malformed(ValueError):
    """A body that is not the multipart that its header says; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        name: of the field.
        filename: of a file; None for text.
        media_type: as declared; empty for none.
        content: the bytes.
    """

    name: str
    filename: str | None
    media_type: str
    content: bytes


def is_form(request: Request) -> bool:
    """Return whether a request's body is multipart."""
    return media_type(request.content_type) == FORM


def parts_of(message: Request | Answer) -> list[Part]:
    """Return the parts of a body, in order.

    Raises:
        Malformed: it is not what its header says.
    """
    boundary = parse_options_header(message.content_type)[1].get("boundary")
    if boundary is None:
        raise Malformed("its Content-Type has no boundary")
    delimiter = f"\r\n--{boundary}".encode("latin-1")
    preamble, *pieces = (b"\r\n" + message.body).split(delimiter)
    if preamble or len(pieces) < 2 or pieces[-1].strip() != b"--":
        raise Malformed("it does not begin and end with its boundary")
    return [_part(piece) for piece in pieces[:-1]]


def joined(parts: Iterable[Part]) -> bytes:
    """Return a body with the boundary that is always the same."""
    pieces = list[bytes]()
    for part in parts:
        said = f'Content-Disposition: form-data; name="{part.name}"'
        if part.filename is not None:
            said += f'; filename="{part.filename}"'
        if part.media_type:
            said += f"\r\nContent-Type: {part.media_type}"
        pieces += [f"--{BOUNDARY}\r\n{said}\r\n\r\n".encode(), part.content, b"\r\n"]
    return b"".join([*pieces, f"--{BOUNDARY}--\r\n".encode()])


def _part(piece: bytes) -> Part:
    head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = message_from_string(head.decode("utf-8", "replace"))
    told = parse_options_header(headers["content-disposition"])[1]
    if not blank or "name" not in told:
        raise Malformed("a part has no name")
    return Part(told["name"], told.get("filename"), headers.get("content-type", ""), content)
