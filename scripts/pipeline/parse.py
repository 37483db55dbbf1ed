"""Step 3: read YAML 1.2 into plain data that remembers where each entry was written.

Keys are text, duplicate keys are errors, and `3:2`, `no` and `2025-01-01` stay the text they are.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from pipeline.page import Excerpt
from pipeline.report import Change, Place, shorten, stop

STEP = "parse"
_TAG = "tag:yaml.org,2002:"
# Dates stay text: JSON, which OpenAPI documents are written in at heart, has no dates.
_TEXT_TAGS = {_TAG + name for name in ("str", "timestamp", "value", "merge")}
_SCALAR_TAGS = {_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"}
_FIX = "correct the file, or fetch the page again; a defect of the exporter belongs in repair.py"


_TOO_DEEP = "not YAML that describes an API: nested too deeply"


class YamlMapping(dict[str, Any]):
    """A mapping that knows the place of each of its keys.

    Args:
        place: Where the mapping starts.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: object, place: Place) -> None:
        """Set an entry together with its place.

        Args:
            key: The key.
            value: Its value.
            place: Where the two are written.
        """
        self[key] = value
        self.places[key] = place

    def drop(self, key: str) -> Place:
        """Remove an entry.

        Args:
            key: The key; it must be there.

        Returns:
            Where the entry was written.
        """
        del self[key]
        return self.places.pop(key, self.place)

    def place_of(self, key: str) -> Place:
        """Tell where an entry is written.

        Args:
            key: The key.

        Returns:
            Its place, or that of the mapping if the key is not there.
        """
        return self.places.get(key, self.place)


class YamlSequence(list[Any]):
    """A sequence that knows the place of each of its items.

    Args:
        place: Where the sequence starts.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def add(self, value: object, place: Place) -> None:
        """Append an item together with its place.

        Args:
            value: The item.
            place: Where it is written.
        """
        self.append(value)
        self.places.append(place)

    def drop(self, index: int) -> Place:
        """Remove an item.

        Args:
            index: Its position; it must be there.

        Returns:
            Where the item was written.
        """
        del self[index]
        return self.places.pop(index)


def place_at(tree: YamlMapping, path: tuple[str | int, ...]) -> Place:
    """Tell where a value of a document is written.

    Args:
        tree: The document.
        path: The keys and positions that lead to the value.

    Returns:
        The place of the value, or of the nearest entry around it.
    """
    node: Any = tree
    place = tree.place
    for step in path:
        if isinstance(node, YamlMapping) and isinstance(step, str) and step in node:
            place, node = node.place_of(step), node[step]
        elif isinstance(node, YamlSequence) and isinstance(step, int) and step < len(node):
            place, node = node.places[step], node[step]
        else:
            break
    return place


def parse(excerpt: Excerpt) -> tuple[YamlMapping, list[Change]]:
    """Read one YAML document whose top is a mapping.

    Args:
        excerpt: The text and where it stands.

    Returns:
        The data; and the keys that were given twice with the same value.

    Raises:
        PipelineError: The text is not YAML, gives a key two values, or uses aliases or tags.
    """
    try:
        root = YAML(typ="safe", pure=True).compose(excerpt.text)
    except YAMLError as error:
        raise stop(*_diagnose(error, excerpt)) from error
    except RecursionError as error:
        raise stop(Place(excerpt.file, excerpt.first_line), _TOO_DEEP, _FIX) from error
    if not isinstance(root, MappingNode):
        place = Place(excerpt.file, excerpt.first_line)
        raise stop(place, "the document is not a mapping of keys to values", _FIX)
    reader = _Reader(excerpt)
    try:
        return reader.mapping(root), reader.changes
    except RecursionError as error:
        raise stop(Place(excerpt.file, excerpt.first_line), _TOO_DEEP, _FIX) from error


def _diagnose(error: YAMLError, excerpt: Excerpt) -> tuple[Place, str, str]:
    """Turn a parser's complaint into place, reason and next step."""
    line, reason = 0, str(error)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        reason = error.problem or error.context or reason
    elif isinstance(error, ReaderError):
        line = excerpt.text.count("\n", 0, error.position)
        reason = f"character {error.character!r} is not allowed in YAML"
    lines = excerpt.text.split("\n")
    shown = lines[min(line, len(lines) - 1)].strip()
    return (
        Place(excerpt.file, excerpt.first_line + line),
        f"not YAML: {reason}, at {shorten(shown)}",
        _FIX,
    )


class _Reader:
    """Turns the parser's nodes into data."""

    def __init__(self, excerpt: Excerpt) -> None:
        self.excerpt = excerpt
        self.changes: list[Change] = []
        self.seen: set[int] = set()
        self.constructor = SafeConstructor(loader=YAML(typ="safe", pure=True))

    def place(self, node: Node) -> Place:
        return Place(self.excerpt.file, self.excerpt.first_line + node.start_mark.line)

    def value(self, node: Node) -> Any:
        if id(node) in self.seen:
            told = "YAML aliases are not supported, and the value here has one"
            raise stop(self.place(node), told, "write the value out in both places")
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self.mapping(node)
        if isinstance(node, SequenceNode):
            return self.sequence(node)
        return self.scalar(node)

    def mapping(self, node: MappingNode) -> YamlMapping:
        result = YamlMapping(self.place(node))
        for key_node, value_node in node.value:
            key, place = self.key(key_node), self.place(key_node)
            value = self.value(value_node)
            if key not in result:
                result.put(key, value, place)
            elif type(result[key]) is type(value) and result[key] == value:
                reason = f"key {key!r} given again with the same value as in line {{}}; kept once"
                first = result.places[key].line
                self.changes.append(Change(place, STEP, reason.format(first), before=key))
            else:
                raise stop(
                    place,
                    f"key {key!r} is given twice with different values, first in line "
                    f"{result.places[key].line}: {shorten(result[key], 60)} "
                    f"and {shorten(value, 60)}",
                    "keep the right one of the two lines",
                )
        return result

    def sequence(self, node: SequenceNode) -> YamlSequence:
        result = YamlSequence(self.place(node))
        for item in node.value:
            result.add(self.value(item), self.place(item))
        return result

    def key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode) or node.tag == _TAG + "merge":
            raise stop(self.place(node), "a key that is not plain text", _FIX)
        return str(node.value)

    def scalar(self, node: Node) -> object:
        if node.tag in _TEXT_TAGS:
            return str(node.value)
        if node.tag in _SCALAR_TAGS:
            try:
                return self.constructor.construct_object(node)
            except ValueError as error:
                told = f"{shorten(node.value, 40)} is not a number"
                raise stop(self.place(node), told, _FIX) from error
        raise stop(self.place(node), f"the YAML tag {node.tag} is not supported", _FIX)
