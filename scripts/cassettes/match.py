"""Compare a request with a recorded one by value, so that spelling, order and boundaries do not count."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from pipeline import tree
from pipeline.report import shorten

from . import multipart
from .interactions import Request, json_in, media_type

_LONGEST = 120  # characters of a value that a message shows
Pairs = list[tuple[str, Any]]


def differences(sent: Request, recorded: Request) -> list[str]:
    """Return where a request differs from a recorded one, a line each; empty if it is the same.

    Method, address (scheme, host, port, path) and whether it carries a key; the query in any order; JSON by value;
    a form by its parts, whatever the boundary and the order, files by digest; any other body by its bytes.
    """
    return [
        *_named("method", sent.method, recorded.method),
        *_named("address", sent.address, recorded.address),
        *_pairs("query", sorted(sent.query), sorted(recorded.query)),
        *_named("carries the key", sent.carries_key, recorded.carries_key),
        *_bodies(sent, recorded),
    ]


def _bodies(sent: Request, recorded: Request) -> Iterator[str]:
    kinds = [media_type(each.content_type) for each in (sent, recorded)]
    (sent_is_json, one), (recorded_is_json, other) = json_in(sent.body), json_in(recorded.body)
    if kinds[0] != kinds[1]:
        yield from _named("body's type", *kinds)
    elif multipart.is_form(sent):
        try:
            yield from _pairs("body, part", _fields(sent), _fields(recorded))
        except multipart.Malformed as error:
            yield f"body: {error}"
    elif sent_is_json and recorded_is_json:
        yield from _values(one, other)
    elif sent.body != recorded.body:
        yield f"body: {_bytes(sent.body)} sent, {_bytes(recorded.body)} recorded"


def _fields(request: Request) -> Pairs:
    return sorted((part.name, _content(part)) for part in multipart.parts_of(request))


def _content(part: multipart.Part) -> str:
    if part.filename is None:
        return part.content.decode("utf-8", "backslashreplace")
    return f"file {part.filename!r}, {part.media_type or 'no type'}, {_bytes(part.content)}"


def _bytes(content: bytes) -> str:
    return f"{len(content):,} bytes with sha256 {sha256(content).hexdigest()[:16]}…"


def _pairs(place: str, sent: Pairs, recorded: Pairs) -> Iterator[str]:
    """Yield differences between two lists of names and values, in which a name may occur more than once."""
    for name in dict.fromkeys(name for name, _ in (*recorded, *sent)):
        one, other = ([v for given, v in pairs if given == name] for pairs in (sent, recorded))
        yield from _named(f"{place} {name}", _only(one), _only(other))


def _only(values: list[Any]) -> Any:
    return tree.ABSENT if not values else values[0] if len(values) == 1 else values


def _values(sent: Any, recorded: Any) -> Iterator[str]:
    """Yield differences between two JSON values, at the deepest place that names them."""
    for path, there, here in tree.differences(recorded, sent):
        if here != there or bool in (type(here), type(there)):  # 1 is 1.0, and is not true
            steps = (f"[{step}]" if isinstance(step, int) else f", field {step}" for step in path)
            yield _told("body" + "".join(steps), here, there)


def _named(place: str, sent: Any, recorded: Any) -> Iterator[str]:
    if sent != recorded:
        yield _told(place, sent, recorded)


def _told(place: str, sent: Any, recorded: Any) -> str:
    return f"{place}: {_shown(sent)} sent, {_shown(recorded)} recorded"


def _shown(value: Any) -> str:
    if value is tree.ABSENT:
        return "nothing"
    if isinstance(value, str) and value.startswith("data:"):
        return f"a data URI of {_bytes(value.encode())}"
    return shorten(value, _LONGEST)
