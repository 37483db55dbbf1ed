"""One schema out of several, one from each page that defines the operation it belongs to."""

import copy
from collections.abc import Iterable
from typing import Any

from pipeline.report import Change, Place, Problem, shorten
from pipeline.tree import YamlMapping, YamlSequence, same
from pipeline.walk import Path, shown

STEP = "merge"
# What describes a schema, as opposed to what it allows.
_WORDS = {"description", "example", "title", "deprecated"}
_COMPOUND = {"$ref", "allOf", "anyOf", "oneOf", "not"}
_ANSWERS = "correct the page that is wrong, or add `responses: union` to openapi/merge.yaml"

# A page's name with its definition of something.
Definition = tuple[str, Any]


class SchemaUnion:
    """Unites schemas, and notes what it had to drop and what contradicts itself.

    Args:
        what: The operation, for the report.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.changes: list[Change] = []
        self.problems: list[Problem] = []

    def drop(self, place: Place, path: Path, told: str) -> None:
        """Note what could not be kept as it was."""
        self.changes.append(Change(place, STEP, f"{self.what}, {shown(path)}: {told}"))

    def conflict(self, place: Place, path: Path, told: str, fix: str) -> None:
        """Note what cannot be united."""
        self.problems.append(Problem(place, f"{self.what}, {shown(path)}: {told}", fix))

    def schema(self, values: list[Definition], path: Path, *, strict: bool) -> Any:
        """Unite schemas; with `strict`, only ones that do not contradict each other."""
        first = values[0][1]
        if all(same(_bare(first), _bare(item)) for _, item in values):
            return self.described(copy.deepcopy(first), values, path)
        kinds: dict[str, list[Definition]] = {}
        for name, item in values:
            kinds.setdefault(_kind(item), []).append((name, item))
        if len(kinds) > 1 and strict:
            told = f"the pages contradict each other about an answer: {_told(values)}"
            self.conflict(first.place, path, told, _ANSWERS)
            return copy.deepcopy(first)
        if "any" in kinds:
            plain = YamlMapping(first.place)
            self.drop(first.place, path, "one page allows any value, so the union does")
            return self.described(plain, values, path)
        if len(kinds) == 1 and not _kind(first).startswith("#"):
            return self.alike(values, path, strict=strict)
        choice, options = YamlMapping(first.place), YamlSequence(first.place)
        for given in kinds.values():
            options.add(self.schema(given, path, strict=strict), given[0][1].place)
        choice.put("anyOf", options, first.place)
        return self.described(choice, values, path)

    def alike(self, values: list[Definition], path: Path, *, strict: bool) -> YamlMapping:
        """Unite schemas of one type."""
        result = YamlMapping(values[0][1].place)
        for key in keys(values):
            given = [(name, item[key]) for name, item in values if key in item]
            place = next(item for _, item in values if key in item).place_of(key)
            everywhere = len(given) == len(values)
            if key == "properties":
                result.put(key, self.properties(given, (*path, key), place, strict=strict), place)
            elif key == "required":
                common = [n for n in given[0][1] if all(n in names for _, names in given)]
                if everywhere and common:
                    result.put(key, listed(common, place), place)
            elif key == "nullable":
                result.put(key, any(flag for _, flag in given), place)
            elif key == "items" and everywhere:
                result.put(key, self.schema(given, (*path, key), strict=strict), place)
            elif everywhere and all(same(given[0][1], value) for _, value in given):
                result.put(key, copy.deepcopy(given[0][1]), place)
            elif key not in _WORDS:
                # A page without the limit allows any value, and so does the union.
                given = given if everywhere else [*given, ("the others", None)]
                self.limit(key, given, (*path, key), place, strict=strict, into=result)
        return self.described(result, values, path)

    def properties(
        self, given: list[Definition], path: Path, place: Place, *, strict: bool
    ) -> YamlMapping:
        """Unite the properties of several schemas."""
        result = YamlMapping(place)
        for label in keys(given):
            inner = [(name, item[label]) for name, item in given if label in item]
            result.put(label, self.schema(inner, (*path, label), strict=strict), inner[0][1].place)
        return result

    def limit(
        self,
        key: str,
        given: list[Definition],
        path: Path,
        place: Place,
        *,
        strict: bool,
        into: YamlMapping,
    ) -> None:
        """Unite what limits a value: words are united, any other limit holds for no page's sake."""
        if strict:
            told = f"the pages contradict each other about an answer: {_told(given)}"
            self.conflict(place, path, told, _ANSWERS)
        elif key == "enum" and all(isinstance(words, list) for _, words in given):
            into.put(key, listed((word for _, words in given for word in words), place), place)
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
        if "$ref" in schema:
            return schema
        for key in sorted(_WORDS):
            given = [(name, item[key]) for name, item in values if key in item]
            if given:
                place = next(item for _, item in values if key in item).place_of(key)
                schema.put(key, self.word(key, given, (*path, key), place), place)
        return schema


def keys(values: list[Definition]) -> list[str]:
    """List the keys of all definitions, vendor extensions aside, in the order they are met."""
    return [k for k in dict.fromkeys(k for _, v in values for k in v) if not k.startswith("x-")]


def listed(items: Iterable[Any], place: Place) -> YamlSequence:
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
