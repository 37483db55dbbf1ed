"""One operation out of several definitions of it, where `openapi/merge.yaml` asks for the union.

What any of the pages allows in a request, the union allows: properties are united, only what all
pages require is required, differing types become `anyOf`. An answer is another matter: two pages
that contradict each other about it may both be wrong, so that is refused unless the entry says
`responses: union` as well.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any

from pipeline.report import Change, Place, Problem, refuse, shorten
from pipeline.tree import YamlMapping, YamlSequence, same
from pipeline.walk import Operation, Path, shown

STEP = "merge"
# What describes a schema, as opposed to what it allows.
_WORDS = {"description", "example", "title", "deprecated"}
_COMPOUND = {"$ref", "allOf", "anyOf", "oneOf", "not"}
_ANSWERS = "correct the page that is wrong, or add `responses: union` to openapi/merge.yaml"

# A page's name with its definition of something.
Definition = tuple[str, Any]


def unite(
    operation: Operation, definitions: list[YamlMapping], *, answers: bool
) -> tuple[YamlMapping, list[Change]]:
    """Unite several definitions of one operation.

    Args:
        operation: The operation as the first page defines it.
        definitions: The definition of each page, the first included.
        answers: Whether answers that contradict each other may be united as well.

    Returns:
        The united operation; and one change for each thing that could not be kept as it was.

    Raises:
        PipelineError: Answers contradict each other, or security does.
    """
    union = _Union(str(operation), len(definitions), answers=answers)
    named = [(PurePath(item.place.file).stem, item) for item in definitions]
    result = union.operation(named)
    refuse(union.problems)
    pages = ", ".join(name for name, _ in named)
    told = f"operation {operation} is the union of {len(named)} pages: {pages}"
    return result, [Change(definitions[0].place, STEP, told), *union.changes]


class _Union:
    """Unites definitions; notes what it had to drop, and what contradicts itself.

    Each part comes as a list of what the pages say of it, with its path in the operation.
    """

    def __init__(self, what: str, pages: int, *, answers: bool) -> None:
        self.what = what
        self.pages = pages
        self.answers = answers
        self.changes: list[Change] = []
        self.problems: list[Problem] = []

    def drop(self, place: Place, path: Path, told: str) -> None:
        """Note what could not be kept as it was."""
        self.changes.append(Change(place, STEP, f"{self.what}, {shown(path)}: {told}"))

    def conflict(self, place: Place, path: Path, told: str, fix: str) -> None:
        """Note what cannot be united."""
        self.problems.append(Problem(place, f"{self.what}, {shown(path)}: {told}", fix))

    def contradicts(self, place: Place, path: Path, values: list[Definition]) -> bool:
        """Say whether pages that differ there contradict each other about an answer, and note it if so."""
        strict = path[0] == "responses" and not self.answers
        if strict:
            told = f"the pages contradict each other about an answer: {_told(values)}"
            self.conflict(place, path, told, _ANSWERS)
        return strict

    def operation(self, pages: list[Definition]) -> YamlMapping:
        result = YamlMapping(pages[0][1].place)
        for key, values, place in _each(pages):
            if key == "parameters":
                value: Any = self.parameters(values, place)
            elif key == "requestBody":
                value = self.body(values, (key,))
            elif key == "responses":
                value = _by_name(values, (key,), place, self.body)
            elif key == "tags":
                value = _listed((tag for _, tags in values for tag in tags), place)
            else:
                value = self.word(key, values, (key,), place)
            if value is not None:
                result.put(key, value, place)
        return result

    def parameters(self, values: list[Definition], place: Place) -> YamlSequence:
        """Unite parameters by place and name; one that a page lacks is not required."""
        found: dict[tuple[Any, Any], list[Definition]] = {}
        for name, parameters in values:
            for item in parameters:
                found.setdefault((item.get("in"), item.get("name")), []).append((name, item))
        result = YamlSequence(place)
        for (where, label), given in found.items():
            united = self.holder(given, ("parameters", str(label)))
            if "required" in united and where != "path":
                needed = len(given) == self.pages and all(item.get("required") for _, item in given)
                united.put("required", needed, united.place_of("required"))
            result.add(united, given[0][1].place)
        return result

    def body(self, values: list[Definition], path: Path) -> YamlMapping:
        """Unite bodies media type by media type."""
        result = YamlMapping(values[0][1].place)
        for key, given, place in _each(values):
            inner = (*path, key)
            if key in ("content", "headers"):
                value: Any = _by_name(given, inner, place, self.holder)
            elif key == "required":
                value = len(given) == self.pages and all(item for _, item in given)
            else:
                value = self.word(key, given, inner, place)
            result.put(key, value, place)
        return result

    def holder(self, values: list[Definition], path: Path) -> YamlMapping:
        """Unite what carries a schema and examples."""
        result = YamlMapping(values[0][1].place)
        for key, given, place in _each(values):
            if key == "schema":
                result.put(key, self.schema(given, (*path, key)), place)
            elif key not in ("example", "examples"):
                result.put(key, self.word(key, given, (*path, key), place), place)
        self.examples(values, result)
        return result

    def examples(self, values: list[Definition], result: YamlMapping) -> None:
        """Keep every example, each under the name of its page."""
        kept = YamlMapping(result.place)
        for name, item in values:
            if "example" in item:
                place = item.place_of("example")
                value = ("value", copy.deepcopy(item["example"]), place)
                kept.put(name, YamlMapping(place, [value]), place)
            for label, given in (item.get("examples") or {}).items():
                kept.put(f"{name} {label}", copy.deepcopy(given), item.place_of("examples"))
        if len(kept) == 1 and len(values) == 1:
            key = "example" if "example" in values[0][1] else "examples"
            result.put(key, copy.deepcopy(values[0][1][key]), result.place)
        elif kept:
            result.put("examples", kept, kept.place)

    def schema(self, values: list[Definition], path: Path) -> Any:
        """Unite schemas."""
        first = values[0][1]
        if all(same(_bare(first), _bare(item)) for _, item in values):
            return self.described(copy.deepcopy(first), values, path)
        kinds: dict[str, list[Definition]] = {}
        for name, item in values:
            kinds.setdefault(_kind(item), []).append((name, item))
        if len(kinds) > 1 and self.contradicts(first.place, path, values):
            return copy.deepcopy(first)
        united = YamlMapping(first.place)
        if "any" in kinds:
            self.drop(first.place, path, "one page allows any value, so the union does")
        elif len(kinds) == 1 and not _kind(first).startswith("#"):
            self.alike(values, path, united)
        else:
            options = ((self.schema(given, path), given[0][1].place) for given in kinds.values())
            united.put("anyOf", YamlSequence(first.place, options), first.place)
        return self.described(united, values, path)

    def alike(self, values: list[Definition], path: Path, into: YamlMapping) -> None:
        """Unite what schemas of one type allow."""
        for key, given, place in _each(values):
            everywhere, inner = len(given) == len(values), (*path, key)
            if key == "properties":
                into.put(key, _by_name(given, inner, place, self.schema), place)
            elif key == "required":
                common = [n for n in given[0][1] if all(n in names for _, names in given)]
                if everywhere and common:
                    into.put(key, _listed(common, place), place)
            elif key == "nullable":
                into.put(key, any(flag for _, flag in given), place)
            elif key == "items" and everywhere:
                into.put(key, self.schema(given, inner), place)
            elif everywhere and all(same(given[0][1], value) for _, value in given):
                into.put(key, copy.deepcopy(given[0][1]), place)
            elif key not in _WORDS:
                # A page without the limit allows any value, and so does the union.
                given = given if everywhere else [*given, ("the others", None)]
                self.limit(given, inner, place, into)

    def limit(self, given: list[Definition], path: Path, place: Place, into: YamlMapping) -> None:
        """Unite what limits a value: words are united, any other limit holds for no page's sake."""
        if self.contradicts(place, path, given):
            return
        if path[-1] == "enum" and all(isinstance(words, list) for _, words in given):
            into.put("enum", _listed((w for _, words in given for w in words), place), place)
        else:
            self.drop(place, path, f"not said by all pages alike: {_told(given)}; dropped")

    def word(self, key: str, values: list[Definition], path: Path, place: Place) -> Any:
        """Unite what is no schema: descriptions are kept for each page, else the first holds."""
        first = values[0][1]
        if all(same(first, value) for _, value in values):
            return copy.deepcopy(first)
        if key == "description":
            return "\n".join(f"{name}: {value}" for name, value in values if value)
        if key == "security":
            told = f"the pages differ: {_told(values)}"
            self.conflict(place, path, told, "correct the page that is wrong")
        else:
            self.drop(place, path, f"the pages differ, the first holds: {_told(values)}")
        return copy.deepcopy(first)

    def described(self, schema: YamlMapping, values: list[Definition], path: Path) -> YamlMapping:
        """Give a united schema the words of all its pages; what a reference names, has its own."""
        if "$ref" not in schema:
            for key, given, place in sorted(_each(values), key=lambda part: part[0]):
                if key in _WORDS:
                    schema.put(key, self.word(key, given, (*path, key), place), place)
        return schema


