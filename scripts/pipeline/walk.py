"""Where the parts of an OpenAPI 3.0 document are, and whether they are built as OpenAPI says.

The check reaches only as deep as the steps do; the whole is validated at the end, when the vendor's
defects are mended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pipeline.report import Place, Problem, refuse, shorten
from pipeline.tree import YamlMapping, YamlSequence, place_at

METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace"))
Path = tuple[str | int, ...]
_NEXT = "correct the file, or fetch the page again"
# Under these keys stands what the service sends and takes, not what OpenAPI defines.
_OWN = {"example", "examples", "default", "enum", "value"}
_ONE, _MAP, _LIST = "one", "map", "list"
_COLLECTIONS = {_MAP: (YamlMapping, "a mapping"), _LIST: (YamlSequence, "a list")}
# The parts of each kind of object: how many stand under a key, and of which kind they are; None is anything.
_PARTS: dict[str, dict[str, tuple[str, str | None]]] = {
    "document": {
        "info": (_ONE, "mapping"),
        "servers": (_LIST, "mapping"),
        "tags": (_LIST, "mapping"),
        "paths": (_MAP, "path item"),
        "components": (_ONE, "components"),
    },
    "path item": {"parameters": (_LIST, "holder"), **dict.fromkeys(METHODS, (_ONE, "operation"))},
    "operation": {
        "parameters": (_LIST, "holder"),
        "requestBody": (_ONE, "body"),
        "responses": (_MAP, "body"),
    },
    "components": {
        "schemas": (_MAP, "schema"),
        "parameters": (_MAP, "holder"),
        "headers": (_MAP, "holder"),
        "requestBodies": (_MAP, "body"),
        "responses": (_MAP, "body"),
    },
    "body": {"content": (_MAP, "holder"), "headers": (_MAP, "holder")},
    "holder": {"schema": (_ONE, "schema"), "examples": (_ONE, "mapping")},
    "schema": {
        "properties": (_MAP, "schema"),
        **dict.fromkeys(("items", "not", "additionalProperties"), (_ONE, "schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), (_LIST, "schema")),
        "required": (_LIST, None),
    },
    "mapping": {},
}


def _parts(kind: str, key: str) -> tuple[str, str | None] | None:
    """Say what stands under a key of an object; None if that is not of interest."""
    return _PARTS[kind].get(key, (_MAP, "mapping") if kind == "components" else None)


def check_shape(document: YamlMapping) -> None:
    """Check that every part the steps reach into is the mapping or list that OpenAPI wants.

    Args:
        document: The document as parsed.

    Raises:
        PipelineError: A part is something else.
    """
    refuse(_misbuilt("document", (), document, document.place))


def _misbuilt(kind: str, path: Path, node: Any, place: Place) -> Iterator[Problem]:
    """Find what is not built as it should be in an object of a kind."""
    if not isinstance(node, YamlMapping):
        yield _wrong(path, node, "a mapping", place)
        return
    if kind == "document" and not isinstance(node.get("openapi"), str):
        yield Problem(node.place_of("openapi"), "`openapi` is not a version in text", _NEXT)
    if kind == "operation" and not isinstance(node.get("operationId", ""), str):
        yield Problem(node.place_of("operationId"), "`operationId` is not text", _NEXT)
    for key, value, at in node.entries():
        many, inner = _parts(kind, key) or (None, None)
        if many == _ONE and not _stands_for_none(kind, key, value):
            yield from _misbuilt(inner or "", (*path, key), value, at)
        elif many in _COLLECTIONS and not isinstance(value, _COLLECTIONS[many][0]):
            yield _wrong((*path, key), value, _COLLECTIONS[many][1], at)
        elif many in _COLLECTIONS and inner:
            for step, item, item_at in value.entries():
                yield from _misbuilt(inner, (*path, key, step), item, item_at)


def _stands_for_none(kind: str, key: str, value: Any) -> bool:
    """Say whether a value may stand in place of a mapping: `additionalProperties: true`, `examples: []`."""
    return isinstance(value, bool) if kind == "schema" else key == "examples" and value == []


def _wrong(path: Path, value: Any, wanted: str, place: Place) -> Problem:
    return Problem(place, f"{shown(path)} is {shorten(value, 40)}, not {wanted}", _NEXT)


def check_page(document: YamlMapping, *, alone: bool) -> None:
    """Check that a page describes operations, and leads to nothing outside of the documents.

    Args:
        document: The page's document as parsed.
        alone: Whether a reference must lead to a part of this very document; another page may have
            the part otherwise.

    Raises:
        PipelineError: The page describes nothing, or a reference leads nowhere, to a file or to a
            URL, which are never fetched.
    """
    problems = [*_describes_nothing(document)]
    for path, target in references(document):
        place = place_at(document, path)
        if not target.startswith("#"):
            told = f"the reference {shorten(target)} leads out of the document"
            problems.append(Problem(place, told, "put what it names into the page's components"))
        elif alone and leads_to(document, target) is None:
            told = f"the reference {shorten(target)} leads nowhere in this page"
            problems.append(Problem(place, told, _NEXT))
    refuse(problems)


def _describes_nothing(document: YamlMapping) -> Iterator[Problem]:
    """Find what a page must describe and does not."""
    paths, place = document.get("paths"), document.place_of("paths")
    if not isinstance(paths, YamlMapping):
        told = "the document has no `paths`" if paths is None else "`paths` is not a mapping"
        yield Problem(place, told, _NEXT)
    elif not paths and not document.get("components"):
        yield Problem(place, "the document describes no operation", _NEXT)
    else:
        for url, item, at in paths.entries():
            idle = not isinstance(item, YamlMapping) or METHODS.isdisjoint(item)
            if idle and not url.startswith("x-"):
                yield Problem(at, f"the path {url} has no operation", _NEXT)


@dataclass(frozen=True)
class Operation:
    """One operation of a document.

    Args:
        path: Where it stands in the document.
        url: Its URL template.
        method: Its HTTP method, in small letters.
        node: Its definition.
    """

    path: Path
    url: str
    method: str
    node: Any

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.url}"


def operations(document: Any) -> Iterator[Operation]:
    """List the operations of a document in their order.

    Args:
        document: The document.

    Yields:
        Each operation.
    """
    for path, node in _objects(document, "operation"):
        yield Operation(path, str(path[1]), str(path[2]), node)


def parameter_lists(document: Any) -> Iterator[tuple[Path, Any]]:
    """List the parameter lists of all path items and operations.

    Args:
        document: The document.

    Yields:
        The path and the list.
    """
    for path, node in _objects(document, "path item", "operation"):
        if isinstance(node.get("parameters"), list):
            yield (*path, "parameters"), node["parameters"]


def schemas(document: Any) -> Iterator[tuple[Path, Any]]:
    """List every schema of a document, outer ones before the ones inside them.

    Args:
        document: The document.

    Yields:
        The path and the schema.
    """
    return _objects(document, "schema")


def schema_holders(document: Any) -> Iterator[tuple[Path, Any]]:
    """List what may carry a schema: parameters, headers and the media types of bodies.

    Args:
        document: The document.

    Yields:
        The path and the parameter, header or media type.
    """
    return _objects(document, "holder")


def bodies(document: Any) -> Iterator[tuple[Path, Any]]:
    """List the request bodies and responses.

    Args:
        document: The document.

    Yields:
        The path and the body.
    """
    return _objects(document, "body")


def _objects(document: Any, *kinds: str) -> Iterator[tuple[Path, Any]]:
    """List the objects of some kinds in the order of the document, outer ones first."""
    return ((path, node) for kind, path, node in _inside("document", (), document) if kind in kinds)


def _inside(kind: str, path: Path, node: Any) -> Iterator[tuple[str, Path, Any]]:
    """List an object and all objects inside it, each with its kind."""
    if isinstance(node, dict):
        yield kind, path, node
        for inner, at, part in _children(kind, path, node):
            yield from _inside(inner, at, part)


def _children(kind: str, path: Path, node: Any) -> Iterator[tuple[str, Path, Any]]:
    """List the parts right inside an object, each with its kind."""
    for key, value in node.items():
        many, inner = _parts(kind, key) or (None, None)
        if inner and many == _ONE:
            yield inner, (*path, key), value
        elif inner and many == _MAP and isinstance(value, dict):
            yield from ((inner, (*path, key, name), item) for name, item in value.items())
        elif inner and many == _LIST and isinstance(value, list):
            yield from ((inner, (*path, key, at), item) for at, item in enumerate(value))


def reach(document: Any, start: Iterable[tuple[Path, Any]]) -> Iterator[tuple[Path, Any]]:
    """List every schema that a value of one of these schemas is held against, through references.

    Args:
        document: The document.
        start: The path and the schema of each to begin with.

    Yields:
        The path and the schema, each once; what stands under `not` allows nothing, and is left out.
    """
    todo, seen = list(start), set[int]()
    for path, schema in todo:
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        if isinstance(schema.get("$ref"), str):
            todo.append((from_pointer(schema["$ref"]), leads_to(document, schema["$ref"])))
            continue
        yield path, schema
        inner = _children("schema", path, schema)
        todo += [(at, part) for _, at, part in inner if at != (*path, "not")]


def shown(path: Path) -> str:
    """Write a path the way people read it.

    Args:
        path: Keys and positions.

    Returns:
        The same as a JSON pointer.
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "/"


