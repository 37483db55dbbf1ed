"""Between merge and lift: does every documented example fit its schema?

Asked before the overlay and after each of its actions, so that the report can say which action
settled a contradiction; one that is left fails the build, unless `x-contradictions` of the overlay
lists it with a reason.
"""

from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry

from pipeline.overlay import check_reason, entries_of
from pipeline.report import Change, Place, Problem, cut, one_line, refuse
from pipeline.tree import YamlMapping, place_at, plain
from pipeline.walk import Path, from_pointer, schema_holders, schemas, shown

STEP = "audit"
KEY = "x-contradictions"
_FIELDS = {"example", "description"}
_NEXT = (
    "settle it by an action in openapi/overlay.yaml, or list it there under x-contradictions "
    "with a reason"
)
# What contradicts, by the path of the example as text, for positions in it are text in a pointer.
Found = dict[str, tuple[Place, str]]


class Audit:
    """Watches the contradictions of a document while it is corrected.

    Args:
        document: The document before any correction.
        overlay: The overlay, which may list contradictions that are left.
    """

    def __init__(self, document: YamlMapping, overlay: YamlMapping) -> None:
        self.listed = {
            shown(from_pointer(str(entry["example"]))): (place, check_reason("entry", entry, place))
            for entry, place in entries_of(overlay, KEY, _FIELDS)
        }
        self.open = contradictions(document)
        self.changes: list[Change] = []

    def after_action(self, document: YamlMapping, action: Place) -> None:
        """Note what an action of the overlay has settled.

        Args:
            document: The document after the action.
            action: Where the action is written.
        """
        if not self.open:
            return
        left = contradictions(document)
        for path, (place, reason) in list(self.open.items()):
            if path not in left:
                self.changes.append(Change(place, STEP, reason, also=f"(settled by {action})"))
                del self.open[path]

    def finish(self, document: YamlMapping) -> list[Change]:
        """Judge the corrected document.

        Args:
            document: The document after all actions.

        Returns:
            One change for each contradiction that was settled, or is listed as left.

        Raises:
            PipelineError: An example contradicts its schema and is not listed, or is listed and
                contradicts nothing.
        """
        left = contradictions(document)
        problems = [
            Problem(place, f"{reason} (at {path})", _NEXT)
            for path, (place, reason) in left.items()
            if path not in self.listed
        ]
        for path, (place, why) in self.listed.items():
            if path in left:
                at, reason = left[path]
                told = f"{reason}; left as it is: {why}"
                self.changes.append(Change(at, STEP, told, also=f"({place})"))
            else:
                told = f"no example at {path} contradicts its schema"
                problems.append(Problem(place, told, "delete the entry"))
        refuse(problems)
        return self.changes


def contradictions(document: YamlMapping) -> Found:
    """Find the examples that do not fit their schema.

    Args:
        document: The document.

    Returns:
        Place and reason of each, by the path of the example.
    """
    components = plain(document.get("components") or {})
    found: Found = {}
    for path, schema, example in examples(document):
        validator = OAS30ReadValidator if "responses" in path else OAS30WriteValidator
        whole = {**plain(schema), "components": components}
        try:
            # A registry of its own: the default one fetches what references name.
            errors = list(validator(whole, registry=Registry()).iter_errors(plain(example)))
        except Exception as failure:  # noqa: BLE001 - four libraries raise their own for odd schemas
            told = f"the example cannot be held against its schema: {one_line(repr(failure))}"
            found[shown(path)] = (place_at(document, path), told)
            continue
        for error in errors[:1]:
            place = place_at(document, (*path, *error.absolute_path))
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            reason = f"the example contradicts its schema: {cut(error.message, 160)}{more}"
            found[shown(path)] = (place, reason)
    return found


def examples(document: YamlMapping) -> Iterator[tuple[Path, Any, Any]]:
    """List all examples of a document.

    Args:
        document: The document.

    Yields:
        The path of each example, its schema, and the example itself.
    """
    for path, holder in schema_holders(document):
        schema = holder.get("schema")
        if not isinstance(schema, dict):
            continue
        if "example" in holder:
            yield (*path, "example"), schema, holder["example"]
        named = holder.get("examples")
        for name, example in named.items() if isinstance(named, dict) else ():
            if isinstance(example, dict) and "value" in example:
                yield (*path, "examples", name, "value"), schema, example["value"]
    for path, schema in schemas(document):
        if "example" in schema:
            yield (*path, "example"), schema, schema["example"]
