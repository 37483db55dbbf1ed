"""Hold one request and its answer, as they are recorded, scrubbed, compared and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent.

    Attributes:
        method: in capitals.
        url: absolute.
        headers: one value a name, in whatever case.
        body: the bytes, empty for none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The header; empty for none."""
        return header(self.headers, "content-type")

    @property
    def origin(self) -> str:
        """Scheme, host and port, as they are written."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path, as it is written."""
        return urlsplit(self.url).path or "/"

    @property
    def address(self) -> str:
        """Scheme, host, port and path, spelled in the one way that can be compared."""
        parts = urlsplit(self.url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        return f"{parts.scheme}://{parts.hostname}:{port}{unquote(parts.path or '/')}"

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values, in their order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def carries_key(self) -> bool:
        """Whether it is authorized."""
        return bool(header(self.headers, "authorization"))

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status.
        reason: the words beside it.
        headers: the values of each name.
        body: the bytes, uncompressed.
    """

    status: int
    reason: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The header; empty for none."""
        return header(self.headers, "content-type")


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and its answer."""

    request: Request
    answer: Answer


def header(headers: Mapping[str, Any], name: str) -> str:
    """Return a header's first value, whatever the case of its name; empty for none."""
    for given, value in headers.items():
        if given.lower() == name:
            return str(value if isinstance(value, str) else next(iter(value), ""))
    return ""


def media_type(content_type: str) -> str:
    """Return the media type of a header's value, in lower case and without parameters."""
    return content_type.partition(";")[0].strip().lower()


def json_in(body: bytes) -> tuple[bool, Any]:
    """Return whether a body is a JSON object or list, and what it says."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False, None
    return isinstance(value, (dict, list)), value
