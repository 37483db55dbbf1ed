"""Between parse and clean: is the document built like OpenAPI at all?

Only as deep as the next steps reach into it; the whole is validated at the end, when the vendor's
defects are mended.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.report import PipelineError, Place, Problem, shorten
from pipeline.tree import YamlMapping, YamlSequence, place_at
from pipeline.walk import METHODS, Path, leads_to, references, shown

_NEXT = "correct the file, or fetch the page again"
_KINDS = {YamlMapping: "a mapping", YamlSequence: "a list"}


def check_shape(document: YamlMapping) -> None:
    """Check that every part the steps reach into is the mapping or list that OpenAPI wants.

    Args:
        document: The document as parsed.

    Raises:
        PipelineError: A part is something else.
    """
    checker = _Checker()
    checker.document(document)
    if checker.problems:
        raise PipelineError(*checker.problems)


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
    if problems:
        raise PipelineError(*problems)


def _describes_nothing(document: YamlMapping) -> Iterator[Problem]:
    """Find what a page must describe and does not."""
    paths = document.get("paths")
    if not isinstance(paths, YamlMapping):
        told = "the document has no `paths`" if paths is None else "`paths` is not a mapping"
        yield Problem(document.place_of("paths"), told, _NEXT)
    elif not paths and not document.get("components"):
        yield Problem(document.place_of("paths"), "the document describes no operation", _NEXT)
    else:
        for url, item in paths.items():
            if url.startswith("x-"):
                continue
            if not isinstance(item, YamlMapping) or METHODS.isdisjoint(item):
                told = f"the path {url} has no operation"
                yield Problem(paths.place_of(url), told, _NEXT)


class _Checker:
    """Collects what is not built as it should be."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def document(self, document: YamlMapping) -> None:
        if not isinstance(document.get("openapi"), str):
            place = document.place_of("openapi")
            self.problems.append(Problem(place, "`openapi` is not a version in text", _NEXT))
        self.part(document, "info", YamlMapping, ())
        for key in ("servers", "tags"):
            for index, item, place in self.items(document, key, ()):
                self.kind(item, YamlMapping, (key, index), place)
        for url, item, place in self.entries(document, "paths", ()):
            path: Path = ("paths", url)
            if self.kind(item, YamlMapping, path, place):
                self.parameters(item, path)
                for method in (key for key in item if key in METHODS):
                    self.operation(item, method, path)
        self.components(document)

    def operation(self, item: YamlMapping, method: str, path: Path) -> None:
        operation = self.part(item, method, YamlMapping, path)
        if operation is None:
            return
        path = (*path, method)
        self.parameters(operation, path)
        if not isinstance(operation.get("operationId", ""), str):
            place = operation.place_of("operationId")
            self.problems.append(Problem(place, "`operationId` is not text", _NEXT))
        self.body(operation, "requestBody", path)
        for status, _, _ in self.entries(operation, "responses", path):
            self.body(operation["responses"], status, (*path, "responses"))

    def components(self, document: YamlMapping) -> None:
        components = self.part(document, "components", YamlMapping, ())
        for kind in components or ():
            path: Path = ("components", kind)
            for name, item, place in self.entries(components, kind, ("components",)):
                if not self.kind(item, YamlMapping, (*path, name), place):
                    continue
                if kind == "schemas":
                    self.schema(item, (*path, name))
                elif kind in ("responses", "requestBodies"):
                    self.body(components[kind], name, path)
                elif kind in ("parameters", "headers"):
                    self.holder(item, (*path, name))

    def parameters(self, owner: YamlMapping, path: Path) -> None:
        for index, item, place in self.items(owner, "parameters", path):
            inner: Path = (*path, "parameters", index)
            if self.kind(item, YamlMapping, inner, place):
                self.holder(item, inner)

    def body(self, owner: YamlMapping, key: str, path: Path) -> None:
        body = self.part(owner, key, YamlMapping, path)
        path = (*path, key)
        for kind in ("content", "headers"):
            for name, item, place in self.entries(body, kind, path):
                if self.kind(item, YamlMapping, (*path, kind, name), place):
                    self.holder(item, (*path, kind, name))

    def holder(self, holder: YamlMapping, path: Path) -> None:
        """Check what carries a schema and examples."""
        schema = self.part(holder, "schema", YamlMapping, path)
        if schema is not None:
            self.schema(schema, (*path, "schema"))
        if holder.get("examples") not in ([], {}):
            self.part(holder, "examples", YamlMapping, path)

    def schema(self, schema: YamlMapping, path: Path) -> None:
        for name, inner, place in self.entries(schema, "properties", path):
            if self.kind(inner, YamlMapping, (*path, "properties", name), place):
                self.schema(inner, (*path, "properties", name))
        for key in ("items", "not", "additionalProperties"):
            if not isinstance(schema.get(key), bool):
                inner = self.part(schema, key, YamlMapping, path)
                if inner is not None:
                    self.schema(inner, (*path, key))
        for key in ("allOf", "anyOf", "oneOf"):
            for index, inner, place in self.items(schema, key, path):
                if self.kind(inner, YamlMapping, (*path, key, index), place):
                    self.schema(inner, (*path, key, index))
        self.items(schema, "required", path)

    def part(self, owner: YamlMapping, key: str, kind: Any, path: Path) -> Any:
        """Return the part under a key if it is there and right; None if not."""
        if key not in owner or not self.kind(owner[key], kind, (*path, key), owner.place_of(key)):
            return None
        return owner[key]

    def entries(self, owner: Any, key: str, path: Path) -> list[tuple[str, Any, Place]]:
        """List the entries of the mapping under a key."""
        part = self.part(owner, key, YamlMapping, path) if owner is not None else None
        if part is None:
            return []
        return [(name, value, part.place_of(name)) for name, value in part.items()]

    def items(self, owner: YamlMapping, key: str, path: Path) -> list[tuple[int, Any, Place]]:
        """List the items of the list under a key."""
        part = self.part(owner, key, YamlSequence, path)
        if part is None:
            return []
        return [(index, item, part.places[index]) for index, item in enumerate(part)]

    def kind(self, value: Any, kind: Any, path: Path, place: Place) -> bool:
        """Say whether a value is a mapping or a list as it should be; note it if not."""
        if isinstance(value, kind):
            return True
        reason = f"{shown(path)} is {shorten(value, 40)}, not {_KINDS[kind]}"
        self.problems.append(Problem(place, reason, _NEXT))
        return False
