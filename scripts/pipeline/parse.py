"""Step 3: read YAML 1.2 into plain data that remembers where each entry was written.

Keys are text, duplicate keys are errors, and `3:2`, `no` and `2025-01-01` stay the text they are.
The data is built from the flat stream of events, and depth and what aliases copy are counted before
they can exhaust anything.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.reader import ReaderError

from pipeline.page import Excerpt
from pipeline.report import Change, Place, Problem, refuse, shorten, stop
from pipeline.scalar import events, resolve
from pipeline.tree import YamlMapping, YamlSequence, same
from pipeline.walk import Path, shown

STEP = "parse"
_TEXT = "tag:yaml.org,2002:str"
_FIX = "correct the file, or fetch the page again; a defect of the exporter belongs in repair.py"
_DEEPEST = 100
# Characters and values that all aliases of a document may add to it.
_MOST_COPIED = 100_000


@dataclass
class Choice:
    """Which value holds for a key that a page gives twice: an entry of the overlay's list.

    Args:
        place: Where the entry is written.
        page: The file name of the page.
        path: Where the key stands in the page's document.
        holds: The value that holds.
        needed: Whether the page was seen to give the key twice.
    """

    place: Place
    page: str
    path: Path
    holds: Any
    needed: bool = False


def parse(excerpt: Excerpt, choices: Iterable[Choice] = ()) -> tuple[YamlMapping, list[Change]]:
    """Read one YAML document whose top is a mapping.

    Args:
        excerpt: The text and where it stands.
        choices: Which value holds for keys that the text gives twice.

    Returns:
        The data; and the keys that were given twice, or merged by ``<<``.

    Raises:
        PipelineError: The text is not YAML, gives a key two values of which none was chosen, has
            tags, or has aliases that lead nowhere, into themselves, or to gigabytes.
    """
    reader, root = _Reader(excerpt, choices), None
    try:
        for event in reader.events:
            if isinstance(event, yaml.NodeEvent):
                root = reader.value(event, ())
    except yaml.YAMLError as error:
        raise stop(*_diagnose(error, excerpt)) from error
    refuse(reader.conflicts)
    if not isinstance(root, YamlMapping):
        place = Place(excerpt.file, excerpt.first_line)
        raise stop(place, "the document is not a mapping of keys to values", _FIX)
    return root, reader.changes


def _diagnose(error: yaml.YAMLError, excerpt: Excerpt) -> tuple[Place, str, str]:
    """Turn a parser's complaint into place, reason and next step."""
    line, reason = 0, str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        reason = error.problem or error.context or reason
    elif isinstance(error, ReaderError):
        # The parser counts its own bytes here; the text tells the first such character better.
        reason = f"character {error.character:#x} is not allowed in YAML"
        line = excerpt.text.count("\n", 0, max(excerpt.text.find(chr(error.character)), 0))
    lines = excerpt.text.split("\n")
    told = f"not YAML: {reason}, at {shorten(lines[min(line, len(lines) - 1)].strip())}"
    return Place(excerpt.file, excerpt.first_line + line), told, _FIX


