"""Look through a cassette for what must not be in it: by the rules of secrecy, and at what no rule can see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from pipeline.report import PipelineError

from . import media, multipart
from .cassette import Cassette, parse
from .interactions import Request, json_in
from .scrub import ANSWER_HEADERS, REQUEST_HEADERS, number
from .secrecy import PRIVATE_NAME, STAND_IN, Detector

_SHOWN = 4  # characters of a finding that are told
_SCRUBBED: tuple[Any, ...] = ([STAND_IN], {STAND_IN: STAND_IN}, STAND_IN, "", None, 0, 1, [], {})


class Finding(NamedTuple):
    """Something that must not be in a cassette.

    Attributes:
        place: where it is.
        kind: what it looks like.
        shown: how it begins.
    """

    place: str
    kind: str
    shown: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}" + (f" ({self.shown}…)" if self.shown else "")


def scan(text: str, name: str, known: Collection[str] = ()) -> list[Finding]:
    """Look through a cassette's text.

    Args:
        text: the whole file.
        name: for the findings.
        known: secrets that must not be in it.

    Returns:
        What must not be in it, in order; empty if it is clean.
    """
    try:
        cassette = parse(text, name)
    except PipelineError as error:
        return [Finding(name, error.problems[0].reason)]
    found = list(_Search(Detector(known)).cassette(cassette, name))
    if cassette.text() != text:  # comments and what no field holds would go unseen
        found.append(Finding(name, "it is not written as scripts/record writes it"))
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    detector: Detector

    def cassette(self, cassette: Cassette, name: str) -> Iterator[Finding]:
        yield from self._value(f"{name}, recorded", "", dict(cassette.head) | {"at": ""})
        for turn, each in enumerate(cassette.interactions, 1):
            request, answer = each.request, each.answer
            place = f"{name}, interaction {turn}, request"
            yield from self._text(f"{place}, address", request.url)
            yield from self._text(f"{place}, method", request.method)
            yield from self._headers(place, request.headers, REQUEST_HEADERS)
            if multipart.is_form(request):
                yield from self._form(f"{place}, body", request)
            else:
                yield from self._body(f"{place}, body", request.body)
            place = f"{name}, interaction {turn}, answer"
            yield from self._text(f"{place}, reason", answer.reason)
            yield from self._headers(place, answer.headers, ANSWER_HEADERS)
            yield from self._body(f"{place}, body", answer.body)

    def _headers(
        self, place: str, headers: Mapping[str, Any], kept: Collection[str]
    ) -> Iterator[Finding]:
        for name, values in headers.items():
            if name not in kept:
                yield Finding(place, f"a header that is not kept: {name[:20]}")
            elif name == "authorization":
                if values != f"Bearer {STAND_IN}":
                    yield Finding(f"{place}, header {name}", "a key", values[:_SHOWN])
            else:
                for value in [values] if isinstance(values, str) else values:
                    yield from self._text(f"{place}, header {name}", value)

    def _form(self, place: str, request: Request) -> Iterator[Finding]:
        try:
            parts = multipart.parts_of(request)
        except multipart.Malformed as error:
            yield Finding(place, str(error))
            return
        if multipart.joined(parts) != request.body:
            yield Finding(place, "a form that is not written as scripts/record writes it")
        for part in parts:
            where = f"{place}, part {part.name[:20]}"
            yield from self._text(where, f"{part.name} {part.filename or ''} {part.media_type}")
            if part.filename is None:
                yield from self._value(where, part.name, part.content.decode("utf-8", "replace"))
            else:
                yield from _checked(where, media.check_picture, part.content)

    def _body(self, place: str, body: bytes) -> Iterator[Finding]:
        is_json, told = json_in(body)
        if is_json:
            yield from self._value(place, "", told)
        elif body != media.stand_in():
            try:
                yield from self._text(place, body.decode("utf-8"))
            except UnicodeDecodeError:
                kind = "a video that is not the stand-in" if media.is_video(body) else "bytes"
                yield Finding(place, kind)

    def _value(self, place: str, name: str, value: Any) -> Iterator[Finding]:
        if PRIVATE_NAME.match(name):
            if value not in _SCRUBBED:
                yield Finding(place, f"what {name[:20]} says")
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from self._text(f"{place}, a name", str(key))
                yield from self._value(f"{place}, {str(key)[:20]}", str(key), inner)
        elif isinstance(value, list):
            for turn, inner in enumerate(value):
                yield from self._value(f"{place}[{turn}]", name, inner)
        elif isinstance(value, str):
            yield from self._text(place, value)
        elif isinstance(value, (int, float)) and number(value) != value:
            yield Finding(place, "a time, or a number that may name an account")

    def _text(self, place: str, text: str) -> Iterator[Finding]:
        if media.DATA_URI.fullmatch(text):
            yield from _checked(place, media.check_data_uri, text)
            return
        for spelled in dict.fromkeys((text, unquote(text))):
            for each in self.detector.suspicions(spelled):
                yield Finding(place, each.kind, spelled[each.start :][:_SHOWN])


def _checked(place: str, check: Callable[[Any], None], content: Any) -> Iterator[Finding]:
    try:
        check(content)
    except media.Unclean as error:
        yield Finding(place, str(error))
