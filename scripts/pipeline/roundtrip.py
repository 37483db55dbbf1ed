"""After generate: every documented example goes through the generated code and comes back unchanged.

An answer is read as the generated operation reads it from the wire, a request as the type that the operation takes;
what these do not reach, such as a second media type or a named schema, goes through the class of its name. Examples
that stand at properties, one by one, are put together first.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path as File
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import httpx
from openapi_python_client.strings import ClassName, PythonIdentifier

from pipeline.answers import WORDS
from pipeline.report import Place, Problem, one_line, refuse, shorten, stop
from pipeline.tree import ABSENT, YamlMapping, differences, place_at
from pipeline.walk import Operation, Path, from_pointer, leads_to, operations, reach, shown

NOTHING = object()
# Stands for a file: a text can be no example of one.
FILE = b"\x00file"
_NAME = "chainhub_api_just_built"
_PREFIX = "field_"
_NEXT = "correct the example, or what its schema closes, by an action in openapi/overlay.yaml"
_REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MISMATCH = "run scripts/regenerate; if this comes again, the templates do not fit the generator"
# A value after it was read and written by the generated code.
Reader = Callable[[Any], Any]


def compose(document: Any, schema: Any, inside: tuple[str, ...] = ()) -> Any:
    """Make a value of a schema out of the examples in it.

    Args:
        document: The document.
        schema: The schema.
        inside: The references that led there.

    Returns:
        The schema's own example; else one put together from those of its properties, alternatives or items, or its
        first known word; `NOTHING` if there is none, or if what is required has none.
    """
    target = schema.get("$ref")
    if isinstance(target, str):
        found = None if target in inside else leads_to(document, target)
        return compose(document, found, (*inside, target)) if isinstance(found, dict) else NOTHING
    if schema.get("format") == "binary":
        return NOTHING
    if "example" in schema:
        return schema["example"]
    words = schema.get("enum") or schema.get(WORDS)
    if words:
        return words[0]
    for choice in [*(schema.get("oneOf") or []), *(schema.get("anyOf") or [])]:
        value = compose(document, choice, inside)
        if value is not NOTHING:
            return value
    if isinstance(schema.get("items"), dict):
        value = compose(document, schema["items"], inside)
        return value if value is NOTHING else [value]
    return _object(document, schema, inside)


def _flat(document: Any, schema: Any, inside: tuple[str, ...]) -> tuple[dict[str, Any], set[str]]:
    """Give the properties of a schema and of all it is made of, and which are required."""
    target = schema.get("$ref")
    if isinstance(target, str):
        found = None if target in inside else leads_to(document, target)
        return _flat(document, found, (*inside, target)) if isinstance(found, dict) else ({}, set())
    properties, required = dict(schema.get("properties") or {}), set(schema.get("required") or [])
    for part in schema.get("allOf") or []:
        more, needed = _flat(document, part, inside)
        properties, required = {**more, **properties}, required | needed
    return properties, required


def _object(document: Any, schema: Any, inside: tuple[str, ...]) -> Any:
    """Put an object together from the examples of its properties."""
    properties, required = _flat(document, schema, inside)
    values = {name: compose(document, inner, inside) for name, inner in properties.items()}
    found = {name: value for name, value in values.items() if value is not NOTHING}
    lacking = [properties.get(name, {}) for name in required - found.keys()]
    if not found or any(schema.get("format") != "binary" for schema in lacking):
        return NOTHING
    return {name: found.get(name, FILE) for name in properties if name in found or name in required}


def check_examples(document: YamlMapping, package: File, left: frozenset[str] = frozenset()) -> int:
    """Send every documented example of every operation through the generated code.

    Args:
        document: The finished document.
        package: The folder of the package that was generated from it.
        left: The examples, by JSON pointer, that are known to contradict their schema and stay as they are.

    Returns:
        How many examples came back unchanged.

    Raises:
        PipelineError: The package cannot be imported, or an example is refused or comes back changed; names each
            operation, status and the first path that differs.
    """
    with imported(package) as module:
        check = _Check(document, left, module.models)
        for operation in operations(document):
            check.operation(operation)
    refuse(check.problems)
    return check.passed


@contextmanager
def imported(package: File) -> Iterator[ModuleType]:
    """Import a generated package from its folder, under a name of its own, without writing to it.

    Args:
        package: The folder.

    Yields:
        The package, which is forgotten afterwards.

    Raises:
        PipelineError: It cannot be imported.
    """
    spec = importlib.util.spec_from_file_location(
        _NAME, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise stop(Place(str(package)), "the generated package is no package", _MISMATCH)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    try:
        try:
            spec.loader.exec_module(module)
            importlib.import_module(f"{_NAME}.models")
        except Exception as error:
            told = f"the generated package cannot be imported: {one_line(repr(error))}"
            raise stop(Place("generated/chainhub_api"), told, _MISMATCH) from error
        yield module
    finally:
        sys.dont_write_bytecode = writes
        for name in [name for name in sys.modules if name.split(".")[0] == _NAME]:
            del sys.modules[name]


class _Check:
    """Sends examples through the imported package, and collects what goes wrong."""

    def __init__(self, document: YamlMapping, left: frozenset[str], models: ModuleType) -> None:
        self.document = document
        self.left = left
        self.models = models
        self.problems: list[Problem] = []
        self.passed = 0
        self.seen: set[str] = set()

    def operation(self, operation: Operation) -> None:
        tag = PythonIdentifier((operation.node.get("tags") or ["default"])[0], "tag")
        name = PythonIdentifier(operation.node["operationId"], _PREFIX)
        try:
            module = importlib.import_module(f"{_NAME}.api.{tag}.{name}")
        except ImportError as error:
            told = f"cannot be imported from the generated package: {one_line(str(error))}"
            where = place_at(self.document, operation.path)
            self.problems.append(Problem(where, f"{operation} {told}", _MISMATCH))
            return
        if "requestBody" in operation.node:
            path, body = self.followed((*operation.path, "requestBody"))
            taken = get_type_hints(module.get_kwargs).get("body")
            for kind in body.get("content") or {}:
                place = (*path, "content", kind)
                self.media(f"{operation}, request", place, lambda value: _through(taken, value))
        for status in operation.node.get("responses") or {}:
            path, body = self.followed((*operation.path, "responses", status))
            for at, kind in enumerate(body.get("content") or {}):
                reader: Reader | None = None
                if at == 0 and kind.split(";")[0].strip().endswith(("/json", "+json")):
                    code = _status_like(status, operation.node["responses"])
                    reader = _answer_reader(module, code)
                self.media(f"{operation}, answer {status}", (*path, "content", kind), reader)

    def followed(self, path: Path) -> tuple[Path, Any]:
        """Give what stands at a path, or where the reference there leads to."""
        node: Any = self.document
        for step in path:
            node = node[step]
        if isinstance(node.get("$ref"), str):
            return from_pointer(node["$ref"]), leads_to(self.document, node["$ref"]) or {}
        return path, node

    def media(self, where: str, path: Path, reader: Reader | None) -> None:
        """Check the examples of one media type of a body, and those of the named schemas it uses."""
        media = self.followed(path)[1]
        schema = media.get("schema")
        if not isinstance(schema, dict):
            return
        own = reader or self.by_name(schema.get("$ref"))
        if own is not None:
            if "example" in media:
                self.check(where, (*path, "example"), schema, media["example"], own)
            for name in media.get("examples") or {}:
                at, example = self.followed((*path, "examples", name))
                if "value" in example:
                    self.check(where, (*at, "value"), schema, example["value"], own)
            self.check(where, (*path, "schema"), schema, compose(self.document, schema), own)
        for at, inner in reach(self.document, [((*path, "schema"), schema)]):
            name = "/".join(("#", *map(str, at)))
            reader = self.by_name(name)
            if reader is not None and name not in self.seen:
                self.seen.add(name)
                composed = compose(self.document, inner)
                self.check(f"{where}, schema {at[-1]}", at, inner, composed, reader)

    def by_name(self, reference: Any) -> Reader | None:
        """Give the reader of a named schema; None if it has no class that reads objects."""
        start, _, name = str(reference).rpartition("/")
        model = getattr(self.models, ClassName(name, _PREFIX), None) if name else None
        if start != "#/components/schemas" or not hasattr(model, "from_dict"):
            return None
        return lambda value: _through(model, value)

    def check(self, where: str, path: Path, schema: Any, value: Any, reader: Reader) -> None:
        """Send one example there and back."""
        if value is NOTHING or shown(path) in self.left:
            return
        sent = self.with_files(schema, value)
        try:
            difference = _difference(sent, _plain(reader(sent)))
        except _REFUSALS as error:
            difference = (), f"refuses it: {one_line(repr(error))}"
        if difference is None:
            self.passed += 1
            return
        at, told = difference
        place = place_at(self.document, (*path, *at))
        reason = f"example of {where} (at {shown(path)}): the generated client {told}"
        self.problems.append(Problem(place, reason, _NEXT))

    def with_files(self, schema: Any, value: Any) -> Any:
        """Put bytes where the example of a form has a text for a file."""
        if not isinstance(value, dict):
            return value
        properties, _ = _flat(self.document, schema, ())
        return {
            key: item.encode()
            if isinstance(item, str) and properties.get(key, {}).get("format") == "binary"
            else item
            for key, item in value.items()
        }


def _status_like(status: str, others: Any) -> int:
    """Give a status that stands for an entry among the answers, and for no other one."""
    if status.isdigit():
        return int(status)
    taken = {int(other) for other in others if other.isdigit()}
    ranges = {other[0] for other in others if other.upper().endswith("XX")}
    return next(
        code
        for code in range(100, 1000)
        if code not in taken
        and (str(code)[0] == status[0] if status != "default" else str(code)[0] not in ranges)
    )


def _answer_reader(module: Any, code: int) -> Reader:
    """Read a value as the body of an answer with this status."""
    return lambda value: module._parse_documented(httpx.Response(code, json=value))


def _through(kind: Any, value: Any) -> Any:
    """Read a value as a type of the generated code, and write it; of several types, the first that fits."""
    if isinstance(value, list) and get_origin(kind) is list:
        return [_through(get_args(kind)[0], item) for item in value]
    if hasattr(kind, "from_dict"):
        return kind.from_dict(value).to_dict()
    came, failed = value, None
    for option in get_args(kind):
        if hasattr(option, "from_dict") or get_origin(option) is list:
            try:
                came, failed = _through(option, value), None
            except _REFUSALS as error:
                failed = error
            else:
                if _difference(value, _plain(came)) is None:
                    break
    if failed:
        raise failed
    return came


def _plain(value: Any) -> Any:
    """Turn what the generated code gives into JSON, and files into their bytes."""
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return value[1].read()
    return value


def _difference(sent: Any, came: Any) -> tuple[Path, str] | None:
    """Find the first place in which two values differ, and tell what the generated client does there."""
    for path, was, now in differences(sent, came):
        if was is ABSENT:
            told = f"{shorten(now, 60)}, which the example does not have"
        else:
            told = (
                f"{'nothing' if now is ABSENT else shorten(now, 60)} in place of {shorten(was, 60)}"
            )
        return path, f"gives {shown(path)} back as {told}"
    return None
