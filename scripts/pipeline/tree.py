"""Plain data that remembers where each entry was written; and how two such values differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.report import Place

ABSENT = object()


class YamlMapping(dict[str, Any]):
    """A mapping that knows the place of each of its keys.

    Args:
        place: Where the mapping starts.
        entries: Its entries: the key, its value, and where the two are written.
    """

    def __init__(self, place: Place, entries: Iterable[tuple[str, Any, Place]] = ()) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}
        for entry in entries:
            self.put(*entry)

    def put(self, key: str, value: object, place: Place) -> None:
        """Set an entry together with its place.

        Args:
            key: The key.
            value: Its value.
            place: Where the two are written.
        """
        self[key] = value
        self.places[key] = place

    def mapping(self, key: str, place: Place) -> "YamlMapping":
        """Return the mapping under a key, made if there is none.

        Args:
            key: The key.
            place: Where an entry that is made is written.

        Returns:
            The mapping.
        """
        if key not in self:
            self.put(key, YamlMapping(place), place)
        found: YamlMapping = self[key]
        return found

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

    def entries(self) -> Iterator[tuple[str, Any, Place]]:
        """List the entries: the key, its value, and where the two are written."""
        return ((key, value, self.place_of(key)) for key, value in self.items())


class YamlSequence(list[Any]):
    """A sequence that knows the place of each of its items.

    Args:
        place: Where the sequence starts.
        items: Its items, each with where it is written.
    """

    def __init__(self, place: Place, items: Iterable[tuple[Any, Place]] = ()) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []
        for item in items:
            self.add(*item)

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

    def entries(self) -> Iterator[tuple[int, Any, Place]]:
        """List the items: the position, the item, and where it is written."""
        return ((at, item, self.places[at]) for at, item in enumerate(self))


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


def same(one: object, other: object) -> bool:
    """Say whether two values are the same, as JSON has it: 1 is not true.

    Args:
        one: A value.
        other: Another.

    Returns:
        Whether they are the same, in their parts as well; the order of keys does not count.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def differences(
    one: Any, other: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """List where two values differ.

    Args:
        one: A value.
        other: Another.
        path: Where the two stand.

    Yields:
        The path, and what each has there; `ABSENT` if it has nothing.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key, ABSENT), other.get(key, ABSENT), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, (*path, at))
    elif not same(one, other):
        yield path, one, other


def plain(value: Any) -> Any:
    """Copy data into built-in types.

    Args:
        value: Any value of a document.

    Returns:
        The same as dicts, lists and scalars, without places.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value
