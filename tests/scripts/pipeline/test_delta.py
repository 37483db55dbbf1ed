"""What differs between two documents, and whom it breaks; every key of OpenAPI 3.0 counts."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_spec_validator.schemas import schema_v30
from pipeline.delta import NOT_COMPARED, compare_documents
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.tree import plain
from pipeline.walk import METHODS, leads_to


def table(name: str) -> Any:
    """Read a table of this test."""
    text = (Path(__file__).parent / "delta" / f"{name}.yaml").read_text()
    return plain(parse(Excerpt(name, text))[0])


FULL, PLACES, VERDICTS = table("full"), table("places"), table("verdicts")
TEXT = {"type": "string"}


def document(request: Any, answer: Any = None, **operation: Any) -> Any:
    """Make a document with one operation."""
    definition = {
        "operationId": "one",
        "requestBody": {"content": {"application/json": {"schema": request}}},
        "responses": {"200": {"content": {"application/json": {"schema": answer or {}}}}},
    }
    return {"paths": {"/a": {"post": {**definition, **operation}}}}


def told(old: Any, new: Any) -> list[str]:
    """Compare two documents; return place, change and verdict of each difference."""
    return [f"{d.where}: {d.what}: {d.verdict}" for d in compare_documents(old, new)]


def test_a_change_is_judged_by_the_side_it_is_on() -> None:
    """What asks for more or allows less breaks callers; what promises less or holds more, readers."""
    for row in VERDICTS["schemas"]:
        old, new, what = row["old"], row["new"], row["told"]
        assert told(document(old), document(new)) == [f"request: {what}: {row['request']}"]
        answers = told(document({}, old), document({}, new))
        assert answers == [f"answer 200: {what}: {row['answer']}"]
        assert told(document(old, old), document(old, old)) == []


def test_changes_beside_the_schemas_are_judged_too() -> None:
    """Parameters, names, security, bodies and answers that come or go have their verdict."""
    for row in VERDICTS["operations"]:
        old, new = (document({}, **row[side]) for side in ("old", "new"))
        assert told(old, new) == [row["told"]]


def test_servers_security_and_headers_are_judged() -> None:
    """Another address or key breaks callers, a header that is promised no more readers; words break nobody."""
    for row in VERDICTS["documents"]:
        old, new = (
            document({}, **row[side].pop("operation", {})) | row[side] for side in ("old", "new")
        )
        assert told(old, new) == row["told"]


def test_alternatives_are_compared_through_their_references() -> None:
    """What an alternative refers to is compared, and its name is not."""
    components = {"schemas": {"A": TEXT, "B": {"type": "integer"}, "C": TEXT}}
    for key in ("allOf", "anyOf", "oneOf"):
        one, other, same = (
            document({key: [{"$ref": f"#/components/schemas/{name}"}]}) | {"components": components}
            for name in "ABC"
        )
        expected = f"request {key} 1: type string became integer: breaking for the caller"
        assert (told(one, other), told(one, same)) == ([expected], [])


def test_operations_come_and_go() -> None:
    """An operation that is gone breaks its callers; a new one breaks nobody."""
    assert told(document({}), {"paths": {}}) == ["operation: removed: breaking for the caller"]
    assert told({"paths": {}}, document({})) == ["operation: added: compatible"]


def test_references_are_followed_and_may_lead_into_themselves() -> None:
    """A component under another name is no change, its content is, and a circle ends."""
    properties = {"next": {"$ref": "#/components/schemas/A"}, "n": TEXT}
    old = document({"$ref": "#/components/schemas/A"})
    old["components"] = {"schemas": {"A": {"type": "object", "properties": properties}}}
    renamed = json.loads(
        json.dumps(old).replace('schemas/A"', 'schemas/B"').replace('"A":', '"B":')
    )
    assert told(old, renamed) == []
    renamed["components"]["schemas"]["B"]["properties"]["n"] = {"type": "integer"}
    assert told(old, renamed) == ["request: n: type string became integer: breaking for the caller"]


# Keys that the specification gives as a pattern, or as any name, with the ones that the full document has.
PATTERNS = {
    r"^\$ref$": ["$ref"],
    r"^\/": ["/a", "/b", "/c"],
    r"^(get|put|post|delete|options|head|patch|trace)$": sorted(METHODS),
    r"^[1-5](?:\d{2}|XX)$": ["200"],
    "^x-": [],
}
ANY_NAME = {"SecurityRequirement": ["key"], "Callback": ["{$request.body#/url}"]}
# Where the same key stands elsewhere.
ELSEWHERE = {("PathItem", "$ref"): "/paths/~1c"}


def keys() -> Iterator[tuple[str, str]]:
    """List the objects of the specification with each of their keys, the vendor's extensions aside."""
    for name, definition in {"OpenAPI": schema_v30, **schema_v30["definitions"]}.items():
        patterns = definition.get("patternProperties", {})
        listed = [key for pattern in patterns for key in PATTERNS[pattern]]
        for key in [*definition.get("properties", {}), *ANY_NAME.get(name, []), *listed]:
            yield name, key


def holder(document: Any, place: str) -> Any:
    """Give the object of a document at a place."""
    return leads_to(document, f"#{place}") if place else document


def other(value: Any) -> Any:
    """Give another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value + "x" if isinstance(value, str) else type(value)()


def test_every_key_of_the_specification_is_compared() -> None:
    """Whatever a page drops, adds or changes, the review tells it, with one of four verdicts."""
    verdicts = {"breaking for the caller", "breaking for the reader", "compatible", "note"}
    assert {name for name, _ in keys()} == set(PLACES)
    for name, key in keys():
        place = str(ELSEWHERE.get((name, key), PLACES[name]))
        value = holder(FULL, place)[key]
        for changed in ({}, {key: other(value)}):
            document = copy.deepcopy(FULL)
            del holder(document, place)[key]
            holder(document, place).update(changed)
            if changed == {key: value}:
                continue  # An empty collection has no other value.
            for old, new in ((FULL, document), (document, FULL)):
                found = compare_documents(old, new)
                assert found, (name, key, changed)
                assert {difference.verdict for difference in found} <= verdicts


def test_what_is_listed_as_not_compared_makes_no_difference() -> None:
    """Extensions in any object, and components that no operation leads to; nothing differs from itself."""
    assert list(NOT_COMPARED) == ["*.x-", "Components, unused"]
    assert compare_documents(FULL, copy.deepcopy(FULL)) == []
    extended = [
        PLACES[name]
        for name, definition in {"OpenAPI": schema_v30, **schema_v30["definitions"]}.items()
        if "^x-" in definition.get("patternProperties", {})
    ]
    unused = [f"/components/{kind}" for kind in FULL["components"] if kind != "securitySchemes"]
    for place, key in [(place, "x-own") for place in extended] + [(p, "Unused") for p in unused]:
        document = copy.deepcopy(FULL)
        holder(document, place)[key] = {"description": "d"}
        assert compare_documents(FULL, document) == [], (place, key)
