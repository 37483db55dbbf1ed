"""Note what no promise forbids, for the document promises little of answers on purpose."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pipeline.walk import Path, shown

from .document import Document
from .findings import some
from .values import dotted, kind, short

REQUEST = "request"
_SHOWN = 3
_BRANCHES = ("allOf", "anyOf", "oneOf")
# A state is documented in words of its schema's description: a closed list would break every client.
_STATES = re.compile(r"status|state", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]+")


class Spoken(NamedTuple):
    """A body that was understood.

    Attributes:
        where: The interaction.
        side: `request`, or `answer` with its status.
        schema: Where its schema is in the document.
        value: What it says.
    """

    where: str
    side: str
    schema: Path
    value: Any


class Met(NamedTuple):
    """A field of a value.

    Attributes:
        steps: The way to it in the value.
        schema: Where its schema is in the document; None if no schema knows the field.
        holder: Where the schema of the object is that it stands in.
        welcome: Whether that schema says in so many words that further fields may stand there.
        value: What it holds.
    """

    steps: Path
    schema: Path | None
    holder: Path
    welcome: bool
    value: Any


def observe(document: Document, spoken: Iterable[Spoken]) -> Iterator[str]:
    """Compare what was said with what is documented.

    Args:
        document: The document.
        spoken: All bodies that were understood.

    Yields:
        A note for each field of an answer that is not documented, each state that is not, each
        untyped field whose kind varies, and the documented fields that were never seen.
    """
    odd: dict[str, list[str]] = defaultdict(list)
    kinds: dict[Path, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    seen: dict[Path, set[str]] = defaultdict(set)
    for said in spoken:
        seen[said.schema] |= set(said.value) if isinstance(said.value, dict) else set()
        for met in fields_of(document, said.schema, said.value):
            if told := _odd(document, met, is_sent=said.side == REQUEST):
                odd[told].append(f"{said.where}, {said.side}")
            if said.side != REQUEST and met.schema is not None and met.value is not None:
                kinds[document.resolve(met.schema)][kind(met.value)].append(said.where)
    for told, places in odd.items():
        yield f"{told}: {some(places, _SHOWN)}"
    for at, found in kinds.items():
        if len(found) > 1 and _is_untyped(document.at(at)):
            ways = "; ".join(f"{word} in {some(places, _SHOWN)}" for word, places in found.items())
            yield f"#{shown(at)} has no type, and came as {ways}"
    for schema, names in seen.items():
        if missing := [name for name in _properties(document, schema) if name not in names]:
            yield f"#{shown(schema)}: never recorded: {', '.join(missing)}"


def _odd(document: Document, met: Met, *, is_sent: bool) -> str:
    """Say what is not documented of a field; empty if nothing is, or if it is a deviation and told as one."""
    name = dotted(step for step in met.steps if isinstance(step, str))
    if met.schema is None:
        told = f"#{shown(met.holder)} does not know the field {name} ({kind(met.value)})"
        return "" if is_sent and not met.welcome else told
    if isinstance(met.value, str) and _is_new_state(name, met.value, document.at(met.schema)):
        at = shown(document.resolve(met.schema))
        return f"#{at}/description does not name the state {short(met.value)}"
    return ""


def fields_of(document: Document, schema: Path, value: Any, steps: Path = ()) -> Iterator[Met]:
    """Walk through a value along its schema; what the schema leaves open is not walked into.

    Args:
        document: The document.
        schema: Where the schema is.
        value: What is held against it.
        steps: The way to the value.

    Yields:
        Every field, known or not.
    """
    holders = _holders(document, schema)
    if isinstance(value, list):
        lists = [holder for holder in holders if "items" in document.at(holder)]
        for index, item in enumerate(value if lists else ()):
            yield from fields_of(document, (*lists[0], "items"), item, (*steps, index))
    elif isinstance(value, dict):
        known = _properties(document, schema)
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


def _properties(document: Document, schema: Path) -> dict[str, Path]:
    """Return where the properties of a schema are, those of its alternatives included."""
    return {
        name: (*holder, "properties", name)
        for holder in _holders(document, schema)
        for name in document.at(holder).get("properties") or {}
    }


def _holders(document: Document, schema: Path) -> list[Path]:
    """List a schema and its alternatives, as far as they are mappings."""
    found: list[Path] = []
    waiting = [schema]
    for each in waiting:
        at, node = document.resolve(each), document.at(each)
        if at not in found and isinstance(node, dict):
            found.append(at)
            for branch in _BRANCHES:
                waiting += [(*at, branch, n) for n in range(len(node.get(branch) or []))]
    return found


def _is_new_state(name: str, word: str, node: object) -> bool:
    """Return whether a word is a state that the description of its schema does not name."""
    if not isinstance(node, dict) or not _STATES.fullmatch(name.rpartition(".")[2]):
        return False
    described = set(_WORD.findall(str(node.get("description", "")).lower()))
    return "enum" not in node and bool(described) and word.strip().lower() not in described


def _is_untyped(node: object) -> bool:
    return isinstance(node, dict) and not {"type", "enum", *_BRANCHES} & node.keys()
