"""Where the parts of an OpenAPI 3.0 document are: its operations, their bodies, every schema."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace"))
Path = tuple[str | int, ...]
# Under these keys stands what the service sends and takes, not what OpenAPI defines.
_OWN = {"example", "examples", "default", "enum", "value"}
_IN_ONE = ("items", "not", "additionalProperties")
_IN_LIST = ("allOf", "anyOf", "oneOf")


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
    for url, item in _mapping(document.get("paths")).items():
        for method, node in _mapping(item).items():
            if method in METHODS and isinstance(node, dict):
                yield Operation(("paths", url, method), url, method, node)


def parameter_lists(document: Any) -> Iterator[tuple[Path, Any]]:
    """List the parameter lists of all path items and operations.

    Args:
        document: The document.

    Yields:
        The path and the list, path items first.
    """
    for url, item in _mapping(document.get("paths")).items():
        if isinstance(_mapping(item).get("parameters"), list):
            yield ("paths", url, "parameters"), item["parameters"]
    for operation in operations(document):
        if isinstance(operation.node.get("parameters"), list):
            yield (*operation.path, "parameters"), operation.node["parameters"]


def schemas(document: Any) -> Iterator[tuple[Path, Any]]:
    """List every schema of a document, outer ones before the ones inside them.

    Args:
        document: The document.

    Yields:
        The path and the schema.
    """
    for path, holder in schema_holders(document):
        yield from inside((*path, "schema"), holder.get("schema"))
    for name, schema in _mapping(_mapping(document.get("components")).get("schemas")).items():
        yield from inside(("components", "schemas", name), schema)


def schema_holders(document: Any) -> Iterator[tuple[Path, Any]]:
    """List what carries a schema: parameters, headers and the media types of bodies.

    Args:
        document: The document.

    Yields:
        The path and the parameter, header or media type.
    """
    components = _mapping(document.get("components"))
    for path, parameters in parameter_lists(document):
        yield from (((*path, at), item) for at, item in enumerate(parameters) if "schema" in item)
    for kind in ("parameters", "headers"):
        for name, item in _mapping(components.get(kind)).items():
            yield ("components", kind, name), _mapping(item)
    for path, body in bodies(document):
        for kind in ("content", "headers"):
            for name, item in _mapping(body.get(kind)).items():
                yield (*path, kind, name), _mapping(item)


def bodies(document: Any) -> Iterator[tuple[Path, Any]]:
    """List the request bodies and responses.

    Args:
        document: The document.

    Yields:
        The path and the body.
    """
    for operation in operations(document):
        if isinstance(operation.node.get("requestBody"), dict):
            yield (*operation.path, "requestBody"), operation.node["requestBody"]
        for status, response in _mapping(operation.node.get("responses")).items():
            yield (*operation.path, "responses", status), _mapping(response)
    components = _mapping(document.get("components"))
    for kind in ("requestBodies", "responses"):
        for name, body in _mapping(components.get(kind)).items():
            yield ("components", kind, name), _mapping(body)


def inside(path: Path, schema: Any) -> Iterator[tuple[Path, Any]]:
    """List a schema and every schema inside it.

    Args:
        path: Where the schema stands.
        schema: The schema.

    Yields:
        The path and the schema, outer ones first.
    """
    if not isinstance(schema, dict):
        return
    yield path, schema
    for at, inner in parts(path, schema):
        yield from inside(at, inner)


def parts(path: Path, schema: Any) -> Iterator[tuple[Path, Any]]:
    """List the schemas right inside a schema.

    Args:
        path: Where the schema stands.
        schema: The schema.

    Yields:
        The path and the schema of each part.
    """
    for name, inner in _mapping(schema.get("properties")).items():
        yield (*path, "properties", name), inner
    for key in _IN_ONE:
        yield (*path, key), schema.get(key)
    for key in _IN_LIST:
        for at, inner in enumerate(schema.get(key) or []):
            yield (*path, key, at), inner


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
        todo += [(at, part) for at, part in parts(path, schema) if at != (*path, "not")]


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


def references(document: Any) -> Iterator[tuple[Path, str]]:
    """List the references of a document; what stands in examples is the service's own.

    Args:
        document: The document.

    Yields:
        The path and the text of each reference.
    """
    return _references(document, ())


def _references(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    named = path[-1:] in (("properties",), ("schemas",), ("mapping",))
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and not named:
                yield (*path, key), value
            elif named or not (key in _OWN or key.startswith("x-")):
                yield from _references(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _references(value, (*path, at))


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


def _mapping(node: Any) -> Any:
    return node if isinstance(node, dict) else {}
