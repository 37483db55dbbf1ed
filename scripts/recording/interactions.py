"""One request and its answer, as they are recorded, scrubbed, compared and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


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
    def media_type(self) -> str:
        """The body's type in lower case, without parameters."""
        return header(self.headers, "content-type").partition(";")[0].strip().lower()

    @property
    def address(self) -> tuple[str, str, int, tuple[str, ...]]:
        """Scheme, host, port, and the decoded parts of the path."""
        parts = urlsplit(self.url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        path = tuple(unquote(part) for part in (parts.path or "/").split("/"))
        return parts.scheme, parts.hostname or "", port, path

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values, sorted."""
        return sorted(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

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
        body: the bytes, decoded.
    """

    status: int
    reason: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """The body's type in lower case, without parameters."""
        return header(self.headers, "content-type").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and its answer."""

    request: Request
    answer: Answer


def header(headers: Mapping[str, Any], name: str) -> str:
    """A header's first value, whatever the case of its name; empty for none."""
    for given, value in headers.items():
        if given.lower() == name:
            return str(value if isinstance(value, str) else next(iter(value), ""))
    return ""


def json_in(body: bytes) -> tuple[bool, Any]:
    """Whether a body is a JSON object or list, and what it says."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False, None
    return isinstance(value, (dict, list)), value
