"""Step 5: put all documents into one. What is equal is one; what conflicts is an error.

`openapi/merge.yaml` says which operations are documented once per model, and are united.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pipeline.overlay import check_reason
from pipeline.report import Change, PipelineError, Place, Problem, refuse, shorten, stop
from pipeline.tree import ABSENT, YamlMapping, YamlSequence, differences, same
from pipeline.union import unite
from pipeline.walk import METHODS, Operation, operations, shown

_NEEDED = {"operation", "combine", "description"}
_ALLOWED = {*_NEEDED, "responses"}
_FORM = "openapi/merge.yaml itself shows an entry"
STEP = "merge"
_NEXT = "keep one of the two definitions, or correct the page that is wrong"
_UNITE = (
    "if they are one operation documented for several models, choose `combine: union` for it in "
    "openapi/merge.yaml; else keep one of the two, or correct the page that is wrong"
)
_SHOWN_DIFFERENCES = 8
_NAMED_BY = {"servers": "url", "tags": "name"}


@dataclass(frozen=True)
class Rule:
    """One entry.

    Args:
        place: Where it is written.
        answers: Whether answers that contradict each other are united as well.
    """

    place: Place
    answers: bool


# The rules by the HTTP method of the operation, in small letters, and its URL template.
Rules = Mapping[tuple[str, str], Rule]


def read_rules(document: YamlMapping) -> Rules:
    """Read the entries.

    Args:
        document: The file's content.

    Returns:
        Its entries.

    Raises:
        PipelineError: An entry is malformed, gives no reason, or is there twice.
    """
    entries = document.get("operations")
    unknown = sorted(document.keys() - {"operations"})
    if unknown:
        place = document.place_of(unknown[0])
        raise stop(place, f"unknown fields: {', '.join(unknown)}", "use operations")
    if not isinstance(entries, YamlSequence):
        raise stop(document.place_of("operations"), "`operations` is not a list", _FORM)
    rules: dict[tuple[str, str], Rule] = {}
    for _, entry, place in entries.entries():
        operation = _read(entry, place)
        if operation in rules:
            raise stop(place, f"{entry['operation']} has two entries", "delete one")
        rules[operation] = Rule(place, "responses" in entry)
    return rules


def _read(entry: Any, place: Place) -> tuple[str, str]:
    """Check one entry; return the method and the URL of its operation."""
    if not isinstance(entry, YamlMapping) or not _NEEDED <= entry.keys() <= _ALLOWED:
        needed = ", ".join(sorted(_NEEDED))
        raise stop(place, f"the entry needs {needed}, and may have responses", _FORM)
    method, _, url = str(entry["operation"]).partition(" ")
    if method.lower() not in METHODS or not url.startswith("/"):
        told = f"{shorten(entry['operation'])} is no operation"
        raise stop(entry.place_of("operation"), told, "write it like POST /v1/video/create")
    for key in ("combine", "responses"):
        if entry.get(key, "union") != "union":
            told = f"{key} is {shorten(entry[key])}; the only choice is union"
            raise stop(entry.place_of(key), told, _FORM)
    check_reason("entry", entry, place)
    return method.lower(), url


def merge(
    documents: list[YamlMapping], rules: Rules | None = None
) -> tuple[YamlMapping, list[Change]]:
    """Merge documents into one.

    Operations and components are joined by their names. Two definitions of one of them are one if
    they differ in vendor extensions (`x-…`) only, which tell pages apart.

    Args:
        documents: The documents, at least one; their order decides the order of the result.
        rules: The operations whose definitions are to be united.

    Returns:
        The merged document; and a change for each definition that was met again.

    Raises:
        PipelineError: Documents define the same thing differently, or a rule has nothing to unite.
    """
    merger = _Merger(YamlMapping(documents[0].place), rules or {})
    for document in documents:
        merger.add(document)
    merger.unite()
    refuse(merger.problems)
    return merger.result, merger.changes


class _Merger:
    """Adds one document after the other to the result."""

    def __init__(self, result: YamlMapping, rules: Rules) -> None:
        self.result = result
        self.rules = rules
        self.several: dict[tuple[str, str], list[YamlMapping]] = {}
        self.changes: list[Change] = []
        self.problems: list[Problem] = []

    def add(self, document: YamlMapping) -> None:
        document = self.at_its_server(document)
        for key, value, place in document.entries():
            if key == "paths":
                self.paths(value)
            elif key == "components":
                self.components(self.result.mapping(key, place), value)
            elif key == "info":
                self.info(self.result.mapping(key, place), value)
            elif key == "openapi":
                self.version(str(value), place)
            elif key in _NAMED_BY:
                self.listed(key, value)
            elif not key.startswith("x-"):
                self.one(self.result, key, value, place, f"the document's {key}")

    def at_its_server(self, document: YamlMapping) -> YamlMapping:
        """Give operations a server of their own if their page names another one than the first page that names any."""
        given, kept = document.get("servers"), self.result.get("servers")
        if not given or not kept or given[0].get("url") == kept[0].get("url"):
            return document
        place = document.place_of("servers")
        moved = copy.deepcopy(document)
        moved.drop("servers")
        for operation in operations(moved):
            if not {"servers"} & {*operation.node, *moved["paths"][operation.url]}:
                operation.node.put("servers", copy.deepcopy(given), place)
        first = self.result.place_of("servers")
        told = (
            f"the page's server is {given[0].get('url')}, that of {PurePath(first.file).name} is "
            f"{kept[0].get('url')}: the operations of the page keep their own, all others are at the latter"
        )
        self.changes.append(Change(place, STEP, told, also=f"({first})"))
        return moved

    def paths(self, paths: YamlMapping) -> None:
        target = self.result.mapping("paths", paths.place)
        for url, item, at in paths.entries():
            # Templates that differ only in the names of their parameters are the same path.
            known = next((other for other in target if _bare(other) == _bare(url)), url)
            if known != url:
                told = f"the same path is written {known}"
                self.conflict(f"path {url}", target.place_of(known), at, told)
                continue
            owner = target.mapping(url, at)
            for key, value, place in item.entries():
                what = f"operation {key.upper()} {url}" if key in METHODS else f"{key} of {url}"
                if (key, url) in self.rules:
                    self.several.setdefault((key, url), []).append(value)
                    if key in owner:
                        continue
                self.one(owner, key, value, place, what)

    def unite(self) -> None:
        """Put the union in place of the first definition, for each operation that has a rule."""
        for (method, url), rule in self.rules.items():
            found = self.several.get((method, url), [])
            if all(not _differences(found[0], other) for other in found[1:]):
                told = f"{method.upper()} {url} has no two different definitions to unite"
                self.problems.append(Problem(rule.place, told, "delete the entry"))
                continue
            operation = Operation(("paths", url, method), url, method, found[0])
            try:
                united, told_of = unite(operation, found, answers=rule.answers)
            except PipelineError as error:
                self.problems += error.problems
                continue
            owner = self.result["paths"][url]
            owner.put(method, united, owner.place_of(method))
            self.changes += told_of

    def info(self, target: YamlMapping, info: YamlMapping) -> None:
        """Join the general information; what is left blank in one document gives way."""
        for key, value, place in info.entries():
            if key not in target or target[key] == "":
                target.put(key, value, place)
            elif value not in ("", target[key]):
                self.one(target, key, value, place, f"the document's {key}")

    def version(self, version: str, place: Place) -> None:
        """Keep the highest patch version of OpenAPI; another minor version is another language."""
        known = str(self.result.get("openapi", version))
        if known.split(".")[:2] != version.split(".")[:2]:
            reason = f"OpenAPI {known} and {version}"
            self.conflict("OpenAPI version", self.result.place_of("openapi"), place, reason)
        elif "openapi" not in self.result or known.split(".") < version.split("."):
            self.result.put("openapi", version, place)

    def components(self, owner: YamlMapping, components: YamlMapping) -> None:
        for kind, named, place in components.entries():
            target = owner.mapping(kind, place)
            for name, part, at in named.entries():
                self.one(target, name, part, at, f"component {kind}/{name}")

    def listed(self, key: str, items: YamlSequence) -> None:
        """Join lists of mappings that are told apart by one of their keys."""
        name = _NAMED_BY[key]
        if key not in self.result:
            self.result.put(key, YamlSequence(items.place), items.place)
        target: YamlSequence = self.result[key]
        for _, item, place in items.entries():
            known = [entry for entry in target.entries() if entry[1].get(name) == item.get(name)]
            if not known:
                target.add(copy.deepcopy(item), place)
                continue
            (_, kept, kept_at), *_ = known
            what = f"{key} entry {item.get(name)}"
            self.described(kept, item, place, what)
            one, other = ({**entry, "description": ""} for entry in (kept, item))
            self.compare(one, other, kept_at, place, what)

    def described(self, kept: YamlMapping, met: YamlMapping, place: Place, what: str) -> None:
        """Keep the first description of an entry, and tell if another one is met; words are no conflict."""
        word = met.get("description")
        if word and not kept.get("description"):
            kept.put("description", word, met.place_of("description"))
        elif word and not same(word, kept["description"]):
            told = f"{what} is described as {shorten(word, 60)}, and before as {shorten(kept['description'], 60)}"
            first = f"({kept.place_of('description')})"
            self.changes.append(Change(place, STEP, f"{told}; the first holds", also=first))

    def one(self, owner: YamlMapping, key: str, value: Any, place: Place, what: str) -> None:
        """Take a definition, or compare it with the one that is there."""
        if key not in owner:
            owner.put(key, copy.deepcopy(value), place)
            return
        before = len(self.problems)
        self.compare(owner[key], value, owner.place_of(key), place, what)
        if len(self.problems) == before and what.startswith(("operation", "component")):
            told = f"{what} is defined again, and the same; kept once"
            self.changes.append(Change(place, STEP, told, also=f"({owner.place_of(key)})"))

    def compare(self, kept: Any, met: Any, kept_at: Place, met_at: Place, what: str) -> None:
        found = _differences(kept, met, (kept_at.file, met_at.file))
        if found:
            rest = len(found) - _SHOWN_DIFFERENCES
            tail = [f"and {rest} more"] if rest > 0 else []
            told = "; ".join(found[:_SHOWN_DIFFERENCES] + tail)
            self.conflict(what, kept_at, met_at, f"differing at {told}")

    def conflict(self, what: str, kept_at: Place, met_at: Place, reason: str) -> None:
        told = f"{what} conflicts with the definition in {kept_at}: {reason}"
        fix = _UNITE if what.startswith("operation") else _NEXT
        self.problems.append(Problem(met_at, told, fix))


def _differences(one: Any, other: Any, names: tuple[str, str] = ("", "")) -> list[str]:
    """Tell where two definitions differ, vendor extensions aside; each has the name of its file."""
    told = []
    for path, kept, met in differences(one, other):
        if any(str(step).startswith("x-") for step in path):
            continue
        values = f"{shorten(kept, 40)} and {shorten(met, 40)}"
        only = f"only in {names[kept is ABSENT]}"
        told.append(f"{shown(path)} ({only if kept is ABSENT or met is ABSENT else values})")
    return told


def _bare(url: str) -> str:
    """Write a path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", url)
