"""Step 3: read YAML 1.2 into plain data that remembers where each entry was written.

Keys are text, duplicate keys are errors, and `3:2`, `no` and `2025-01-01` stay the text they are.
The data is built from the flat stream of events, so neither depth nor aliases can exhaust anything:
what an alias would copy is counted before it is copied.
"""

import copy
from collections.abc import Mapping
from typing import Any

from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from pipeline.page import Excerpt
from pipeline.report import Change, PipelineError, Place, shorten, stop
from pipeline.stream import MarkedYAMLError, ReaderError, YAMLError, events, line_of, resolve
from pipeline.tree import YamlMapping, YamlSequence, same
from pipeline.walk import Path, shown

STEP = "parse"
_TEXT = "tag:yaml.org,2002:str"
_FIX = "correct the file, or fetch the page again; a defect of the exporter belongs in repair.py"
_DEEPEST = 100
# Characters and values that all aliases of a document may add to it.
_MOST_COPIED = 100_000

# The value that holds for a key given twice, by the key's path in its document.
Choices = Mapping[Path, object]


def parse(excerpt: Excerpt, choices: Choices | None = None) -> tuple[YamlMapping, list[Change]]:
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
    reader = _Reader(excerpt, choices or {})
    try:
        for event in events(excerpt.text):
            reader.take(event)
    except YAMLError as error:
        raise stop(*_diagnose(error, excerpt)) from error
    if reader.conflicts:
        raise PipelineError(*(p for conflict in reader.conflicts for p in conflict.problems))
    if not isinstance(reader.root, YamlMapping):
        place = Place(excerpt.file, excerpt.first_line)
        raise stop(place, "the document is not a mapping of keys to values", _FIX)
    return reader.root, reader.changes


def _diagnose(error: YAMLError, excerpt: Excerpt) -> tuple[Place, str, str]:
    """Turn a parser's complaint into place, reason and next step."""
    line, reason = 0, str(error)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        reason = error.problem or error.context or reason
    elif isinstance(error, ReaderError):
        # The parser counts its own bytes here; the text tells the first such character better.
        reason = f"character {error.character:#x} is not allowed in YAML"
        line = excerpt.text.count("\n", 0, max(excerpt.text.find(chr(error.character)), 0))
    lines = excerpt.text.split("\n")
    shown_line = lines[min(line, len(lines) - 1)].strip()
    return (
        Place(excerpt.file, excerpt.first_line + line),
        f"not YAML: {reason}, at {shorten(shown_line)}",
        _FIX,
    )


class _Frame:
    """A mapping or sequence that is being read.

    Args:
        node: What has been read of it.
        path: Where it stands in the document.
        place: Where it is written, with its key if it has one.
        anchor: The name that aliases may call it by.
    """

    def __init__(
        self, node: YamlMapping | YamlSequence, path: Path, place: Place, anchor: str | None
    ) -> None:
        self.node = node
        self.path = path
        self.place = place
        self.anchor = anchor
        self.weight = 1
        self.key: str | None = None
        self.key_place = node.place
        self.merges = False
        self.merged: set[str] = set()


