"""Notes what no promise forbids, for the document promises little of answers on purpose."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pipeline.walk import Path, shown

from .document import Document
from .fields import fields_of, properties_of
from .judge import REQUEST, Spoken
from .values import dotted, kind, short

_SHOWN = 3
# A state is documented in words of its schema's description: a closed list would break every client.
_STATES = re.compile(r"status|state", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]+")


def observe(document: Document, spoken: Iterable[Spoken]) -> Iterator[str]:
    """Compare what was said with what is documented.

    Args:
        document: The document.
        spoken: All bodies that were understood.

    Yields:
        A note for each field of an answer that is not documented, each state that is not, each
        untyped field whose kind varies, and the documented fields that were never seen.
    """
    unknown: dict[str, list[str]] = defaultdict(list)
    states: dict[str, list[str]] = defaultdict(list)
    kinds: dict[Path, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    seen: dict[Path, set[str]] = defaultdict(set)
    for said in spoken:
        seen[said.schema] |= set(said.value) if isinstance(said.value, dict) else set()
        for met in fields_of(document, said.schema, said.value):
            name = dotted(step for step in met.steps if isinstance(step, str))
            if met.schema is None and said.side == REQUEST and not met.welcome:
                continue  # that is a deviation, and told as one
            if met.schema is None:
                told = f"{_short(met.holder)} does not know the field {name}"
                unknown[f"{told} ({kind(met.value)})"].append(f"{said.where}, {said.side}")
                continue
            node = document.at(met.schema)
            if isinstance(met.value, str) and _undocumented(name, met.value, node):
                described = f"{_short(document.resolve(met.schema))}/description"
                told = f"{described} does not name the state {short(met.value)}"
                states[told].append(f"{said.where}, {said.side}")
            if said.side != REQUEST and met.value is not None and _untyped(node):
                kinds[document.resolve(met.schema)][kind(met.value)].append(said.where)
    for told, places in (*unknown.items(), *states.items()):
        yield f"{told}: {_places(places)}"
    for at, found in kinds.items():
        if len(found) > 1:
            ways = "; ".join(f"{word} in {_places(places)}" for word, places in found.items())
            yield f"{_short(at)} has no type, and came as {ways}"
    yield from _never(document, seen)


def _never(document: Document, seen: dict[Path, set[str]]) -> Iterator[str]:
    for schema, names in seen.items():
        missing = [name for name in properties_of(document, schema) if name not in names]
        if missing:
            yield f"{_short(schema)}: never recorded: {', '.join(missing)}"


def _undocumented(name: str, word: str, node: object) -> bool:
    """Say whether a word is a state that the description of its schema does not name."""
    if not isinstance(node, dict) or not _STATES.fullmatch(name.rpartition(".")[2]):
        return False
    described = set(_WORD.findall(str(node.get("description", "")).lower()))
    return "enum" not in node and bool(described) and word.strip().lower() not in described


def _untyped(node: object) -> bool:
    return isinstance(node, dict) and not {"type", "anyOf", "oneOf", "allOf", "enum"} & node.keys()


def _short(path: Path) -> str:
    return f"#{shown(path)}"


def _places(places: list[str]) -> str:
    more = len(places) - _SHOWN
    return ", ".join(places[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
