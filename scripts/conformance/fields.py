"""Compares the fields of a value with those that its schema knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.walk import Path

from .document import Document

_BRANCHES = ("allOf", "anyOf", "oneOf")
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Met:
    """A field of a value.

    Args:
        steps: The way to it in the value.
        schema: Where its schema is in the document; None if no schema knows the field.
        holder: Where the schema of the object is that it stands in.
        welcome: Whether that schema says in so many words that further fields may stand there.
        value: What it holds.
    """

    steps: Steps
    schema: Path | None
    holder: Path
    welcome: bool
    value: Any


def fields_of(document: Document, schema: Path, value: Any, steps: Steps = ()) -> Iterator[Met]:
    """Walk through a value along its schema; what the schema leaves open is not walked into.

    Args:
        document: The document.
        schema: Where the schema is.
        value: What is held against it.
        steps: The way to the value.

    Yields:
        Every field, known or not.
    """
    holders = list(_holders(document, schema))
    if isinstance(value, list):
        lists = [holder for holder in holders if "items" in document.at(holder)]
        for index, item in enumerate(value if lists else ()):
            yield from fields_of(document, (*lists[0], "items"), item, (*steps, index))
    elif isinstance(value, dict):
        known = properties_of(document, schema)
        openness = [document.at(holder).get("additionalProperties") for holder in holders]
        # What a schema forbids is the validator's to tell; without any property it names none.
        silent = not known or any(rule is False for rule in openness)
        welcome = any(rule not in (None, False) for rule in openness)
        for name, held in value.items():
            at = known.get(name)
            if at is not None or not silent:
                yield Met((*steps, name), at, holders[0], welcome, held)
            if at is not None:
                yield from fields_of(document, at, held, (*steps, name))


def properties_of(document: Document, schema: Path) -> dict[str, Path]:
    """Return where the properties of a schema are, those of its alternatives included.

    Args:
        document: The document.
        schema: Where the schema is.
    """
    return {
        name: (*holder, "properties", name)
        for holder in _holders(document, schema)
        for name in document.at(holder).get("properties") or {}
    }


def _holders(document: Document, schema: Path) -> Iterator[Path]:
    """List a schema and its alternatives, as far as they are mappings."""
    seen: set[Path] = set()
    waiting = [schema]
    while waiting:
        at = document.resolve(waiting.pop(0))
        node = document.at(at)
        if at in seen or not isinstance(node, dict):
            continue
        seen.add(at)
        yield at
        for branch in _BRANCHES:
            waiting += [(*at, branch, number) for number in range(len(node.get(branch) or []))]