class _Reader:
    """Turns the parser's events into data."""

    def __init__(self, excerpt: Excerpt, choices: Choices) -> None:
        self.excerpt = excerpt
        self.choices = choices
        self.changes: list[Change] = []
        self.conflicts: list[PipelineError] = []
        self.root: object = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.copied = 0
        self.lines: list[str] = []

    def take(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, ScalarEvent):
            self.scalar(event)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self.open(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            frame = self.stack.pop()
            self.add(frame.node, frame.weight, frame.place, frame.anchor)
        elif isinstance(event, AliasEvent):
            self.alias(event)

    def place(self, event: Event) -> Place:
        return Place(self.excerpt.file, self.excerpt.first_line + line_of(event))

    def open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        place = self.place(event)
        if event.tag is not None:
            raise stop(place, f"the YAML tag {event.tag} is not supported", _FIX)
        if len(self.stack) >= _DEEPEST:
            told = f"not YAML that describes an API: nested deeper than {_DEEPEST} levels"
            raise stop(place, told, _FIX)
        if self.expects_key():
            raise stop(place, "a key that is not plain text", _FIX)
        node = (YamlMapping if isinstance(event, MappingStartEvent) else YamlSequence)(place)
        self.stack.append(_Frame(node, self.path(), self.entry_place(place), event.anchor))

    def expects_key(self) -> bool:
        """Say whether the next value is the key of an entry."""
        top = self.stack[-1] if self.stack else None
        return top is not None and isinstance(top.node, YamlMapping) and top.key is None

    def path(self) -> Path:
        """Tell where the next value stands."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        step = top.key if isinstance(top.node, YamlMapping) else len(top.node)
        return (*top.path, "" if step is None else step)

    def entry_place(self, place: Place) -> Place:
        """Tell where the next value's entry is written: at its key if it has one."""
        top = self.stack[-1] if self.stack else None
        return top.key_place if top and isinstance(top.node, YamlMapping) else place

    def scalar(self, event: ScalarEvent) -> None:
        place = self.place(event)
        if event.tag not in (None, _TEXT, "!"):
            raise stop(place, f"the YAML tag {event.tag} is not supported", _FIX)
        if self.expects_key():
            top = self.stack[-1]
            top.key, top.key_place = event.value, place
            top.merges = event.value == "<<" and not event.style
            top.weight += len(event.value) + 1
            return
        plain = not event.style and event.tag is None
        value = resolve(event.value) if plain else event.value
        self.add(value, len(event.value) + 1, self.entry_place(place), event.anchor)

    def alias(self, event: AliasEvent) -> None:
        place = self.place(event)
        if self.expects_key():
            raise stop(place, "a key that is not plain text", _FIX)
        if any(frame.anchor == event.anchor for frame in self.stack):
            told = f"the alias *{event.anchor} stands inside what it stands for"
            raise stop(place, told, "write the value out")
        if event.anchor not in self.anchors:
            told = f"the alias *{event.anchor} leads nowhere"
            raise stop(place, told, "write the value out, or quote the text")
        value, weight = self.anchors[event.anchor]
        self.copied += weight
        if self.copied > _MOST_COPIED:
            told = f"the aliases expand to more than {_MOST_COPIED:,} characters"
            raise stop(place, told, "write the values out; no API needs so many")
        self.add(copy.deepcopy(value), weight, self.entry_place(place), None)

    def add(self, value: Any, weight: int, place: Place, anchor: str | None) -> None:
        """Put a value that is complete where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = (value, weight)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.weight += weight
        if isinstance(top.node, YamlSequence):
            top.node.add(value, place)
            return
        key, top.key = top.key or "", None
        if top.merges:
            self.merge(top, value, place)
        elif key not in top.node or key in top.merged:
            top.merged.discard(key)
            top.node.put(key, value, place)
        else:
            self.double(top, key, value, place)

    def merge(self, top: _Frame, value: Any, place: Place) -> None:
        """Put the entries of other mappings into one; its own entries hold."""
        node: Any = top.node
        others = value if isinstance(value, YamlSequence) else [value]
        for other in others:
            if not isinstance(other, YamlMapping):
                raise stop(place, f"<< merges {shorten(other, 40)}, not a mapping", _FIX)
            for key, inner in other.items():
                if key not in node:
                    node.put(key, copy.deepcopy(inner), place)
                    top.merged.add(key)
        told = "<< is no part of YAML 1.2; its entries are put in place of it"
        self.changes.append(Change(place, STEP, told, self.line(place)))

    def double(self, top: _Frame, key: str, value: Any, place: Place) -> None:
        """Settle a key that is given again."""
        node: Any = top.node
        # Positions are text here, as in a pointer.
        first, path = node.places[key], tuple(map(str, (*top.path, key)))
        if same(node[key], value):
            told = f"key {key!r} given again with the same value; kept once"
            also = f"(as in line {first.line})"
            self.changes.append(Change(place, STEP, told, self.line(place), also=also))
            return
        both = (
            f"in line {first.line}: {shorten(node[key], 60)} "
            f"and in line {place.line}: {shorten(value, 60)}"
        )
        if path in self.choices:
            chosen = self.choices[path]
            if same(chosen, value):
                node.put(key, value, place)
            if same(chosen, node[key]):
                told = f"key {key!r} is given twice; the overlay says which one holds"
                after = f"{key}: {shorten(chosen, 60)}"
                also = f"({both})"
                self.changes.append(Change(place, STEP, told, self.line(place), after, also))
                return
        told = f"key {key!r} is given twice with different values, {both} (at {shown(path)})"
        fix = "name the one that holds under x-duplicates in openapi/overlay.yaml"
        self.conflicts.append(stop(place, told, fix))

    def line(self, place: Place) -> str:
        """Return a line of the text."""
        self.lines = self.lines or self.excerpt.text.split("\n")
        return self.lines[place.line - self.excerpt.first_line]
