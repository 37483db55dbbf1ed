"""Look through a cassette for what must not be in it: scrubbing it again changes nothing, and no text is suspicious."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any, NamedTuple
from urllib.parse import unquote

from pipeline.report import PipelineError

from . import media
from .cassette import Cassette, parse
from .interactions import json_in
from .multipart import Malformed
from .scrub import Scrubber, Unclean
from .secrecy import Detector

_SHOWN = 4  # characters of a finding that are told


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
        What must not be in it; empty if it is clean.
    """
    try:
        cassette = parse(text, name)
    except PipelineError as error:
        return [Finding(name, error.problems[0].reason)]
    found = [*_suspicious(cassette, name, known), *_unscrubbed(cassette, name, known)]
    if cassette.text() != text:  # comments and what no field holds would go unseen
        found.append(Finding(name, "it is not written as scripts/record writes it"))
    return found


def _suspicious(cassette: Cassette, name: str, known: Collection[str]) -> Iterator[Finding]:
    """Find what looks like a secret, in every text, whatever scrubbing makes of it."""
    detector = Detector(known)
    turns = {f"interaction {n}": asdict(each) for n, each in enumerate(cassette.interactions, 1)}
    for place, text in _texts(name, {"recorded": cassette.head, **turns}):
        for spelled in dict.fromkeys((text, unquote(text))):
            for each in detector.suspicions(spelled):
                yield Finding(place, each.kind, spelled[each.start :][:_SHOWN])


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """List the texts of a value with their places; the picture and the video that everybody knows are left out."""
    if isinstance(value, bytes):
        is_json, told = json_in(value)
        unknown = value.replace(media.PICTURE, b"").replace(media.VIDEO, b"")
        value = told if is_json else unknown.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"{place}, a name", str(name)
            yield from _texts(f"{place}, {str(name)[:20]}", inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(place, inner)
    elif isinstance(value, str) and value != media.PICTURE_URI:
        yield place, value


def _unscrubbed(cassette: Cassette, name: str, known: Collection[str]) -> Iterator[Finding]:
    """Find what scrubbing replaces or refuses."""
    base_url = str(cassette.head.get("base_url", ""))
    try:
        scrubbed = Scrubber(base_url, base_url, known).scrub(cassette.interactions)
    except (Unclean, Malformed) as error:
        yield Finding(name, str(error))
        return
    for turn, pair in enumerate(zip(cassette.interactions, scrubbed, strict=True), 1):
        for side in ("request", "answer"):
            kept, again = (getattr(each, side) for each in pair)
            for each in fields(kept):
                if getattr(kept, each.name) != getattr(again, each.name):
                    place = f"{name}, interaction {turn}, {side}, {each.name}"
                    yield Finding(place, "it is not scrubbed")