def from_pointer(pointer: str) -> Path:
    """Read a JSON pointer.

    Args:
        pointer: The pointer, which starts with a slash.

    Returns:
        Its steps, as text.
    """
    return tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:])


def references(node: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """List the references of a document; what stands in examples is the service's own.

    Args:
        node: The document, or a part of it.
        path: Where the part stands.

    Yields:
        The path and the text of each reference.
    """
    named = path[-1:] in (("properties",), ("schemas",), ("mapping",))
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and not named:
                yield (*path, key), value
            elif named or not (key in _OWN or key.startswith("x-")):
                yield from references(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from references(value, (*path, at))


def leads_to(document: Any, reference: str) -> Any:
    """Follow a reference.

    Args:
        document: The document it stands in.
        reference: The reference.

    Returns:
        What it leads to; None if that is nothing, or not in the document.
    """
    node: Any = document
    start, *steps = reference.split("/")
    if start != "#" or not steps:
        return None
    for step in steps:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            return None
    return node


def resolve(document: Any, node: Any) -> Any:
    """Follow references to what they lead to.

    Args:
        document: The document they stand in.
        node: What may be a reference.

    Returns:
        What is no reference any more; empty if that is no mapping.
    """
    for _ in range(10):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            break
        node = leads_to(document, node["$ref"]) or {}
    return node if isinstance(node, dict) else {}


def expand(document: Any, node: Any, inside: tuple[str, ...] = ()) -> Any:
    """Put what references lead to in their place, extensions left out; a circle ends in the reference.

    Args:
        document: The document they stand in.
        node: A part of it.
        inside: The references that led there.

    Returns:
        A copy of the part without references.
    """
    if isinstance(node, list):
        return [expand(document, item, inside) for item in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str):
        if target in inside:
            return target
        return expand(document, leads_to(document, target), (*inside, target))
    return {
        key: expand(document, value, inside)
        for key, value in node.items()
        if not str(key).startswith("x-")
    }