class _Reader:
    """Turns the parser's events into data."""

    def __init__(self, excerpt: Excerpt, choices: Iterable[Choice]) -> None:
        self.excerpt = excerpt
        self.choices = {item.path: item for item in choices}
        self.events = events(excerpt.text)
        self.lines = excerpt.text.split("\n")
        self.changes: list[Change] = []
        self.conflicts: list[Problem] = []
        self.anchors: dict[str, Any] = {}
        # The anchors of the collections that are being read.
        self.open: list[str | None] = []
        self.copied = 0

    def place(self, event: yaml.Event) -> Place:
        line = event.start_mark.line if event.start_mark else 0
        return Place(self.excerpt.file, self.excerpt.first_line + line)

    def value(self, event: Any, path: Path) -> Any:
        """Read the value that starts with an event and stands at a path."""
        value: Any
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        self.refuse_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style and event.tag is None
            value = resolve(event.value) if plain else event.value
        else:
            value = self.collection(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def refuse_tag(self, event: Any) -> None:
        """Refuse the tag of an event, unless it says of a scalar that it is text."""
        text = (_TEXT, "!") if isinstance(event, yaml.ScalarEvent) else ()
        if event.tag not in (None, *text):
            told = f"the YAML tag {event.tag} is not supported"
            raise stop(self.place(event), told, _FIX)

    def collection(self, event: Any, path: Path) -> YamlMapping | YamlSequence:
        place = self.place(event)
        if len(path) >= _DEEPEST:
            told = f"not YAML that describes an API: nested deeper than {_DEEPEST} levels"
            raise stop(place, told, _FIX)
        self.open.append(event.anchor)
        if isinstance(event, yaml.MappingStartEvent):
            node: YamlMapping | YamlSequence = self.mapping(YamlMapping(place), path)
        else:
            node = YamlSequence(place)
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                node.add(self.value(event, (*path, len(node))), self.place(event))
        self.open.pop()
        return node

    def mapping(self, node: YamlMapping, path: Path) -> YamlMapping:
        merged: set[str] = set()
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place, key = self.place(event), self.key(event)
            value = self.value(next(self.events), (*path, key))
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
                merged |= self.merge(node, value, place)
            elif key not in node or key in merged:
                merged.discard(key)
                node.put(key, value, place)
            else:
                self.double(node, key, value, (*path, key), place)
        return node

    def key(self, event: Any) -> str:
        if not isinstance(event, yaml.AliasEvent):
            self.refuse_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        raise stop(self.place(event), "a key that is not plain text", _FIX)

    def alias(self, event: yaml.AliasEvent) -> Any:
        place, name = self.place(event), event.anchor
        if name in self.open:
            told = f"the alias *{name} stands inside what it stands for"
            raise stop(place, told, "write the value out")
        if name not in self.anchors:
            told = f"the alias *{name} leads nowhere"
            raise stop(place, told, "write the value out, or quote the text")
        self.copied += _weight(self.anchors[name])
        if self.copied > _MOST_COPIED:
            told = f"the aliases expand to more than {_MOST_COPIED:,} characters"
            raise stop(place, told, "write the values out; no API needs so many")
        return copy.deepcopy(self.anchors[name])

    def merge(self, node: YamlMapping, value: Any, place: Place) -> set[str]:
        """Put the entries of other mappings into one, whose own entries hold; return their keys."""
        merged = set()
        for other in value if isinstance(value, YamlSequence) else [value]:
            if not isinstance(other, YamlMapping):
                raise stop(place, f"<< merges {shorten(other, 40)}, not a mapping", _FIX)
            for key, inner in other.items():
                if key not in node:
                    node.put(key, copy.deepcopy(inner), place)
                    merged.add(key)
        self.change(place, "<< is no part of YAML 1.2; its entries are put in place of it")
        return merged

    def double(self, node: YamlMapping, key: str, value: Any, path: Path, place: Place) -> None:
        """Settle a key that is given again."""
        # Positions are text here, as in a pointer.
        first, path = node.places[key], tuple(map(str, path))
        if same(node[key], value):
            told = f"key {key!r} given again with the same value; kept once"
            self.change(place, told, also=f"(as in line {first.line})")
            return
        both = (
            f"in line {first.line}: {shorten(node[key], 60)} "
            f"and in line {place.line}: {shorten(value, 60)}"
        )
        if path in self.choices:
            self.choices[path].needed = True
            chosen = self.choices[path].holds
            if same(chosen, value):
                node.put(key, value, place)
            if same(chosen, node[key]):
                told = f"key {key!r} is given twice; the overlay says which one holds"
                self.change(place, told, f"{key}: {shorten(chosen, 60)}", f"({both})")
                return
        told = f"key {key!r} is given twice with different values, {both} (at {shown(path)})"
        fix = "name the one that holds under x-duplicates in openapi/overlay.yaml"
        self.conflicts.append(Problem(place, told, fix))

    def change(self, place: Place, told: str, after: str = "", also: str = "") -> None:
        line = self.lines[place.line - self.excerpt.first_line]
        self.changes.append(Change(place, STEP, told, line, after, also))


def _weight(value: Any) -> int:
    """Count the characters and values that a copy of a value adds."""
    if isinstance(value, YamlMapping):
        return 1 + sum(len(key) + 1 + _weight(inner) for key, inner in value.items())
    if isinstance(value, YamlSequence):
        return 1 + sum(map(_weight, value))
    return len(str(value)) + 1