def _each(values: list[Definition]) -> Iterator[tuple[str, list[Definition], Place]]:
    """Go through the keys of all definitions in the order they are met, vendor extensions aside.

    Yields:
        The key, what each page says there, and where it is written first.
    """
    for key in dict.fromkeys(key for _, value in values for key in value):
        if not key.startswith("x-"):
            having = [(name, value) for name, value in values if key in value]
            given = [(name, value[key]) for name, value in having]
            yield key, given, having[0][1].place_of(key)


def _by_name(
    values: list[Definition],
    path: Path,
    place: Place,
    unite: Callable[[list[Definition], Path], YamlMapping],
) -> YamlMapping:
    """Unite mappings by their keys, what stands under each key in the way that is given."""
    parts = (
        (label, unite(given, (*path, label)), given[0][1].place)
        for label, given, _ in _each(values)
    )
    return YamlMapping(place, parts)


def _listed(items: Iterable[Any], place: Place) -> YamlSequence:
    """Make a list without repetitions."""
    result = YamlSequence(place)
    for item in items:
        if not any(same(item, known) for known in result):
            result.add(item, place)
    return result


def _bare(schema: Any) -> Any:
    """Return a schema without its words and notes, in its parts as well."""
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _bare(inner) for name, inner in value.items()}
        if key == "properties"
        else _bare(value)
        for key, value in schema.items()
        if key not in _WORDS and not key.startswith("x-")
    }


def _kind(schema: Any) -> str:
    """Name what can be united: schemas of one type; compound ones only with their equals."""
    if not _COMPOUND.isdisjoint(schema):
        return f"#{_bare(schema)}"
    if "type" in schema:
        return str(schema["type"])
    return "object" if schema.get("properties") else "any"


def _told(values: list[Definition]) -> str:
    """Show what each page says."""
    return ", ".join(f"{name} {shorten(_bare(value), 60)}" for name, value in values)
