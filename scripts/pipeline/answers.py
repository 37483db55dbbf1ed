"""Before lift: open what would make the generated code refuse an answer.

The service is a relay, and new words appear. The generated code raises ValueError at a word that an enum does not
list, and at a date, time or UUID in another spelling; and it writes a time that it has read in its own spelling. So
the words of an enum go into the description and into `x-extensible-enum`, which many tools know as a list that may
grow, and such a format goes into the description. Requests keep their enums: what is sent is the caller's choice.
A schema that both sides share is opened for both.
"""

import copy
from collections.abc import Iterator
from typing import Any

from pipeline.enums import listed
from pipeline.report import Change
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import Path, bodies, parameter_lists, reach, shown

STEP = "answers"
WORDS = "x-extensible-enum"
_PARSED = ("date", "date-time", "uuid")
_HOLDERS = ("content", "headers")


def open_answers(document: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Open the enums, and the formats that the generated code parses, of all answers.

    Args:
        document: The corrected document.

    Returns:
        A copy in which no schema that an answer is read by has one of them; and one change for each that was opened.
    """
    result = copy.deepcopy(document)
    asked = {id(schema) for _, schema in reach(result, _of_requests(result))}
    changes = []
    for path, schema in reach(result, _of_answers(result)):
        shared = (
            "; requests share the schema, and are open there, too" if id(schema) in asked else ""
        )
        if isinstance(schema.get("enum"), YamlSequence):
            changes.append(_open_enum(path, schema, shared))
        if schema.get("format") in _PARSED:
            changes.append(_open_format(path, schema, shared))
    return result, changes


def _of_answers(document: YamlMapping) -> Iterator[tuple[Path, Any]]:
    """List the schemas of all answers, headers included."""
    for path, body in bodies(document):
        if path[-2] == "responses":
            yield from _held(path, body)
    for name, header in ((document.get("components") or {}).get("headers") or {}).items():
        yield ("components", "headers", name, "schema"), header.get("schema")


def _of_requests(document: YamlMapping) -> Iterator[tuple[Path, Any]]:
    """List the schemas of all request bodies and parameters."""
    for path, body in bodies(document):
        if path[-2] != "responses":
            yield from _held(path, body)
    for path, parameters in parameter_lists(document):
        for at, parameter in enumerate(parameters):
            yield (*path, at, "schema"), parameter.get("schema")
    for name, parameter in ((document.get("components") or {}).get("parameters") or {}).items():
        yield ("components", "parameters", name, "schema"), parameter.get("schema")


def _held(path: Path, body: Any) -> Iterator[tuple[Path, Any]]:
    """List the schemas that a body holds."""
    for kind in _HOLDERS:
        for name, holder in (body.get(kind) or {}).items():
            yield (*path, kind, name, "schema"), holder.get("schema")


def _open_enum(path: Path, schema: YamlMapping, shared: str) -> Change:
    """Move the words of an enum into the description, and null among them into `nullable`."""
    words, before = schema["enum"], listed(schema["enum"])
    place = schema.drop("enum")
    known = YamlSequence(place)
    for word in words:
        if word is not None:
            known.add(word, place)
    if len(known) < len(words):
        schema.put("nullable", True, place)
    if known:
        schema.put(WORDS, known, place)
        told = ", ".join(map(str, known))
        _describe(schema, f"Known words, to which others may be added: {told}.")
    told = (
        f"an answer must not be refused for a new word; the enum is opened{shared} [{shown(path)}]"
    )
    return Change(place, STEP, told, before)


def _open_format(path: Path, schema: YamlMapping, shared: str) -> Change:
    """Move a format into the description."""
    kind, place = schema["format"], schema.drop("format")
    _describe(schema, f"As a rule a text of the format {kind}.")
    told = f"an answer must not be refused, nor changed, for its spelling; the format is opened{shared} [{shown(path)}]"
    return Change(place, STEP, told, f"format: {kind}")


def _describe(schema: YamlMapping, told: str) -> None:
    """Add a sentence to a description."""
    said = str(schema.get("description") or "").strip()
    if said and said[-1] not in ".!?:":
        said += "."
    place = schema.place_of("description")
    schema.put("description", f"{said} {told}".strip(), place)
