"""One operation out of several definitions of it, where `openapi/merge.yaml` asks for the union.

What any of the pages allows in a request, the union allows: properties are united, only what all
pages require is required, differing types become `anyOf`. An answer is another matter: two pages
that contradict each other about it may both be wrong, so that is refused unless the entry says
`responses: union` as well.
"""

import copy
from pathlib import PurePath
from typing import Any

from pipeline.report import Change, PipelineError, Place
from pipeline.schema_union import STEP, Definition, SchemaUnion, keys, listed
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import Operation, Path


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
    union = _Union(str(operation), answers=answers)
    named = [(PurePath(item.place.file).stem, item) for item in definitions]
    result = union.operation(named)
    if union.problems:
        raise PipelineError(*union.problems)
    pages = ", ".join(name for name, _ in named)
    told = f"operation {operation} is the union of {len(named)} pages: {pages}"
    return result, [Change(definitions[0].place, STEP, told), *union.changes]


class _Union(SchemaUnion):
    """Unites definitions, and notes what it had to drop."""

    def __init__(self, what: str, *, answers: bool) -> None:
        super().__init__(what)
        self.answers = answers

    def operation(self, named: list[Definition]) -> YamlMapping:
        first = named[0][1]
        result = YamlMapping(first.place)
        for key in keys(named):
            given = [(name, item) for name, item in named if key in item]
            place = given[0][1].place_of(key)
            values = [(name, item[key]) for name, item in given]
            if key == "parameters":
                value: Any = self.parameters(values, len(named), place)
            elif key == "requestBody":
                value = self.body(values, (key,), len(named), strict=False)
            elif key == "responses":
                value = self.answers_of(values, place)
            elif key == "tags":
                value = listed((tag for _, tags in values for tag in tags), place)
            else:
                value = self.word(key, values, (key,), place)
            if value is not None:
                result.put(key, value, place)
        return result

    def parameters(self, values: list[Definition], pages: int, place: Place) -> YamlSequence:
        """Unite parameters by place and name; one that a page lacks is not required."""
        found: dict[tuple[Any, Any], list[Definition]] = {}
        for name, parameters in values:
            for item in parameters:
                found.setdefault((item.get("in"), item.get("name")), []).append((name, item))
        result = YamlSequence(place)
        for (_, label), given in found.items():
            path: Path = ("parameters", str(label))
            united = self.holder(given, path, strict=False)
            if "required" in united and given[0][1].get("in") != "path":
                needed = len(given) == pages and all(item.get("required") for _, item in given)
                united.put("required", needed, united.place_of("required"))
            result.add(united, given[0][1].place)
        return result

    def answers_of(self, values: list[Definition], place: Place) -> YamlMapping:
        """Unite answers status by status."""
        result = YamlMapping(place)
        for status in keys(values):
            given = [(name, item[status]) for name, item in values if status in item]
            body = self.body(given, ("responses", status), len(given), strict=not self.answers)
            result.put(status, body, given[0][1].place)
        return result

    def body(
        self, values: list[Definition], path: Path, pages: int, *, strict: bool
    ) -> YamlMapping:
        """Unite bodies media type by media type."""
        result = YamlMapping(values[0][1].place)
        for key in keys(values):
            given = [(name, item[key]) for name, item in values if key in item]
            place = next(item for _, item in values if key in item).place_of(key)
            value: Any
            if key in ("content", "headers"):
                value = YamlMapping(place)
                for label in keys(given):
                    inner = [(name, item[label]) for name, item in given if label in item]
                    united = self.holder(inner, (*path, key, label), strict=strict)
                    value.put(label, united, inner[0][1].place)
            elif key == "required":
                value = len(given) == pages and all(item for _, item in given)
            else:
                value = self.word(key, given, (*path, key), place)
            result.put(key, value, place)
        return result

    def holder(self, values: list[Definition], path: Path, *, strict: bool) -> YamlMapping:
        """Unite what carries a schema and examples."""
        result = YamlMapping(values[0][1].place)
        for key in keys(values):
            given = [(name, item[key]) for name, item in values if key in item]
            place = next(item for _, item in values if key in item).place_of(key)
            if key == "schema":
                result.put(key, self.schema(given, (*path, key), strict=strict), place)
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
                entry = YamlMapping(place)
                entry.put("value", copy.deepcopy(item["example"]), place)
                kept.put(name, entry, place)
            for label, given in (item.get("examples") or {}).items():
                kept.put(f"{name} {label}", copy.deepcopy(given), item.place_of("examples"))
        if len(kept) == 1 and len(values) == 1:
            key = "example" if "example" in values[0][1] else "examples"
            result.put(key, copy.deepcopy(values[0][1][key]), result.place)
        elif kept:
            result.put("examples", kept, kept.place)
